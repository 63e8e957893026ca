"""Plan a requested run: freeze, in one transaction, which records belong to which batch."""

from collections.abc import Iterator
from datetime import datetime

from analysis import Analyses, AnalysisError
from events import (
    BatchPlanned,
    Deployment,
    Envelope,
    ReprocessRequested,
    RunCompleted,
    RunPlanned,
    RunRefused,
    RunRequested,
)
from tracking import EventLog, Tracking
from tracking.attributes import UnfitAttribute

from .ports import Clock, Policy
from .refuse_run import refused
from .runs.attributes import check_conditions, check_source, reading_of
from .runs.budget import Since, caps_of, over_budget, remaining_budget
from .runs.estimate import estimate
from .runs.plan_params import plan_params
from .runs.token_rates import token_rates
from .runs.window import begin_run

CANCELLED = "it was cancelled before it was planned; request it again under another run_id"
OWN_ENDPOINT = "an endpoint of your own answers, and its price is not known"


def plan_run(
    request: RunRequested | ReprocessRequested,
    envelope: Envelope,
    deployment: Deployment,
    tracking: Tracking,
    event_log: EventLog,
    analyses: Analyses,
    clock: Clock,
    policy: Policy,
) -> Iterator[RunPlanned | BatchPlanned | RunCompleted | RunRefused]:
    if tracking.plan_of(request.run_id) is None:
        refusal = _plan(
            request,
            envelope,
            tracking,
            analyses,
            policy,
            clock,
            since=lambda: event_log.lookback_start(clock()),
        )
        if refusal:
            yield refused(tracking, request.run_id, envelope.id, *refusal)
            return
    yield from begin_run(tracking, request, envelope.id, BatchPlanned)


def _plan(
    request: RunRequested | ReprocessRequested,
    envelope: Envelope,
    tracking: Tracking,
    analyses: Analyses,
    policy: Policy,
    clock: Clock,
    since: Since,
) -> tuple[str, str] | None:
    """Plan the run and return None, or return the reason and the detail of a refusal."""
    run = {"run_id": request.run_id, "since": since()}
    if tracking.query("cancellation_of_run", run):
        # Another delivery of the request may be planning it, and its plan would never be begun.
        return ("cancelled", CANCELLED) if tracking.keep_unplanned(request.run_id) else None
    try:
        analysis = analyses.load(request.analysis)
    except AnalysisError as error:
        return "unknown_analysis", str(error)
    try:
        check_conditions(request, analysis)
        check_source(analysis, tracking)
    except UnfitAttribute as error:
        return error.reason, str(error)
    params = plan_params(request, envelope.id, analysis, event_time_floor(request, tracking))
    reading = reading_of(request, analysis)
    caps = caps_of(request, policy)
    if caps.is_set and not request.dry_run:
        preview = tracking.preview_plan(params, reading)
        if caps.counts_money and not policy.answers_are_paid:
            return "unknown_price", f"{OWN_ENDPOINT}: omit the budget, or give budget_tokens"
        rates, _ = token_rates(tracking, clock, analysis, params, reading)
        size = estimate(preview["records"], preview["bytes"], params["model"], analysis, rates)
        if caps.counts_money and size.low is None:
            return "unknown_price", f"no price is known for {params['model']}: omit the budget"
        first = min(1.0, params["canary"] / max(1, preview["records"]))
        remaining = remaining_budget(request.run_id, caps, since(), tracking)
        over = over_budget(size, first, remaining, caps)
        if over:
            return "over_budget", over
    tracking.plan_run(request.run_id, params, reading)
    return None


def event_time_floor(
    request: RunRequested | ReprocessRequested, tracking: Tracking
) -> datetime | None:
    """Return the event time at which an incremental run begins; None for the whole source."""
    if not isinstance(request, RunRequested) or request.mode != "incremental":
        return None
    return tracking.event_time_floor(
        run_id=request.run_id, analysis=request.analysis, lookback_days=request.lookback_days
    )
