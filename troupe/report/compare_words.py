"""What the text and the page of a comparison have in common: verdicts, notes and figures."""

from collections.abc import Iterator, Sequence

from tracking.comparison import MOST_WITH_WORDS
from troupe.quality.comparison import ColumnComparison, Comparison, SideSummary
from troupe.quality.statistics import MARGIN

from . import formatting

AGREES = 0.95
"""From this agreement on a column counts as agreeing."""
NO_VALUE = "none"


def judged_columns(comparison: Comparison) -> list[ColumnComparison]:
    """The columns of which an agreement is known."""
    return [each for each in comparison.columns if each.agreement is not None]


def agrees(column: ColumnComparison) -> bool:
    return column.agreement is not None and column.agreement >= AGREES


def by_agreement(columns: Sequence[ColumnComparison]) -> list[ColumnComparison]:
    """The least agreement first."""
    return sorted(columns, key=lambda each: (each.agreement or 0.0, each.column))


def interval(low: float | None, high: float | None) -> str:
    """An interval of shares in percent."""
    if low is None or high is None:
        return formatting.NONE
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def simulated_note(comparison: Comparison) -> str:
    """Which answers no model gave; empty where a model gave all of them."""
    names = [side.name for side in (comparison.a, comparison.b) if side.simulated]
    if not names:
        return ""
    return f"simulated: the stand-in gave the answers of {' and '.join(names)}"


def too_few_note(comparison: Comparison) -> Iterator[str]:
    """Which columns have too few records to tell, and how many would do."""
    judged = judged_columns(comparison)
    few = [each for each in judged if each.too_few and each.needed]
    if few:
        needed = max(each.needed or 0 for each in few)
        names = "" if len(few) == len(judged) else f" {', '.join(each.column for each in few)}"
        yield (
            f"too few records to tell{names} within ±{100 * MARGIN:.0f} points; {needed:,} would do"
        )
    unjudged = [
        each.column for each in comparison.columns if not each.judged and each.kind != "text"
    ]
    if unjudged:
        yield f"nothing to judge: {', '.join(unjudged)}"


def words_note(comparison: Comparison) -> str:
    """Of how many records the words were compared, where these are not all."""
    measured = [
        each.amounts.measured for each in comparison.columns if each.kind == "text" and each.amounts
    ]
    if comparison.records <= MOST_WITH_WORDS or not measured:
        return ""
    return f"words were compared on {max(measured):,} of the records, by chance"


def value_name(value: str | None) -> str:
    return NO_VALUE if value is None else value


def figures_of(a: SideSummary, b: SideSummary) -> list[list[str]]:
    """What is known of both sides, a line each; figures that neither has are left out."""
    rows = [
        ["what", _what(a), _what(b)],
        ["records", formatting.count(a.records), formatting.count(b.records)],
        ["only on this side", formatting.count(a.only_here), formatting.count(b.only_here)],
        ["answered by", ", ".join(a.models), ", ".join(b.models)],
        ["cost of a record", _cost(a), _cost(b)],
        ["input tokens", _mean(a.prompt_tokens), _mean(b.prompt_tokens)],
        ["output tokens", _mean(a.answer_tokens), _mean(b.answer_tokens)],
        ["grounding", _share(a.grounding), _share(b.grounding)],
        ["grades", _grades(a), _grades(b)],
    ]
    return [row for row in rows if row[1] or row[2]]


def _what(side: SideSummary) -> str:
    return {
        "run": f"run of {side.analysis}",
        "analysis": "analysis version",
        "golden": "golden set",
        "labels": "file of labels",
    }[side.kind]


def _cost(side: SideSummary) -> str:
    return "" if side.cost is None else formatting.dollars(side.cost)


def _mean(number: float | None) -> str:
    return "" if number is None else formatting.count(number)


def _share(share: float | None) -> str:
    return "" if share is None else formatting.percent(share)


def _grades(side: SideSummary) -> str:
    return ", ".join(f"{grade} {count:,}" for grade, count in sorted(side.grades.items()))
