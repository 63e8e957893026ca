"""Cancel one run, or all that are open: the switch that stops all spending."""

import msgspec

from events import CancelRequested

from .backend import Backend, InvalidOperation, publish_command
from .run_status import WaitingRequest
from .runs import RunStatus, batch_rows, first_day, is_waiting, plan_of, run_rows


class CancelResult(msgspec.Struct, frozen=True, kw_only=True):
    """What `cancel` did."""

    run_id: str
    already: str | None
    """`completed` or `stopped`: nothing was cancelled. None: the cancellation was requested, or would be."""


class OpenRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that may still spend."""

    run_id: str
    jobs: int
    """Attempts that hold a claim: each has a job, or may get one within a minute."""
    records_in_jobs: int
    """Open records of these attempts: what their jobs have answered is kept, the rest is released."""
    records_to_release: int
    """Open records that are in no job."""


class CancelAllResult(msgspec.Struct, frozen=True, kw_only=True):
    """What `cancel_all` cancelled, or would cancel."""

    dry_run: bool
    """Nothing was published."""
    runs: list[OpenRun]
    """Open runs that nothing has stopped yet."""
    requests: list[str]
    """Runs that are requested and not planned yet; their requests are refused."""
    stopping: list[str]
    """Open runs that were stopped before; their jobs are being cancelled."""


def cancel(
    backend: Backend, run_id: str, dry_run: bool = False, command_id: str = ""
) -> CancelResult:
    """Publish a cancel-requested, unless the run is completed; with `dry_run` only check that.

    A run without a plan gets none. Two calls with one `command_id` are one command.
    """
    if not is_waiting(backend, run_id):
        plan = plan_of(backend, run_id)
        if plan.of_run:
            raise InvalidOperation(
                f"run {run_id} reads stored answers: it has no job to cancel, and ends by itself"
            )
        run = run_rows(backend, run_id)[0]
        if run.completed_at is not None:
            return CancelResult(
                run_id=run_id, already="stopped" if run.stopped_for else "completed"
            )
    if not dry_run:
        publish_command(backend, CancelRequested(run_id=run_id), command_id)
    return CancelResult(run_id=run_id, already=None)


def cancel_all(backend: Backend, dry_run: bool = False) -> CancelAllResult:
    """Publish a cancel-requested for each run that is open, or requested and not planned yet.

    With `dry_run` only count. A run that is stopped already is named and left alone. Runs that
    read stored answers again create no job, and are not cancelled.
    """
    tracking, since = backend.dependencies.tracking, first_day(backend)
    spending = [run for run in run_rows(backend) if not run.is_over and run.mode != "reread"]
    waiting = tracking.rows("waiting_requests", WaitingRequest, {"run_id": None, "since": since})
    held = {(each.run_id, each.batch) for each in tracking.waiting_attempts(since)}
    result = CancelAllResult(
        dry_run=dry_run,
        runs=[_open_run(backend, run, held) for run in spending if not run.stopped_for],
        requests=[each.run_id for each in waiting],
        stopping=[run.run_id for run in spending if run.stopped_for],
    )
    if not dry_run:
        for run_id in [*(each.run_id for each in result.runs), *result.requests]:
            publish_command(backend, CancelRequested(run_id=run_id))
    return result


def _open_run(backend: Backend, run: RunStatus, held: set[tuple[str, int]]) -> OpenRun:
    in_jobs = [row for row in batch_rows(backend, run) if (run.run_id, row.batch) in held]
    records = sum(row.records_open for row in in_jobs)
    return OpenRun(
        run_id=run.run_id,
        jobs=len(in_jobs),
        records_in_jobs=records,
        records_to_release=run.records_open - records,
    )
