"""How the runs stand, and what holds them up."""

from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from analysis.places import refusal_advice
from handlers.runs.estimate import estimate
from handlers.summary.run_summary import ErrorCount, skipped_rows
from tracking import Plan

from .backend import Backend, InvalidOperation
from .dead_letters import (
    DeadLetter,
    DeadLetterGroup,
    HeldUp,
    held_requests,
    held_up,
    list_dead_letters,
)
from .empty_request import when_empty
from .later_rows import later_rows
from .outcome import Outcome, outcome_of
from .reconciliation import Reconciliation, errors_of, reconcile
from .runs import (
    BatchRow,
    Cancellation,
    RunStatus,
    analysis_of,
    batch_rows,
    cancellation_of,
    is_waiting,
    open_rows,
    plan_of,
    run_rows,
    unknown,
)
from .safeguards import Safeguards, safeguards

JOB_DAYS = 30
"""How far back jobs of the service are listed."""


class JobStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A batch prediction job that has not ended."""

    name: str
    """The attempt that it belongs to, or the service's own name of it."""
    state: str
    age_seconds: float


class BatchStatus(BatchRow, frozen=True, kw_only=True):
    """A batch, its job, and the dead letter that holds it up."""

    held_up: HeldUp | None
    job_state: str | None
    """None: no job of the current attempt is running or pending."""
    job_age_seconds: float | None


class PlannedRun(msgspec.Struct, frozen=True, kw_only=True):
    """What the plan of a run selected, what it left out and why, and the expected cost."""

    source_rows: int
    skipped: dict[str, int]
    expected_cost: tuple[float | None, float | None]
    """US dollars, from low to high."""


class WaitingEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/events/waiting_events.sql`: a delivery that no handler has finished."""

    event_id: str
    topic: str
    handler: str
    generation: int
    outcome: str
    reason: str | None
    not_before: datetime | None
    """When the event is published again, for one that waits until then."""
    recorded_at: datetime


class RunDetails(msgspec.Struct, frozen=True, kw_only=True):
    """One run in full."""

    plan: PlannedRun
    batches: list[BatchStatus]
    safeguards: Safeguards | None
    """None for a run without batches."""
    waiting: list[WaitingEvent]
    errors: list[ErrorCount]
    reconciliation: Reconciliation | None
    """None: not recounted."""
    refusal: str = ""
    """What to do about the jobs that the service refused, where that stopped the run."""


class AgeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How long this deployment waits before it cancels a job or republishes an event."""

    pending_hours: float
    running_hours: float
    republish_after_seconds: float


class WaitingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/runs/waiting_requests.sql`: a run that is requested and not planned yet."""

    run_id: str
    requested_at: datetime
    held_up: HeldUp | None = None
    """The dead letter that keeps it from being planned."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/runs/refusals.sql`: a request that was refused."""

    run_id: str | None
    reason: str
    detail: str | None


