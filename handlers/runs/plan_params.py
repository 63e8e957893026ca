"""The parameters of the planning statements, from a request and its analysis."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from analysis import Analysis, Rule, encode_analysis
from events import ReprocessRequested, RunRequested, data_of
from events.commands import BYTES_LIMIT
from tracking import Redaction, RedactionRule

from .plans import content_hash


def plan_params(
    request: RunRequested | ReprocessRequested,
    request_id: str,
    analysis: Analysis,
    event_time_floor: datetime | None = None,
) -> dict[str, Any]:
    """Return every parameter of `plan_run.sql` and `preview_plan.sql` except the run's id."""
    largest = analysis.line_overhead_bytes + analysis.max_transcript_bytes
    model = request.model or analysis.model
    return {
        **_selection(request),
        "request": data_of(request).decode(),
        "request_hash": content_hash(request),
        "request_id": request_id,
        "analysis": analysis.name,
        "analysis_files": encode_analysis(analysis),
        "prompt_fingerprint": analysis.prompt_fingerprint(model),
        "model": model,
        "dry_run": request.dry_run,
        "event_time_floor": event_time_floor,
        "rows_per_batch": request.rows_per_batch,
        # A batch may exceed its cap by one record; the service's limit may not be exceeded.
        "bytes_per_batch": min(request.bytes_per_batch, BYTES_LIMIT - largest),
        "canary": min(request.canary, request.rows_per_batch),
        "line_overhead": analysis.line_overhead_bytes,
        "attribute_copies": analysis.template.attribute_copies,
        "max_transcript_bytes": analysis.max_transcript_bytes,
    }


def redaction_of(analysis: Analysis) -> Redaction:
    """Return what a plan of this analysis replaces before it freezes a transcript."""
    redaction = analysis.redaction
    return redaction_by(redaction.applied, counted=redaction.is_counted)


def redaction_by(rules: Sequence[Rule], *, counted: bool = False) -> Redaction:
    """Return the redaction in SQL by these rules."""
    return Redaction(rules=[RedactionRule(*rule) for rule in rules], counted=counted)


def _selection(request: RunRequested | ReprocessRequested) -> dict[str, Any]:
    if isinstance(request, ReprocessRequested):
        return _NOTHING | {
            "reprocess": True,
            "mode": "reprocess",
            "of_run": request.of_run,
            "batches": list(request.batches),
            "error_types": list(request.error_types),
            "record_ids": list(request.record_ids),
            "changed": request.changed,
        }
    return _NOTHING | {
        "mode": request.mode,
        "whole": is_whole(request),
        "limit": request.limit,
        "event_time_from": request.event_time_from,
        "event_time_to": request.event_time_to,
        "providers": list(request.providers),
        "directions": list(request.directions),
        "record_ids": list(request.record_ids),
    }


def is_whole(request: RunRequested) -> bool:
    """Tell whether a request takes everything pending, so that an incremental run may start from it.

    Its plan looks whether a limit left anything out.
    """
    return request.mode != "test" and not request.record_ids and not request.narrowed


_NOTHING: dict[str, Any] = {
    "reprocess": False,
    "of_run": None,
    "batches": [],
    "error_types": [],
    "record_ids": [],
    "changed": False,
    "whole": False,
    "limit": None,
    "event_time_from": None,
    "event_time_to": None,
    "providers": [],
    "directions": [],
}
