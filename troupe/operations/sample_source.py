"""Read a few transcripts of the source table, to try a prompt on them."""

from collections.abc import Sequence

import msgspec

from analysis import Rule
from handlers.runs.plan_params import redaction_by

from .backend import Backend, InvalidOperation


class SampledRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record of the source table with its transcript, redacted, which is personal data still."""

    record_id: str
    transcript: str


class SourceSample(msgspec.Struct, frozen=True, kw_only=True):
    """Some records of the source table."""

    records: list[SampledRecord]


def sample_source(
    backend: Backend,
    sample: int,
    seed: str = "0",
    record_ids: Sequence[str] = (),
    rules: Sequence[Sequence[str]] = (),
) -> SourceSample:
    """Return `sample` records by chance, the same ones for the same seed, or those with these ids.

    `rules` are redaction rules: name, pattern and replacement. The warehouse applies them, so that
    what they replace does not leave it. Raises `InvalidOperation` for an id that the source table does not hold, and for an empty table.
    """
    most = len(set(record_ids)) or sample
    params = {"sample": most, "seed": seed, "record_ids": list(record_ids)}
    redaction = redaction_by([Rule(*rule) for rule in rules])
    records = backend.dependencies.tracking.rows(
        "sample_of_source",
        SampledRecord,
        {**params, **redaction.params()},
        sent_text=redaction.redacted("s.transcript"),
    )
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
