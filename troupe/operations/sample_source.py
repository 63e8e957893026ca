"""Read a few transcripts of the source table, to try a prompt on them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from analysis import Rule
from handlers.runs.plan_params import redaction_by
from tracking import SourceReading

from .backend import Backend, InvalidOperation


class SampledRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record of the source table with its transcript, redacted, which is personal data still."""

    record_id: str
    transcript: str
    attributes: str | None = None
    """Call attributes as a JSON object."""


class SourceSample(msgspec.Struct, frozen=True, kw_only=True):
    """Some records of the source table."""

    records: list[SampledRecord]


def sample_source(
    backend: Backend,
    sample: int,
    seed: str = "0",
    record_ids: Sequence[str] = (),
    rules: Sequence[Sequence[str]] = (),
    attributes: Mapping[str, str] | None = None,
) -> SourceSample:
    """Return `sample` records by chance, the same ones for the same seed, or those with these ids.

    `attributes` are call attributes with their types; `rules` are redaction rules: name, pattern and
    replacement. The warehouse applies them, so that
    what they replace does not leave it. Raises `InvalidOperation` for an id that the source table does not hold, and for an empty table.
    """
    most = len(set(record_ids)) or sample
    params: dict[str, Any] = {"sample": most, "seed": seed, "record_ids": list(record_ids)}
    reading = SourceReading(
        redaction=redaction_by([Rule(*rule) for rule in rules]), attributes=attributes or {}
    )
    tracking = backend.dependencies.tracking
    problems = tracking.source_problems(reading.attributes)
    if problems:
        raise InvalidOperation(
            f"the source table {problems[0][1]}; add the column, or remove the call attribute"
        )
    params |= reading.params()
    records = tracking.rows("sample_of_source", SampledRecord, params, **tracking.names(reading))
    missing = set(record_ids) - {each.record_id for each in records}
    if missing:
        raise InvalidOperation(
            f"no row of the source table has record id {min(missing)}: correct --record, or leave "
            "it out for some records by chance"
        )
    if not records:
        raise InvalidOperation(
            "the source table holds no transcript: add some with `troupe load FILE`"
        )
    return SourceSample(records=records)
