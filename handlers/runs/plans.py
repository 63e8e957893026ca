"""Read a planned run's request and its analysis back from its plan."""

from functools import lru_cache

import msgspec

from analysis import Analysis, AnalysisError, decode_analysis
from events import ReprocessRequested, RunRequested
from handlers.dispatch.errors import Redeliver, Reject
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


def analysis_of(plan: Plan) -> Analysis:
    """Return the analysis as it was when the run was planned, whatever is installed now.

    Raises `Reject` when a newer version planned the run with settings that this one does not know.
    """
    return stored_analysis(plan.run_id, plan.analysis, plan.analysis_files)


def stored_analysis(run_id: str, name: str, files: str) -> Analysis:
    """Return the analysis of a run from two columns of its plan. Raises `Reject`."""
    try:
        return _decoded(name, files)
    except AnalysisError as error:
        raise Reject("analysis_unreadable", f"run {run_id}: {error}") from error


_decoded = lru_cache(maxsize=64)(decode_analysis)
"""A process serves few analyses at a time. The key is their text, so none is taken for another."""
