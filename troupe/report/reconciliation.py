"""What a summary and a verdict of the books amount to, before anybody words or draws it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from . import formatting
from . import labels as words

Fields = Mapping[str, Any]

ENDINGS = ("analysed", "failed", "released", "open", "cleared")
RARE = ("cleared",)
"""Named only where there are some."""

BROKEN = {
    "missing_members": "planned records that stand in no batch",
    "half_stored": "records stored by half: a row without its mark, or a mark without its row",
    "lost": "records lost: in no batch, stored by half, or open when the run was completed",
    "doubled": "doubled rows or memberships",
    "paid_twice": "records or jobs paid for twice",
    "two_bodies": "events told with two contents",
    "closed_twice": "attempts closed twice",
}
"""Counts of a verdict that must be zero in any books that balance."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The verdict in one line."""

    mood: Literal["good", "bad"]
    line: str


@dataclass(frozen=True, slots=True)
class Exit:
    """A way out of the funnel."""

    reason: str
    words: str
    records: int

    @property
    def signed(self) -> str:
        """Less than none is more: it happens to what no reason explains."""
        return f"{'-' if self.records >= 0 else '+'} {formatting.count(abs(self.records))}"


def number(events: Fields, name: str) -> int:
    """A count; what is absent counts as none."""
    return int(events.get(name) or 0)


def records_over(events: Fields) -> int:
    """Of a run or a batch: those that came to an end."""
    return sum(number(events, name) for name in ("analysed", "failed", "released"))


def part(events: Fields, name: str) -> Fields:
    """A part of the summary; empty when it is absent."""
    found = events.get(name)
    return found if isinstance(found, Mapping) else {}


def rows(events: Fields, name: str) -> list[Fields]:
    """A list of rows; empty when it is absent, or only a count."""
    found = events.get(name)
    return list(found) if isinstance(found, Sequence) else []


def reconcile(summary: Fields, totals: Fields | None) -> Totals:
    """By the verdict where there is one; else by the summary's own counts, promising less."""
    if totals:
        return totals_of(totals)
    return totals_of({"planned": number(summary, "records"), **part(summary, "books")})


def totals_of(totals: Fields) -> Totals:
    """A verdict that does not carry a count is not asked for it."""
    sides = [number(totals, name) for name in ENDINGS]
    planned = number(totals, "planned")
    named = [
        f"{formatting.count(many)} {name}"
        for many, name in zip(sides, ENDINGS, strict=True)
        if many or name not in RARE
    ]
    sign = "=" if planned == sum(sides) else "≠"
    sum_line = f"{formatting.count(planned)} planned {sign} {' + '.join(named)}."
    wrong = _wrong(totals, balanced=sign == "=")
    if wrong:
        return Totals("bad", f"The books do not balance: {sum_line} Found: {'; '.join(wrong)}.")
    return Totals("good", f"The books balance: {sum_line}{_promise(totals)}")


def _wrong(totals: Fields, *, balanced: bool) -> list[str]:
    found = [] if balanced else ["the two sides differ"]
    if totals.get("completed") and number(totals, "open") and "lost" not in totals:
        found.append("the run is completed with open records")
    counted = ((name, number(totals, name)) for name in BROKEN)
    found += [f"{formatting.count(many)} {BROKEN[name]}" for name, many in counted if many]
    return found or ([] if totals.get("ok", True) else ["the recount says so"])


def _promise(totals: Fields) -> str:
    """Only a recount can promise it."""
    asked = {"doubled", "paid_twice"} <= totals.keys()
    return " Nothing is doubled, half stored or paid twice." if asked else ""


def is_preview(summary: Fields) -> bool:
    """A dry run: nothing was frozen, and its plan says only what it would take."""
    return bool(summary.get("dry_run"))


def taken(summary: Fields) -> int:
    """The records of the run, or what a dry run would take."""
    return number(summary, "would_records" if is_preview(summary) else "records")


def exits_before(summary: Fields) -> list[Exit]:
    """Why rows of the source are not in the run. What the reasons leave over is named too."""
    counted = part(summary, "skipped")
    found = [Exit(name, words.skipped(name), number(counted, name)) for name in counted]
    rest = number(summary, "source_rows") - taken(summary) - sum(e.records for e in found)
    if rest:
        found.append(Exit("unexplained", "not explained by any reason", rest))
    return found


def exits_after(summary: Fields) -> list[Exit]:
    """Why planned records have no row: each ending by its error, then what no error explains."""
    books = part(summary, "books")
    found: list[Exit] = []
    for ending, said in words.ENDINGS.items():
        told = [row for row in rows(summary, "exits") if row.get("ending") == ending]
        named = [
            Exit(ending, f"{said}: {words.error(row)}", number(row, "records")) for row in told
        ]
        rest = number(books, ending) - sum(each.records for each in named)
        found += named
        if rest or not named:
            found.append(Exit(ending, said, rest))
    return found


def fate(error: Fields) -> str:
    """What becomes of a record with this error."""
    if error.get("scope") == "system":
        return "no record's fault"
    if error.get("retryable"):
        return "asked again"
    return "left to the next plan" if error.get("replan") else "failed for good"
