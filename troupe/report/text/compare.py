"""A comparison as text: what agrees and what differs most, then the figures of each column."""

from collections.abc import Iterator, Sequence

from troupe.quality.comparison import (
    Cell,
    ColumnComparison,
    Comparison,
    DifferingRecord,
    Gate,
)
from troupe.report import formatting
from troupe.report.compare_words import (
    agrees,
    by_agreement,
    figures_of,
    interval,
    judged_columns,
    simulated_note,
    too_few_note,
    value_name,
    words_note,
)

from .columns import aligned, line, within

MOST_PAIRS = 5
"""Differing pairs of values of a column that are listed."""
MOST_NAMED = 4
"""Columns that a line of the head names."""
WIDTH = 80
_LONGEST = 60
"""Characters of a value in a table."""


def comparison_lines(comparison: Comparison) -> list[str]:
    """The whole comparison, at most 80 columns wide but for names and transcripts."""
    blocks = [
        list(within(_head(comparison), WIDTH)),
        _sides(comparison),
        _closed(comparison),
        _numbers(comparison),
        _lists(comparison),
        _texts(comparison),
        _marks(comparison),
        *_pairs(comparison),
        *_scores(comparison),
        *(_record(each, comparison) for each in comparison.differing),
        _left_out(comparison),
    ]
    return [each for block in blocks if block for each in ("", *block)][1:]


def _head(comparison: Comparison) -> Iterator[str]:
    a, b, records = comparison.a, comparison.b, comparison.records
    yield line(f"{a.name} and {b.name}: {formatting.plural(records, 'record')} on both sides")
    note = simulated_note(comparison)
    if note:
        yield note
    yield from (line(f"note: {note}") for side in (a, b) for note in side.notes)
    yield from (_gate(gate) for gate in comparison.gates)
    judged = judged_columns(comparison)
    agreeing = [each for each in judged if agrees(each)]
    differing = [each for each in by_agreement(judged) if not agrees(each)]
    if agreeing:
        yield line(
            "agree       ", _named(sorted(agreeing, key=lambda each: -(each.agreement or 0.0)))
        )
    if differing:
        yield line("differ most ", _named(differing))
    if comparison.identical:
        share = formatting.share_of(comparison.identical, records)
        yield line(
            f"no column differs in {formatting.plural(comparison.identical, 'record')} ({share})"
        )
    yield from (line(each) for each in too_few_note(comparison))


def _named(columns: Sequence[ColumnComparison]) -> str:
    shown = [f"{each.column} {formatting.percent(each.agreement)}" for each in columns[:MOST_NAMED]]
    rest = len(columns) - MOST_NAMED
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")


def _gate(gate: Gate) -> str:
    name = gate.column if gate.measure == "agreement" else f"{gate.measure}:{gate.column}"
    value = "nothing to measure" if gate.value is None else f"{gate.value:.3f}"
    between = (
        "" if gate.low is None or gate.high is None else f" ({gate.low:.3f} to {gate.high:.3f})"
    )
    word = "ok" if gate.passed else "BELOW ITS LIMIT"
    return line(f"{word}: {name} {value}{between}, limit {gate.threshold:g}")


def _sides(comparison: Comparison) -> list[str]:
    a, b = comparison.a, comparison.b
    rows = [["", _short(a.name), _short(b.name)], *figures_of(a, b)]
    return aligned(rows)


def _short(name: str) -> str:
    return name if len(name) <= 28 else f"{name[:27]}…"


def _closed(comparison: Comparison) -> list[str]:
    rows = [
        [
            each.column,
            formatting.count(each.judged),
            formatting.percent(each.agreement),
            interval(each.low, each.high),
            "" if each.kappa is None else f"{each.kappa.value:.2f}",
        ]
        for each in comparison.columns
        if each.kind == "closed"
    ]
    return aligned([["closed sets", "records", "agree", "95 %", "kappa"], *rows]) if rows else []


def _numbers(comparison: Comparison) -> list[str]:
    rows = []
    for each in _of_kind(comparison, "number"):
        found = each.amounts
        difference = None if found is None or None in (found.a, found.b) else found.b - found.a  # type: ignore[operator] # neither is None
        rows.append(
            [
                each.column,
                formatting.count(each.judged),
                formatting.percent(each.agreement),
                interval(each.low, each.high),
                formatting.count(each.near),
                _number(difference),
                _number(found.distance if found else None),
            ]
        )
    head = ["numbers", "records", "agree", "95 %", "near", "b - a", "|b - a|"]
    return aligned([head, *rows]) if rows else []


