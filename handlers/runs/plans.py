"""Read a planned run's request back from its plan."""

import msgspec

from events import ReprocessRequested, RunRequested
from handlers.dispatch.errors import Redeliver
from tracking import Plan, Tracking


def plan_of(tracking: Tracking, run_id: str) -> Plan:
    """Return the plan. Raises `Redeliver` for an unplanned run: its row may only be late."""
    plan = tracking.plan_of(run_id)
    if plan is None:
        raise Redeliver(f"run {run_id} has no plan")
    return plan


def request_of(plan: Plan) -> RunRequested | ReprocessRequested:
    if plan.mode == "reprocess":
        return msgspec.json.decode(plan.request, type=ReprocessRequested)
    return msgspec.json.decode(plan.request, type=RunRequested)
