"""Totals and exits of a run in words: what text, page and live view have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from handlers.summary.run_summary import Endings, ErrorCount, RunSummary
from troupe.operations.histories import RecordError
from troupe.operations.reconciliation import Reconciliation

from . import formatting, labels

ENDINGS = ("analysed", "failed", "released", "open", "cleared")
RARE = ("cleared",)
"""Named only where there are some."""

FAULTS = {
    "lost": "records lost: in no batch, stored by half, or open in a completed run",
    "missing_members": "planned records that are in no batch",
    "half_stored": "records stored by half: a row without its mark, or a mark without its row",
    "doubled": "doubled rows or memberships",
    "paid_twice": "records or jobs paid for twice",
    "two_bodies": "events recorded with two different bodies",
    "closed_twice": "attempts closed twice",
}
"""Counts of a reconciliation that are zero when the totals balance."""


@dataclass(frozen=True, slots=True)
class TotalsLine:
    """Whether the totals balance, in one line."""

    mood: Literal["good", "bad"]
    line: str


@dataclass(frozen=True, slots=True)
class Exit:
    """Rows or records that leave the way from source to stored rows."""

    reason: str
    label: str
    records: int

    @property
    def signed(self) -> str:
        """A negative number is a gain: rows that no reason explains can be fewer than none."""
        return f"{'-' if self.records >= 0 else '+'} {formatting.count(abs(self.records))}"


def totals_line(summary: RunSummary, recounted: Reconciliation | None) -> TotalsLine:
    """By the recounted totals; without them by the summary's own counts."""
    if recounted is not None:
        return recounted_line(recounted)
    faults = [] if summary.endings.total == summary.records else [DIFFER]
    return _line(summary.records, summary.endings, faults, promise="")


def recounted_line(totals: Reconciliation) -> TotalsLine:
    """Both sides of the sum, and every fault that the recount found."""
    faults = [] if totals.total == totals.planned else [DIFFER]
    if totals.completed and totals.open and not totals.lost:
        faults.append("the run is completed with open records")
    faults += [
        f"{formatting.count(getattr(totals, name))} {label}"
        for name, label in FAULTS.items()
        if getattr(totals, name)
    ]
    if not totals.ok and not faults:
        faults.append("the recount does not balance")
    return _line(
        totals.planned, totals, faults, promise=" Nothing is doubled, half stored or paid twice."
    )


DIFFER = "the two sides differ"


def _line(planned: int, endings: Endings, faults: list[str], promise: str) -> TotalsLine:
    """`promise` holds only for recounted totals without a fault."""
    named = [
        f"{formatting.count(getattr(endings, name))} {name}"
        for name in ENDINGS
        if getattr(endings, name) or name not in RARE
    ]
    sign = "=" if planned == endings.total else "≠"
    both_sides = f"{formatting.count(planned)} planned {sign} {' + '.join(named)}."
    if faults:
        return TotalsLine(
            "bad", f"The totals do not balance: {both_sides} Found: {'; '.join(faults)}."
        )
    return TotalsLine("good", f"The totals balance: {both_sides}{promise}")


def taken(summary: RunSummary) -> int:
    """The records of the run, or those that a dry run would select."""
    return summary.would_records if summary.dry_run else summary.records


def exits_before(source_rows: int, skipped: dict[str, int], selected: int) -> list[Exit]:
    """Why rows of the source are not in the run; a difference that no reason explains is named."""
    exits = [Exit(name, labels.skipped(name), records) for name, records in skipped.items()]
    rest = source_rows - selected - sum(each.records for each in exits)
    if rest:
        exits.append(Exit("unexplained", "not explained by any reason", rest))
    return exits


def exits_after(summary: RunSummary) -> list[Exit]:
    """Why planned records have no row: each ending by its errors, then what no error explains."""
    exits: list[Exit] = []
    for ending, label in labels.ENDINGS.items():
        by_error = [
            Exit(ending, f"{label}: {labels.error(row.error_type, row.cause)}", row.records)
            for row in summary.exits
            if row.ending == ending
        ]
        rest = getattr(summary.endings, ending) - sum(each.records for each in by_error)
        exits += by_error
        if rest or not by_error:
            exits.append(Exit(ending, label, rest))
    return exits


def fatal_first(errors: Sequence[ErrorCount]) -> list[ErrorCount]:
    """Errors that ended records, then those of the system, then those that were asked again."""

    def rank(error: ErrorCount) -> int:
        if error.retryable:
            return 3
        return 1 if error.scope == "system" else 2 if error.replan else 0

    return sorted(errors, key=rank)


def consequence(error: ErrorCount | RecordError) -> str:
    """What happens to a record with this error."""
    if error.scope == "system":
        return "no record's fault"
    if error.retryable:
        return "asked again"
    return "left to the next run" if error.replan else "failed: not asked again by itself"