class SystemFault(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/events/system_errors.sql`: an error that belongs to no record."""

    error_type: str
    cause: str | None
    run_id: str | None
    batch: int | None
    attempt: int | None
    detail: str | None
    hint: str | None
    created_at: datetime


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """What delivers the events."""

    pid: int | None = None
    """Process of the worker that owns the state folder."""
    services: bool = False
    """The services of a deployment on Google Cloud."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `status`."""

    runs: list[RunStatus]
    outcomes: list[Outcome]
    """How each of the runs stands, in their order."""
    details: RunDetails | None
    """Of the one run that was named; None without a name, or before its plan."""
    limits: AgeLimits
    requests: list[WaitingRequest]
    refusals: list[Refusal]
    system_errors: list[SystemFault]
    dead_letters: list[DeadLetterGroup]
    only_letters_wait: bool = False
    """A worker would find nothing to do: all that is open waits for dead letters."""
    jobs: list[JobStatus]
    cancellation: Cancellation | None = None
    """Of the one run that was named: a request to cancel it that was not carried out yet."""
    worker: Worker | msgspec.UnsetType | None = msgspec.UNSET
    """None: no worker owns the state folder. The client fills it in; until then it is unset."""

    def outcome(self, run_id: str) -> Outcome:
        """The outcome of one of the runs."""
        return next(each for each in self.outcomes if each.run_id == run_id)

    @property
    def is_finished(self) -> bool:
        """No run is open, and no request waits to be planned."""
        return not self.requests and all(run.is_over for run in self.runs)


def status(
    backend: Backend, run_id: str | None = None, only_open: bool = False, recount: bool = True
) -> Status:
    """List all runs, or show one in full; with `only_open` list those that are not over.

    Without `recount` the totals of the one run are those of its closings, and rows from later runs
    are not looked for: what a page that is open for long asks for again and again.

    Raises `InvalidOperation` for a run id without plan, request and refusal.
    """
    tracking, policy = backend.dependencies.tracking, backend.dependencies.policy
    since = backend.dependencies.event_log.lookback_start(backend.clock())
    params = {"since": since, "run_id": run_id}
    runs = open_rows(backend) if only_open else run_rows(backend, run_id)
    refusals = tracking.rows("refusals", Refusal, params)
    if run_id and not runs and not refusals and not is_waiting(backend, run_id):
        raise InvalidOperation(unknown(backend, run_id))
    jobs = _jobs(backend)
    letters = list_dead_letters(backend)
    details = (
        _details(backend, plan_of(backend, run_id), jobs, letters.letters, since, recount=recount)
        if run_id and runs
        else None
    )
    requests = _requests(backend, params, letters.letters)
    # Of a run that is over, refused or stopping, the request to cancel it was carried out.
    moves = bool(requests) or any(not (run.is_over or run.stopped_for) for run in runs)
    return Status(
        runs=runs,
        outcomes=[_outcome(backend, run, details) for run in runs],
        details=details,
        limits=msgspec.convert(policy, AgeLimits, from_attributes=True),
        requests=requests,
        refusals=refusals,
        system_errors=tracking.rows("system_errors", SystemFault, params),
        dead_letters=letters.groups,
        only_letters_wait=bool(letters.groups) and not jobs and not _moves(backend, since),
        jobs=jobs,
        cancellation=cancellation_of(backend, run_id) if run_id and moves else None,
    )


def _requests(
    backend: Backend, params: dict[str, Any], letters: list[DeadLetter]
) -> list[WaitingRequest]:
    """Add to each request the dead letter that holds it up."""
    rows = backend.dependencies.tracking.rows("waiting_requests", WaitingRequest, params)
    held = held_requests(letters)
    return [msgspec.structs.replace(row, held_up=held.get(row.run_id)) for row in rows]


def _moves(backend: Backend, since: date) -> bool:
    """Whether an event waits for a handler that has not given up on it."""
    dependencies = backend.dependencies
    return bool(dependencies.tracking.unhandled_events(since, dependencies.subscriptions))


def _outcome(backend: Backend, run: RunStatus, details: RunDetails | None) -> Outcome:
    if details is None:
        return outcome_of(run)
    totals = details.reconciliation
    later = []
    if totals is not None:
        without_row = totals.failed + totals.released
        later = later_rows(backend, plan_of(backend, run.run_id), without_row)
    return outcome_of(
        run,
        details.errors,
        when_empty=when_empty(backend, run, details.plan.skipped),
        recounted=totals,
        balanced=totals is None or totals.ok,
        held_up=sum(batch.held_up is not None for batch in details.batches),
        later=later,
    )


def _details(
    backend: Backend,
    plan: Plan,
    jobs: list[JobStatus],
    letters: list[DeadLetter],
    since: date,
    *,
    recount: bool,
) -> RunDetails:
    tracking = backend.dependencies.tracking
    here = {**plan.key, "since": since}
    batches = batch_rows(backend, plan)
    return RunDetails(
        plan=_planned(plan),
        batches=_with_reasons(backend, plan, batches, jobs, letters),
        safeguards=safeguards(backend, plan, batches),
        waiting=tracking.rows("waiting_events", WaitingEvent, here),
        errors=errors_of(backend, plan.run_id),
        reconciliation=reconcile(backend, plan) if recount else None,
        refusal=_refusal(backend, plan),
    )


def _refusal(backend: Backend, plan: Plan) -> str:
    rows = backend.dependencies.tracking.query("stop_reasons_of", plan.key)
    cause = max((row["cause"] for row in rows), default="")
    place = backend.dependencies.policy.vertex_location
    return refusal_advice(cause, plan.model, place) or cause


def _planned(plan: Plan) -> PlannedRun:
    analysis = analysis_of(plan)
    expected = estimate(plan.would_records, plan.would_bytes, plan.model, analysis)
    return PlannedRun(
        source_rows=plan.source_rows,
        skipped=skipped_rows(plan),
        expected_cost=(expected.low, expected.high),
    )


def _with_reasons(
    backend: Backend,
    plan: Plan,
    batches: list[BatchRow],
    jobs: list[JobStatus],
    letters: list[DeadLetter],
) -> list[BatchStatus]:
    """Add to each batch the job of its attempt, and the dead letter that holds it up."""
    held = held_up(letters, plan.run_id)
    by_attempt = {job.name: job for job in jobs}
    found = []
    for row in batches:
        job = by_attempt.get(backend.deployment.attempt(plan.run_id, row.batch, row.attempt))
        found.append(
            BatchStatus(
                **msgspec.structs.asdict(row),
                held_up=held.get(row.batch),
                job_state=job.state if job else None,
                job_age_seconds=job.age_seconds if job else None,
            )
        )
    return found


def _jobs(backend: Backend) -> list[JobStatus]:
    """The jobs of this deployment that the service has not ended."""
    now = backend.clock()
    labels = {"troupe": backend.deployment.id}
    jobs = backend.dependencies.job_service.created_since(now - timedelta(days=JOB_DAYS), labels)
    return [
        JobStatus(
            name=job.labels.get("attempt", job.name),
            state=job.state.name.lower(),
            age_seconds=(now - job.created_at).total_seconds(),
        )
        for job in jobs
        if not job.state.ended
    ]
