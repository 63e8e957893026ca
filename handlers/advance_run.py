"""A batch is over: open the window further, trip the breaker, or complete the run."""

from collections.abc import Iterator

from analysis import Analyses
from events import BatchAbandoned, BatchCompleted, BatchPlanned, RunCompleted, RunStopped
from tracking import Progress, Tracking

from .budget import caps_of, last_payable, purse_of
from .plans import limits_of, plan_of, wish_of
from .tools import Policy
from .window import last_allowed, release, stop_reason


def advance_run(
    event: BatchCompleted | BatchAbandoned,
    tracking: Tracking,
    analyses: Analyses,
    policy: Policy,
) -> Iterator[RunStopped | BatchPlanned | RunCompleted]:
    if isinstance(event, BatchAbandoned) and event.cause == "job_refused":
        yield RunStopped(run_id=event.run_id, planned_on=event.planned_on, reason="job_refused")
    yield from advance(event.run_id, event.planned_on, tracking, analyses, policy)


def advance(
    run_id: str, planned_on: str, tracking: Tracking, analyses: Analyses, policy: Policy
) -> Iterator[RunStopped | BatchPlanned | RunCompleted]:
    """What may follow from the batches that are over. Asking twice gives the same facts."""
    limits = limits_of(tracking, run_id)
    progress = tracking.progress(run_id, planned_on)
    reason = stop_reason(progress, limits)
    if reason:
        yield RunStopped(run_id=run_id, planned_on=planned_on, reason=reason)
    elif progress.finished >= progress.batches:
        yield _completed(run_id, planned_on, progress.batches, tracking)
    else:
        last = _last_within_caps(
            run_id, last_allowed(progress, limits), progress, tracking, analyses, policy
        )
        if last:
            yield from release(tracking, run_id, planned_on, after=progress.over_to, last=last)
        else:
            yield RunStopped(run_id=run_id, planned_on=planned_on, reason="budget")


def _last_within_caps(
    run_id: str,
    bound: int,
    progress: Progress,
    tracking: Tracking,
    analyses: Analyses,
    policy: Policy,
) -> int:
    """The last batch up to `bound` that the caps allow.

    None (0) when they are spent, or when nothing is on its way and the next one does not fit.
    """
    plan = plan_of(tracking, run_id)
    caps = caps_of(wish_of(plan), policy)
    if progress.stopped or not caps.is_set:
        return bound
    purse = purse_of(run_id, caps, tracking, analyses, policy)
    if purse.last_begun >= progress.batches and not purse.in_flight:
        return bound  # the last batches are closed and only not yet told: nothing more is spent
    if purse.is_overspent:
        return 0
    last = last_payable(plan, purse, max(bound, purse.last_begun + 1), tracking, analyses)
    return min(last, bound) if purse.in_flight or last > purse.last_begun else 0


def _completed(run_id: str, planned_on: str, batches: int, tracking: Tracking) -> RunCompleted:
    counts = tracking.run_counts(run_id, planned_on)
    return RunCompleted(
        run_id=run_id,
        planned_on=planned_on,
        batches=batches,
        records=counts["analysed"] + counts["failed"] + counts["released"],
        analysed=counts["analysed"],
        failed=counts["failed"],
        released=counts["released"],
    )
