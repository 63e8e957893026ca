"""A request, as the planning statements take it."""

from datetime import datetime
from typing import Any

from analysis import Analysis
from events import ReprocessRequested, RunRequested, data_of
from events.commands import BYTES_LIMIT
from events.ids import short_hash


def content_hash(wish: RunRequested | ReprocessRequested) -> str:
    """Equal for two requests that ask for the same."""
    return short_hash(type(wish).__name__ + data_of(wish).decode())


def plan_params(
    wish: RunRequested | ReprocessRequested,
    request_id: str,
    analysis: Analysis,
    event_time_floor: datetime | None = None,
) -> dict[str, Any]:
    """Every parameter of `plan_run.sql` and `preview_plan.sql` but the run's id."""
    largest = analysis.line_overhead_bytes + analysis.max_transcript_bytes
    return {
        **_selection(wish),
        "request": data_of(wish).decode(),
        "request_hash": content_hash(wish),
        "request_id": request_id,
        "analysis": analysis.name,
        "model": wish.model or analysis.model,
        "dry_run": wish.dry_run,
        "event_time_floor": event_time_floor,
        "rows_per_batch": wish.rows_per_batch,
        # A batch may exceed its cap by one record; the service's limit may not be exceeded.
        "bytes_per_batch": min(wish.bytes_per_batch, BYTES_LIMIT - largest),
        "canary": min(wish.canary, wish.rows_per_batch),
        "line_overhead": analysis.line_overhead_bytes,
        "max_transcript_bytes": analysis.max_transcript_bytes,
    }


def _selection(wish: RunRequested | ReprocessRequested) -> dict[str, Any]:
    if isinstance(wish, ReprocessRequested):
        return _NOTHING | {
            "reprocess": True,
            "mode": "reprocess",
            "of_run": wish.of_run,
            "batches": list(wish.batches),
            "error_types": list(wish.error_types),
            "record_ids": list(wish.record_ids),
        }
    return _NOTHING | {
        "mode": wish.mode,
        "whole": is_whole(wish),
        "limit": wish.limit,
        "event_time_from": wish.event_time_from,
        "event_time_to": wish.event_time_to,
        "providers": list(wish.providers),
        "directions": list(wish.directions),
        "record_ids": list(wish.record_ids),
    }


def is_whole(wish: RunRequested) -> bool:
    """Whether it leaves out nothing that is pending, so that the next run may start from it."""
    return wish.limit is None and not wish.record_ids and not wish.narrowed


_NOTHING: dict[str, Any] = {
    "reprocess": False,
    "of_run": None,
    "batches": [],
    "error_types": [],
    "record_ids": [],
    "whole": False,
    "limit": None,
    "event_time_from": None,
    "event_time_to": None,
    "providers": [],
    "directions": [],
}