def _lists(comparison: Comparison) -> list[str]:
    rows = []
    for each in _of_kind(comparison, "list"):
        found = each.amounts
        if found is None:
            continue
        cells = [
            each.column,
            formatting.count(each.judged),
            formatting.percent(each.agreement),
            interval(each.low, each.high),
            f"{_number(found.a)} and {_number(found.b)}",
            formatting.percent(found.overlap),
        ]
        rows.append(cells)
    head = ["lists", "records", "equal", "95 %", "entries", "in common"]
    lines = aligned([head, *rows]) if rows else []
    for each in _of_kind(comparison, "list"):
        if each.amounts and each.amounts.precision is not None:
            lines.append(
                line(
                    f"  {each.column}: precision {formatting.percent(each.amounts.precision)}, "
                    f"recall {formatting.percent(each.amounts.recall)} of the entries"
                )
            )
    return lines


def _texts(comparison: Comparison) -> list[str]:
    rows = []
    for each in _of_kind(comparison, "text"):
        found = each.amounts
        if found is None:
            continue
        rows.append(
            [
                each.column,
                f"{formatting.count(found.a)} and {formatting.count(found.b)}",
                formatting.percent(found.overlap),
                f"{formatting.count(each.none_a)} and {formatting.count(each.none_b)}",
                formatting.percent(each.agreement) if each.agreement is not None else "",
            ]
        )
    head = ["texts", "characters", "words in common", "without", "agree"]
    if all(not row[-1] for row in rows):
        head, rows = head[:-1], [row[:-1] for row in rows]
    note = words_note(comparison)
    return [*aligned([head, *rows]), *([line(f"  {note}")] if note else [])] if rows else []


def _marks(comparison: Comparison) -> list[str]:
    rows = [
        [
            each.column,
            f"{formatting.count(each.none_a)} and {formatting.count(each.none_b)}",
            f"{formatting.count(each.nulled_a)} and {formatting.count(each.nulled_b)}",
            f"{formatting.count(each.normalised_a)} and {formatting.count(each.normalised_b)}",
        ]
        for each in comparison.columns
        if each.nulled_a or each.nulled_b or each.normalised_a or each.normalised_b
        or (each.kind != "text" and (each.none_a or each.none_b))
    ]  # fmt: skip
    head = ["a and b", "without a value", "did not fit", "normalised"]
    return aligned([head, *rows]) if rows else []


def _pairs(comparison: Comparison) -> Iterator[list[str]]:
    """The most frequent differing pairs of each closed column."""
    for each in comparison.columns:
        cells = [cell for cell in each.cells if cell.relation in ("differs", "rejected")]
        if each.kind == "closed" and cells:
            rows = [_cell(cell) for cell in cells[:MOST_PAIRS]]
            rest = sum(cell.records for cell in cells[MOST_PAIRS:])
            more = [line(f"  and {formatting.plural(rest, 'record')} more")] if rest else []
            yield [line(f"{each.column}: a → b, records, an example"), *aligned(rows, 2), *more]


def _cell(cell: Cell) -> list[str]:
    wrong = "not " if cell.relation == "rejected" else ""
    pair = f"{_value(cell.a)} → {wrong}{_value(cell.b)}"
    return [pair, formatting.count(cell.records), cell.example or ""]


def _scores(comparison: Comparison) -> Iterator[list[str]]:
    for each in comparison.columns:
        rows = [
            [
                value_name(score.value),
                formatting.count(score.labelled),
                formatting.percent(score.precision) if score.answered else "",
                formatting.percent(score.recall) if score.labelled else "",
                "" if score.f1 is None else f"{score.f1:.2f}",
            ]
            for score in each.scores
        ]
        if rows:
            macro = "" if each.macro_f1 is None else f", macro F1 {each.macro_f1:.2f}"
            head = [f"{each.column}{macro}", "labels", "precision", "recall", "F1"]
            yield aligned([head, *rows])


def _record(record: DifferingRecord, comparison: Comparison) -> list[str]:
    names = f"{comparison.a.name} | {comparison.b.name}"
    rows = [
        [
            each.column,
            f"{_value(each.a)} | {'not ' if each.rejected else ''}{_value(each.b)}",
        ]
        for each in record.values
    ]
    lines = [line(f"record {record.record_id}: {names}"), *aligned(rows, 2)]
    if record.transcript is not None:
        lines += [line(f"    {each}") for each in record.transcript.splitlines()]
    return lines


def _left_out(comparison: Comparison) -> list[str]:
    """One line for each reason, with the columns by name."""
    by_reason: dict[str, list[str]] = {}
    for each in comparison.not_compared:
        by_reason.setdefault(each.why, []).append(each.column)
    lines = (line(f"not compared, {why}: {', '.join(names)}") for why, names in by_reason.items())
    return list(within(lines, WIDTH))


def _of_kind(comparison: Comparison, kind: str) -> Iterator[ColumnComparison]:
    return (each for each in comparison.columns if each.kind == kind)


def _value(value: str | None) -> str:
    text = value_name(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _number(number: float | None) -> str:
    return formatting.NONE if number is None else f"{number:,.3g}"
