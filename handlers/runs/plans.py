"""Read a planned run's request and its analysis from its plan, which another version may have written."""

from functools import lru_cache
from typing import Any

import msgspec

from analysis import Analysis, AnalysisError, decode_analysis
from events import (
    ReprocessRequested,
    RereadRequested,
    RunRequested,
    Settings,
    data_of,
    read_recorded,
)
from events.ids import short_hash
from handlers.dispatch.errors import Redeliver, Reject
from tracking import Plan, Tracking

PlanRequest = RunRequested | ReprocessRequested | RereadRequested
"""A command that plans a run."""
_KINDS: dict[str, type[PlanRequest]] = {"reprocess": ReprocessRequested, "reread": RereadRequested}
"""By mode; every other mode is one of `RunRequested`."""


def plan_of(tracking: Tracking, run_id: str) -> Plan:
    """Return the plan. Raises `Redeliver` for an unplanned run: its row may only be late."""
    plan = tracking.plan_of(run_id)
    if plan is None:
        raise Redeliver(f"run {run_id} has no plan")
    return plan


def settings_of(plan: Plan) -> Settings:
    """Return what handlers need of the request: the rest may be of a version that knows more."""
    return read_recorded(plan.request.encode(), Settings)


def request_of(plan: Plan) -> PlanRequest:
    """Return the whole request. Raises `Unreadable` for one that only a newer version knows."""
    return read_recorded(plan.request.encode(), kind_of(plan))


def kind_of(plan: Plan) -> type[PlanRequest]:
    """Return the class of the command that planned the run."""
    return _KINDS.get(plan.mode, RunRequested)


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


def content_hash(request: PlanRequest) -> str:
    """Return a hash that is equal for requests of equal content.

    It covers what was asked and no defaults: a field that a later version adds changes no hash of
    a request without it.
    """
    return _hash_of(type(request), data_of(request))


def planned_hash(plan: Plan) -> str:
    """Return the `content_hash` of the request that was planned, whichever version planned it.

    It is computed, because the stored one may be that of another version. A field of a newer
    version is left out, because its default is not known here.
    """
    return _hash_of(kind_of(plan), plan.request.encode())


def _hash_of(kind: type[PlanRequest], data: bytes) -> str:
    fields: dict[str, Any] = msgspec.json.decode(data)
    defaults = _defaults(kind)
    asked = {
        name: value
        for name, value in fields.items()
        if name in kind.__struct_fields__ and (name not in defaults or value != defaults[name])
    }
    return short_hash(kind.__name__ + msgspec.json.encode(asked, order="sorted").decode())


def _defaults(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the defaults by field; a field without one is not in it."""
    optional = [field for field in msgspec.structs.fields(kind) if not field.required]
    return {
        field.name: field.default
        if field.default is not msgspec.NODEFAULT
        else field.default_factory()
        for field in optional
    }
