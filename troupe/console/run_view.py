"""What the page of a run shows of a snapshot: pure, and without a template."""

from collections import Counter
from dataclasses import dataclass

from handlers.summary.run_summary import ErrorCount
from troupe.operations.outcome import REREAD, Failure, Outcome, Word
from troupe.operations.run_status import BatchStatus
from troupe.report import formatting, labels
from troupe.report.html.elements import Bar, Markup, bars
from troupe.report.live.snapshot import (
    Snapshot,
    cost_so_far,
    cost_to_come,
    error_label,
    final_totals,
    hold_ups,
    places,
    skipped,
)
from troupe.report.reconciliation import consequence, fatal_first
from troupe.report.stall_reasons import batch_reason, job_state
from troupe.report.text import run as run_text
from troupe.report.text.safeguards import safeguard_lines

from .steps import Click

SHOWN = 40
"""Batches and hold-ups of a list; the rest is counted."""


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A batch on its way, or one that ended with records without a row."""

    batch: int
    attempt: int
    state: str
    age: str
    open: int
    without_row: int
    job: str
    reason: str
    must_act: bool


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """A type of error, what it means, and what a click does about it."""

    name: str
    counts: str
    what: str
    consequence: str
    advice: str
    is_new: bool
    actions: list[Click]


def funnel(snapshot: Snapshot) -> Markup:
    """From the rows of the source to the rows stored, with exits and open records in between."""
    run, details = snapshot.run, snapshot.details
    if run is None:
        return Markup("")
    planned, lines = run.records, list[Bar]()
    if details is not None and details.plan.source_rows:
        source = details.plan.source_rows
        lines.append(_bar("rows in the source", source, source, "step"))
        lines += [_bar(why, records, source, "exit") for why, records in skipped(details)]
    lines.append(_bar("records planned", planned, planned, "step"))
    if not run.is_over:
        here = places(snapshot.batches)
        lines += [_bar(name, here[name], planned) for name in here]
    exits = (("failed", run.failed), ("released", run.released))
    lines += [_bar(name, records, planned, "exit") for name, records in exits]
    lines.append(_bar("rows stored", run.analysed, planned, "step"))
    return bars(lines, 1.0)


def _bar(name: str, records: int, whole: int, kind: str = "") -> Bar:
    share = records / whole if whole else 0.0
    note = formatting.share_of(records, whole) if records else ""
    return Bar(name, share, formatting.count(records), note, kind)


def figures(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Pace, time left and cost, so far and expected."""
    run, forecast = snapshot.run, snapshot.forecast
    if run is None:
        return []
    found = [
        ("Over", f"{formatting.count(run.records_over)} of {formatting.count(run.records)}"),
        ("Cost", cost_so_far(snapshot)),
        ("Cost to expect", cost_to_come(snapshot)),
    ]
    if not run.is_over and snapshot.status.worker is not None:
        found += [("Pace", forecast.rate), ("Time left", forecast.left or "not known yet")]
    return [(name, value) for name, value in found if value]


def batch_lines(snapshot: Snapshot) -> list[BatchLine]:
    """Batches on their way, held-up ones first; then those that left records without a row."""
    ended = [batch for batch in snapshot.batches if batch.is_over and batch.failed + batch.released]
    return [_batch(snapshot, each) for each in [*snapshot.moving, *ended][:SHOWN]]


def _batch(snapshot: Snapshot, batch: BatchStatus) -> BatchLine:
    reason, must_act = "", False
    if not batch.is_over:
        age = None if batch.seconds_in_state is None else snapshot.age_of(batch)
        reason, must_act = batch_reason(batch, snapshot.status.limits, age)
    job = ""
    if batch.job_state is not None:
        old = formatting.seconds(round(batch.job_age_seconds or 0.0))
        job = f"{job_state(batch.job_state)}, {old} old"
    return BatchLine(
        batch=batch.batch,
        attempt=batch.attempt,
        state="stuck" if batch.held_up else batch.state,
        age="" if batch.is_over else formatting.seconds(round(snapshot.age_of(batch))),
        open=batch.records_open,
        without_row=batch.failed + batch.released,
        job=job,
        reason=reason,
        must_act=must_act,
    )


def batch_counts(snapshot: Snapshot) -> str:
    """How many batches are in each state, and what the others wait for."""
    states = Counter(batch.state for batch in snapshot.batches)
    counts = ", ".join(f"{formatting.count(number)} {state}" for state, number in states.items())
    waiting = run_text.not_begun(snapshot.batches)
    return f"{counts}; {waiting}" if waiting else counts


def error_lines(snapshot: Snapshot, outcome: Outcome | None) -> list[ErrorLine]:
    """The errors of the run, those that ended records first."""
    failures = outcome.failures if outcome and outcome.is_over else []
    by_name = {labels.error(each.error_type, each.cause): each for each in failures if each.left}
    return [_error(snapshot, each, by_name) for each in fatal_first(snapshot.errors)]


def _error(snapshot: Snapshot, error: ErrorCount, failures: dict[str, Failure]) -> ErrorLine:
    name = error_label(error)
    ends = error.scope == "record" and not error.retryable
    failure = failures.get(name) if ends else None
    run_id = snapshot.run.run_id if snapshot.run else ""
    mode = snapshot.run.mode if snapshot.run else ""
    return ErrorLine(
        name=name,
        counts=f"{formatting.plural(error.errors, 'error')}, "
        f"{formatting.plural(error.records, 'record')}",
        what=labels.what(error.error_type, error.hint),
        consequence=consequence(error),
        advice=labels.advice(error.error_type),
        is_new=name in snapshot.fresh,
        actions=_actions(run_id, mode, failure) if failure else [],
    )


def _actions(run_id: str, mode: str, failure: Failure) -> list[Click]:
    """Read again what other rules may mend, and ask again for what no run takes by itself."""
    found = []
    if failure.reason in REREAD and mode != "reread":
        found.append(
            Click(
                f"troupe reread {run_id} --dry-run", "", "Read the answers again",
                action="reread", fields={"of_run": run_id},
            )
        )  # fmt: skip
    if not failure.is_due:
        found.append(
            Click(
                f"troupe reprocess --run {run_id} --error-type {failure.error_type} --dry-run", "",
                "Ask again for these", action="reprocess",
                fields={"of_run": run_id, "error_types": failure.error_type},
            )
        )  # fmt: skip
    return found


def held_up(snapshot: Snapshot) -> list[str]:
    """What holds up the run, why, and what to do; the safeguards that act; the totals at its end."""
    reasons = hold_ups(snapshot)
    rest = len(reasons) - SHOWN
    return [*reasons[:SHOWN], *([f"and {rest} more"] if rest > 0 else [])]


def safeguards(snapshot: Snapshot) -> list[str]:
    """Canary, circuit breaker and budget."""
    if snapshot.run is None or snapshot.details is None:
        return []
    run = snapshot.run
    lines = safeguard_lines(run.run_id, snapshot.details.safeguards, run.stop_reasons)
    return [each.strip() for each in lines]


def totals(snapshot: Snapshot) -> str:
    """Whether the totals of a run that is over balance; empty while it moves."""
    found = final_totals(snapshot)
    return found.line if found else ""


def may_cancel(snapshot: Snapshot) -> bool:
    """Whether a cancellation would change something, and was not requested yet."""
    if snapshot.status.cancellation is not None:
        return False
    if snapshot.outcome is None:
        return bool(snapshot.status.requests)
    return snapshot.outcome.word is Word.RUNNING
