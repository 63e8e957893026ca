"""What a comparison of two sides says: Structs, from the query to the page."""

import msgspec

from .compared_columns import NotCompared
from .statistics import ClassScore, Kappa

TELLS = 0.10
"""An interval that is wider does not tell: plus or minus 5 points."""


class SideSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One side: what it is, and its figures on the records that both sides have."""

    name: str
    kind: str
    """run, analysis, golden or labels."""
    analysis: str
    records: int
    """All of its records."""
    only_here: int
    """Records that the other side does not have."""
    models: list[str]
    simulated: bool
    """Whether the stand-in gave some of the answers."""
    grades: dict[str, int]
    """exact, normalised or partial, to rows."""
    cost: float | None
    """US dollars per record; None where it is unknown, as for labels."""
    prompt_tokens: float | None
    """Per record."""
    answer_tokens: float | None
    """Per record, thoughts included."""
    grounding: float | None
    """The mean, over the rows that have one."""
    notes: list[str]

    @property
    def is_labels(self) -> bool:
        return self.kind in ("golden", "labels")


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """Records with this pair of values."""

    a: str | None
    b: str | None
    relation: str
    """equal, near, accepted (a label takes any value but one), differs, rejected (a label says that the
    answer is wrong) or unjudged."""
    records: int
    example: str | None
    """A record id."""


class Amounts(msgspec.Struct, frozen=True, kw_only=True):
    """Means over the pairs of a column of numbers, texts or lists."""

    a: float | None
    """The number; characters of a text; entries of a list."""
    b: float | None
    overlap: float | None
    """Of texts and lists: words or entries that both have, as a share of those that either has."""
    distance: float | None
    """Of numbers: the mean of |b - a|."""
    measured: int = 0
    """Pairs of which overlap or distance is the mean: of many texts, a part by chance."""
    precision: float | None = None
    """Of lists, where a side is labels: entries of the answer that are among the labels."""
    recall: float | None = None


class ColumnComparison(msgspec.Struct, frozen=True, kw_only=True):
    """One column on the records that both sides have."""

    column: str
    kind: str
    """closed, number, text or list."""
    judged: int
    """Pairs that agree or differ."""
    agreed: int
    near: int
    """Numbers that are not equal but near; they agree."""
    rejected: int
    """Answers of which a label says that they are wrong, without the right one; they differ."""
    unjudged: int
    """Pairs of two different texts, and labels that rule out another value than the answer."""
    agreement: float | None
    """agreed / judged; None for none, and for texts that no label judges."""
    low: float | None
    """Of its interval at 95 %."""
    high: float | None
    too_few: bool
    """The interval is wider than 10 points."""
    needed: int | None
    """Records that would make it as narrow, where they are too few."""
    kappa: Kappa | None
    none_a: int
    """Pairs without a value on side a."""
    none_b: int
    nulled_a: int
    """Values that were left null, because they did not fit the schema."""
    nulled_b: int
    normalised_a: int
    normalised_b: int
    cells: list[Cell]
    """Of closed sets all pairs of values; of others whether there is a value."""
    scores: list[ClassScore]
    """Of closed sets, where one side is labels."""
    macro_f1: float | None
    amounts: Amounts | None
    """None for closed sets."""


class DifferingValue(msgspec.Struct, frozen=True, kw_only=True):
    """Both values of one column of a record."""

    column: str
    a: str | None
    b: str | None
    rejected: bool
    """The label says that the answer is wrong, and not what is right."""


class DifferingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record on which the sides differ."""

    record_id: str
    values: list[DifferingValue]
    transcript: str | None = None
    """Only where it was asked for: personal data."""


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """A limit of `--fail-below`, and whether the comparison is below it."""

    column: str
    measure: str
    """agreement, kappa, overlap or f1."""
    threshold: float
    value: float | None
    """None where nothing can be measured, which is below every limit."""
    low: float | None
    """Of its interval, where it has one."""
    high: float | None
    passed: bool


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `compare`."""

    a: SideSummary
    b: SideSummary
    records: int
    """Records that both sides have."""
    identical: int
    """Of these, the records without a column that differs."""
    columns: list[ColumnComparison]
    """In the order of the table."""
    not_compared: list[NotCompared]
    differing: list[DifferingRecord]
    """Those with the most differing columns first; at most as many as asked for."""
    gates: list[Gate] = []
