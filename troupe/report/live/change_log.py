"""The watch without a terminal: a line for each change, and no line twice."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from troupe.operations.outcome import word_of
from troupe.operations.runs import RunStatus
from troupe.report import formatting, labels
from troupe.report.formatting import count
from troupe.report.text.columns import line
from troupe.report.text.outcome import happened, simulated_lines
from troupe.report.text.run import over

from .snapshot import (
    Snapshot,
    cost_so_far,
    cost_to_come,
    dead_letter_lines,
    error_label,
    final_outcome,
    final_totals,
    hold_ups,
)

HELD_UP = "held up "
"""Begins the subject of a hold-up."""


@dataclass(slots=True)
class ChangeLog:
    """The lines printed so far. They leave out ages, which change without any event."""

    printed: dict[str, str] = field(default_factory=dict)
    """By subject."""
    past: frozenset[str] | None = None
    """Runs that were over at the first snapshot; None before it."""

    def changes(self, snapshot: Snapshot) -> list[str]:
        """The lines that are new or have changed, each with the time of the snapshot."""
        if self.past is None:
            over = {run.run_id for run in snapshot.status.runs if run.is_over}
            self.past = frozenset(over - {snapshot.run.run_id if snapshot.run else ""})
        now = dict(_lines(snapshot, self.past))
        new = [text for subject, text in now.items() if self._is_new(subject, text)]
        gone = [each for each in self.printed if each.startswith(HELD_UP) and each not in now]
        self.printed = now
        texts = [*new, *(f"no longer held up: {each.removeprefix(HELD_UP)}" for each in gone)]
        moment = formatting.moment(snapshot.now)
        lines = [line(moment, text) for text in texts]
        return [*lines, *_pace(snapshot, moment)] if new else lines

    def _is_new(self, subject: str, text: str) -> bool:
        """A hold-up is printed once: later only its age changes."""
        before = self.printed.get(subject)
        return before is None or (before != text and not subject.startswith(HELD_UP))


def _lines(snapshot: Snapshot, past: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Subject and line of everything that the snapshot shows."""
    for run in snapshot.status.runs:
        if run.run_id not in past:
            yield f"run {run.run_id}", _run(run)
    for batch in snapshot.batches:
        if batch.state != "waiting":
            subject = f"batch {batch.batch}"
            yield subject, f"{subject}, attempt {batch.attempt}: {batch.state}"
    for error in snapshot.errors:
        name, hint = error_label(error), labels.hint(error.error_type, error.hint)
        yield f"error {name}", f"error: {count(error.errors)} {name}: {hint}"
    for letter in dead_letter_lines(snapshot):
        yield f"letter {letter}", f"dead letter: {letter}"
    for why in hold_ups(snapshot):
        subject = why.split(";")[0].split(" for ")[0]
        yield f"{HELD_UP}{subject}", f"held up: {why}"
    totals, outcome = final_totals(snapshot), final_outcome(snapshot)
    if totals:
        yield "totals", totals.line
    if outcome:
        for text in simulated_lines(outcome):
            yield "simulated", text
        if outcome.analysed_since:
            yield "since", happened(outcome)
        for step in outcome.next:
            yield f"next {step.command}", f"next: `{step.command}` {step.why}"


def _run(run: RunStatus) -> str:
    ended = formatting.counts(run, "analysed", "failed", "released")
    share = formatting.share_of(run.records_over, run.records)
    return f"run {run.run_id}: {word_of(run)}; {over(run)}{f' ({share})' if share else ''}: {ended}"


def _pace(snapshot: Snapshot, moment: str) -> list[str]:
    """Printed with other changes only: it changes all the time."""
    if snapshot.run is None or snapshot.run.is_over:
        return []
    forecast, to_come = snapshot.forecast, cost_to_come(snapshot)
    cost = ", ".join(each for each in (cost_so_far(snapshot), to_come) if each)
    pace = ", ".join(each for each in (forecast.rate, forecast.left) if each)
    return [line(moment, f"pace: {pace}; cost: {cost}")]
