"""A run by its id: planned, requested and not planned yet, refused, or unknown."""

from datetime import date

from events import ReprocessRequested, RunRequested, read_event, type_of
from handlers.runs.plan_params import content_hash
from tracking import Plan

from .backend import Backend, InvalidOperation


def plan_of(backend: Backend, run_id: str) -> Plan:
    """Raises `InvalidOperation` for a run without a plan: how it stands, and what to do."""
    plan = backend.dependencies.tracking.plan_of(run_id)
    if plan is not None:
        return plan
    if _waiting(backend, run_id):
        raise InvalidOperation(
            f"run {run_id} is requested and not planned yet; `troupe work` plans it"
        )
    if backend.dependencies.tracking.query(
        "refusals", {"run_id": run_id, "since": first_day(backend)}
    ):
        raise InvalidOperation(f"run {run_id} was refused; `troupe status {run_id}` says why")
    raise InvalidOperation(unknown(run_id))


def unknown(run_id: str) -> str:
    return f"run {run_id} is not planned here; `troupe status` lists the runs"


def is_waiting(backend: Backend, run_id: str) -> bool:
    """Requested, and neither planned nor refused yet."""
    return backend.dependencies.tracking.plan_of(run_id) is None and bool(_waiting(backend, run_id))


def was_requested(backend: Backend, request: RunRequested | ReprocessRequested) -> bool:
    """Whether the same was requested under this run id, planned by now or not.

    Raises `InvalidOperation` when something else was.
    """
    plan = backend.dependencies.tracking.plan_of(request.run_id)
    found = {plan.request_hash} if plan else _hashes(backend, _waiting(backend, request.run_id))
    if found - {content_hash(request)}:
        raise InvalidOperation(
            f"run_id: {request.run_id} was asked for something else before; take another run id"
        )
    return bool(found)


def check_batch(plan: Plan, batch: int) -> None:
    """Raises `InvalidOperation` when the run has no batch of this number."""
    if not 1 <= batch <= plan.batches:
        has = f"has the batches 1 to {plan.batches}" if plan.batches else "has no batches"
        raise InvalidOperation(f"run {plan.run_id} {has}, and no batch {batch}")


def first_day(backend: Backend) -> date:
    """That queries about single events look at."""
    return backend.dependencies.event_log.lookback_start(backend.clock())


_COMMANDS: dict[str, type[RunRequested] | type[ReprocessRequested]] = {
    type_of(RunRequested): RunRequested,
    type_of(ReprocessRequested): ReprocessRequested,
}


def _waiting(backend: Backend, run_id: str) -> list[str]:
    """The ids of the requests for this run that were not refused."""
    about = {"run_id": run_id, "since": first_day(backend)}
    rows = backend.dependencies.tracking.query("requests_of_run", about)
    return [row["event_id"] for row in rows if not row["is_refused"]]


def _hashes(backend: Backend, event_ids: list[str]) -> set[str]:
    envelopes = (
        backend.dependencies.event_log.load(event_ids, first_day(backend)) if event_ids else []
    )
    return {content_hash(read_event(each.data, _COMMANDS[each.type])) for each in envelopes}
