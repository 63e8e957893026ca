"""A request that would take no record: why, and what to do instead."""

from collections.abc import Mapping

import msgspec

from handlers.summary.run_summary import SKIPPED

from .backend import Backend
from .later_rows import newest_failed
from .next_steps import Step, analysis_option, skipped_steps
from .runs import RunStatus, run_rows

WHY = {
    "no_identity": "without an id",
    "duplicate": "further copies of a record",
    "conflicting_copies": "further copies with another text",
    "outside_filter": "outside the filter of the request",
    "held": "held by an open run",
    "processed": "analysed already",
    "changed": "analysed already, with another transcript than now",
    "failed_before": "failed in an earlier run",
    "empty_transcript": "without text",
    "request_too_large": "too long for one request",
    "below_floor": "older than an incremental run looks back",
}
"""Why rows of the source are not pending, after their number."""


class Nothing(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="nothing"):
    """Nothing was requested, because no record is pending."""

    why: str
    """One sentence."""
    source_rows: int
    skipped: dict[str, int]
    """Rows of the source by the reason why they are not pending."""
    next: list[Step]
    """Commands that help, the first one to begin with."""
    warnings: list[str] = []


def why_nothing(source_rows: int, skipped: Mapping[str, int], analysis: str) -> str:
    """Say in one sentence why no row of the source is pending."""
    if not source_rows:
        return "the source table is empty"
    if skipped.get("processed") == source_rows:
        return f"every record of the source ({source_rows:,}) is analysed by {analysis} already"
    parts = [
        f"{skipped[name]:,} {WHY[name]}" for name in SKIPPED if name in WHY and skipped.get(name)
    ]
    rows = "row" if source_rows == 1 else "rows"
    return f"no record is pending: of {source_rows:,} {rows} in the source, {', '.join(parts)}"


def nothing_pending(
    backend: Backend,
    source_rows: int,
    skipped: Mapping[str, int],
    *,
    analysis: str,
    other_model: str | None = None,
) -> Nothing:
    """Explain an empty selection; `other_model` is one that the request names."""
    left_out = {name: records for name, records in skipped.items() if records}
    why = why_nothing(source_rows, left_out, analysis)
    steps = _steps(backend, left_out, analysis)
    if other_model and left_out.get("processed"):
        why += (
            f"; the name of the analysis decides what is analysed already, not the model: "
            f"to ask {other_model} as well, add a copy of the analysis under a new name"
        )
        copy = Step(
            command="troupe analysis add FOLDER", why=f"adds a copy of {analysis} under a new name"
        )
        steps = [copy, *steps]
    return Nothing(why=why, source_rows=source_rows, skipped=left_out, next=steps)


def when_empty(backend: Backend, run: RunStatus, skipped: Mapping[str, int]) -> list[Step]:
    """The commands that follow a run without records; none for another run."""
    if run.records or run.dry_run:
        return []
    return _steps(backend, skipped, run.analysis)


def _steps(backend: Backend, skipped: Mapping[str, int], analysis: str) -> list[Step]:
    """Name the runs that hold records or have failed ones without a row; the newest of several."""
    own = [run for run in run_rows(backend) if run.analysis == analysis and not run.dry_run]
    holders = [run.run_id for run in own if not run.is_over]
    over = [run for run in own if run.is_over] if skipped.get("failed_before") else []
    return list(
        skipped_steps(
            skipped,
            option=analysis_option(analysis),
            holder=(holders or ["RUN"])[-1],
            failed_run=newest_failed(backend, over) or "RUN",
        )
    )
