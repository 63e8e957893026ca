"""One run as `troupe status` prints it."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from analysis.models import is_simulated
from troupe.operations.outcome import word_of
from troupe.operations.run_status import BatchStatus, JobStatus, RunDetails, Status, WaitingEvent
from troupe.operations.runs import RunStatus
from troupe.report import formatting, labels
from troupe.report.reconciliation import recounted_line
from troupe.report.stall_reasons import batch_reason, event_reason, job_state

from .columns import folded, line
from .outcome import simulated_lines, since, step_lines
from .safeguards import safeguard_lines
from .summary import error_lines

SHOWN = 12
"""Lines of a list; the rest is counted."""


def run_row(run: RunStatus) -> tuple[str, ...]:
    """One run of several, as the cells of a table."""
    return (
        run.run_id,
        word_of(run),
        f"{formatting.count(run.records_over)} of {formatting.plural(run.records, 'record')}",
        formatting.share_of(run.records_over, run.records),
        f"{formatting.count(run.failed)} failed",
        spent(run),
        *(["simulated"] if is_simulated(run.answered_by) else [""]),
    )


def over(run: RunStatus) -> str:
    """How many of its records are over."""
    return (
        f"{formatting.count(run.records_over)} of {formatting.plural(run.records, 'record')} over"
    )


def endings(run: RunStatus) -> str:
    """How its records ended, and how many are open."""
    ended = formatting.counts(run, "analysed", "failed", "released")
    return f"{ended}, {formatting.count(run.records_open)} open"


def spent(run: RunStatus) -> str:
    """Its cost so far; of simulated answers what they would have cost."""
    return formatting.spent(run.cost, run.records_over, simulated=is_simulated(run.answered_by))


def run_lines(run: RunStatus, status: Status) -> list[str]:
    """The one run of a status, with its details."""
    share = formatting.share_of(run.records_over, run.records)
    into = formatting.plural(run.batches, "batch", "batches")
    counts = endings(run)
    outcome = status.outcome(run.run_id)
    model = model_of(run, status)
    completed = f", completed {formatting.moment(run.completed_at)}" if run.completed_at else ""
    return [
        line(f"Run {run.run_id}: {word_of(run)}; {run.analysis}, {model}, {run.mode}"),
        *(line(" ", each) for each in simulated_lines(outcome)),
        line(f"  planned {formatting.moment(run.planned_at)}{completed}"),
        line(
            f"  {over(run)}{f' ({share})' if share else ''} in {into}: {counts}{since(outcome)};"
            f" {spent(run)}"
        ),
        *stop_lines(run),
        *_refusal(status.details),
        *(_detail_lines(run, status.details, status) if status.details else []),
        *(line(" ", each) for each in step_lines(outcome.next)),
    ]


def model_of(run: RunStatus, status: Status) -> str:
    """The model that answers; of a local run without answers that is up to the next worker."""
    model = labels.model(run.model, run.answered_by)
    is_local = status.worker is not msgspec.UNSET and not (status.worker and status.worker.services)
    if run.is_over or run.answered_by or not is_local:
        return model
    return f"{model} (answers come from whatever `troupe work` uses)"


def stop_lines(run: RunStatus) -> list[str]:
    """Why a run was stopped, and what to do."""
    lines = [line("  stopped:", labels.stop_reason(reason)) for reason in run.stop_reasons]
    if lines and not run.is_over:
        lines.append("  its jobs are being cancelled; the answers they gave are still read")
    return lines


def _refusal(details: RunDetails | None) -> list[str]:
    return [line("  the service said:", details.refusal)] if details and details.refusal else []


def _detail_lines(run: RunStatus, details: RunDetails, status: Status) -> list[str]:
    return [
        *(line(" ", e) for e in safeguard_lines(run.run_id, details.safeguards, run.stop_reasons)),
        *_batches(details.batches, status),
        *job_lines(status.jobs),
        *_waiting(details.waiting),
        *(f"  {each}" for each in (error_lines(details.errors) if details.errors else [])),
        *(
            [line(" ", recounted_line(details.reconciliation).line)]
            if details.reconciliation
            else []
        ),
    ]


def _batches(batches: Sequence[BatchStatus], status: Status) -> list[str]:
    if not batches:
        return []
    states = Counter(batch.state for batch in batches)
    counts = ", ".join(f"{formatting.count(number)} {state}" for state, number in states.items())
    moving = [_batch(batch, status) for batch in batches if batch.is_moving]
    waiting = not_begun(batches)
    return [
        line("  batches:", counts),
        *folded(moving, SHOWN, "batch", "batches"),
        *([line("   ", waiting)] if waiting else []),
    ]


def _batch(batch: BatchStatus, status: Status) -> str:
    reason, _must_act = batch_reason(batch, status.limits)
    return line(f"    batch {batch.batch}, attempt {batch.attempt}: {reason}")


def not_begun(batches: Sequence[BatchStatus]) -> str:
    """What the batches wait for that have not begun; empty when all have."""
    waiting = [batch for batch in batches if batch.state == "waiting"]
    if not waiting:
        return ""
    number = formatting.plural(len(waiting), "batch", "batches")
    if any(batch.batch == 1 and not batch.is_over for batch in batches):
        return f"{number} not begun, until the first batch has succeeded; nothing to do"
    return f"{number} not begun, until batches in flight have ended; nothing to do"


def job_lines(jobs: Sequence[JobStatus]) -> list[str]:
    """Jobs that have not ended, with their age."""
    lines = [
        line(
            f"    {job.name.rsplit('/', 1)[-1]}: {job_state(job.state)},"
            f" {formatting.seconds(job.age_seconds)} old"
        )
        for job in jobs
    ]
    return (
        [line("  jobs:", formatting.count(len(jobs))), *folded(lines, SHOWN, "job")] if jobs else []
    )


def _waiting(events: Sequence[WaitingEvent]) -> list[str]:
    lines = [
        line(
            f"    {event.topic} for {event.handler}, since {formatting.moment(event.recorded_at)}:",
            event_reason(event),
        )
        for event in events
    ]
    return (
        ["  unfinished deliveries:", *folded(lines, SHOWN, "delivery", "deliveries")]
        if lines
        else []
    )
