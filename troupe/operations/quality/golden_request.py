"""A run over the records of a golden set: what is requested, and what it leaves out."""

from collections.abc import Mapping
from typing import Any

import msgspec

from troupe.operations.backend import Backend, InvalidOperation
from troupe.operations.empty_request import WHY, Nothing
from troupe.operations.next_steps import Step

from .golden_sets import find_version

MOST_RECORDS = 150_000
"""Ids that a request of 10 MB, and BigQuery's parameters of the plan, can hold for certain."""
_MODES = (None, "production", "custom", "single")
LEFT_OUT = {
    name: WHY[name]
    for name in (
        "held", "processed", "changed", "failed_before", "empty_transcript", "request_too_large"
    )
} | {"beyond_limit": "beyond the limit"}  # fmt: skip
"""Reasons that concern the requested records alone, and not the rest of the source."""
MISSING = "not in the source, or outside the filter"
_ABOUT_THE_SOURCE = ("troupe request", "troupe load")


class GoldenRequest(msgspec.Struct, frozen=True, kw_only=True):
    """How the records of a golden set are covered by a request."""

    golden: str
    version: int
    records: int
    """Of the set."""
    asked: int
    left_out: dict[str, int] = {}
    """Records of the set that are not asked, by reason."""
    missing: int = 0
    """Records of the set that the source does not have, or that a filter of the request excludes."""

    @property
    def name(self) -> str:
        return f"golden:{self.golden}@{self.version}"


def of_golden(
    backend: Backend, request: Mapping[str, Any], golden: str
) -> tuple[dict[str, Any], GoldenRequest]:
    """Return the request for just the records of `NAME` or `NAME@VERSION`.

    Raises `InvalidOperation` for an unknown set, or a request that names records or a mode itself.
    """
    if request.get("record_ids"):
        raise InvalidOperation("--golden names the records: leave out --record-id")
    if request.get("mode") not in _MODES:
        raise InvalidOperation(
            f"--golden cannot be combined with --mode {request['mode']}: leave out --mode, and use "
            "--limit for fewer records"
        )
    version = find_version(backend, golden)
    rows = backend.dependencies.tracking.golden_sets.rows_of(version.golden, version.version)
    if len(rows) > MOST_RECORDS:
        raise InvalidOperation(
            f"golden set {version.golden} has {len(rows):,} records, and a request holds "
            f"{MOST_RECORDS:,}: add a smaller set, or request the whole source without --golden"
        )
    ids = [row.record_id for row in rows]
    asked = GoldenRequest(golden=version.golden, version=version.version, records=len(ids), asked=0)
    return {**request, "mode": "custom", "record_ids": ids}, asked


def covered(golden: GoldenRequest, asked: int, skipped: Mapping[str, int]) -> GoldenRequest:
    """Return how a selection covers the set; `skipped` has rows of the source by reason."""
    left_out = {name: skipped[name] for name in LEFT_OUT if skipped.get(name)}
    missing = max(0, golden.records - asked - sum(left_out.values()))
    return msgspec.structs.replace(golden, asked=asked, left_out=left_out, missing=missing)


def when_nothing(golden: GoldenRequest, analysis: str, nothing: Nothing) -> Nothing:
    """Say why no record of the set is asked, and how to compare what is analysed."""
    counts = [f"{count:,} {LEFT_OUT[name]}" for name, count in golden.left_out.items()]
    if golden.missing:
        counts.append(f"{golden.missing:,} {MISSING}")
    name = f"golden set {golden.golden} version {golden.version}"
    why = f"no record of {name} is pending: of {golden.records:,}, {', '.join(counts)}"
    steps = [step for step in nothing.next if not step.command.startswith(_ABOUT_THE_SOURCE)]
    if golden.left_out.get("processed"):
        compare = Step(
            command=f"troupe compare {analysis} {golden.name}",
            why="compares its answers with the labels",
        )
        steps = [compare, *steps]
    return msgspec.structs.replace(nothing, why=why, next=steps)
