"""Clear the history of a run or of records, or forget a person; both count first."""

import json
import re
from collections.abc import Callable, Iterator

import msgspec

from events import RunRequested
from events.commands import EXPECTED, RECORD_ID
from events.ids import STAGING, request_object
from handlers.dispatch.errors import Redeliver
from tracking import Row, convert_rows

from .backend import Backend, InvalidOperation
from .installed import installed_analysis
from .runs import analysis_of, plan_of


class ClearResult(msgspec.Struct, frozen=True, kw_only=True):
    """What `clear_history` removed, or would remove."""

    run_id: str | None
    """None: records of any run."""
    analysis: str
    cleared: bool
    """False: counted only."""
    records: int
    """Processed records."""
    output_rows: int
    failed: int
    """Records that failed for good."""


class ForgetResult(msgspec.Struct, frozen=True, kw_only=True):
    """What `forget` removed, or would remove."""

    forgotten: bool
    """False: counted only."""
    processed: int
    """Processed records."""
    members: int
    """Batch members with their transcripts."""
    errors: int
    review_rows: int
    """Rows of review samples."""
    review_labels: int
    """Records that a reviewer judged."""
    source_rows: int
    """Rows of the source table, which stay."""
    output_rows: int
    golden_labels: int
    """Records of golden sets whose labels are deleted, from all versions."""
    files: list[str]
    """Objects of the bucket that may hold the person until their retention ends."""


class _Clearable(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/privacy/clearable.sql`."""

    records: int
    output_rows: int
    failed: int
    unknown: str | None
    is_held: bool


MOST_RECORDS = 1_000
"""Ids of records that one clearing takes."""
FORGOTTEN = "forgotten"
"""The reason by which `verify` knows what runs lost because a person was forgotten."""


def clear_history(
    backend: Backend,
    run_id: str | None = None,
    reason: str | None = None,
    sure: bool = False,
    record_ids: list[str] | None = None,
    analysis: str | None = None,
) -> ClearResult:
    """Remove what is known of the records of a run, or of these records: the next plan takes them.

    Rows are deleted and failures are lifted, those of earlier runs as well. With `run_id` and
    `record_ids` only these records of the run are cleared. `analysis` is that of the run, or else
    the default one. Counts only unless `sure`. Raises `InvalidOperation` for a record without
    history, and while an open run holds one of the records.
    """
    records = sorted({*(record_ids or [])})
    _check_selection(run_id, records, reason)
    name = _analysis_of(backend, run_id, analysis)
    erasure = backend.dependencies.tracking.erasure
    if run_id is None:
        table = installed_analysis(backend, name).table
    else:
        table = analysis_of(plan_of(backend, run_id)).table
    rows = [erasure.clearable(name, table, run_id, records)]
    (kept,) = convert_rows(rows, _Clearable, "clearable")
    if kept.is_held:
        these = "these records" if run_id is None else f"records of run {run_id}"
        raise InvalidOperation(
            f"an open run holds {these}: wait for its end, or `troupe cancel` it"
        )
    if kept.unknown:
        unknown = kept.unknown.split()
        raise InvalidOperation(
            f"{len(unknown)} of these records have neither a row nor a failure"
            f"{f' in run {run_id}' if run_id else ''}, {unknown[0]} first: correct the ids"
        )
    clears = sure and kept.records + kept.failed > 0
    if clears:
        job = backend.dependencies.new_name()
        _run(lambda: erasure.clear(name, table, run_id, records, job, reason or ""))
    return ClearResult(
        run_id=run_id,
        analysis=name,
        cleared=clears,
        records=kept.records,
        output_rows=kept.output_rows,
        failed=kept.failed,
    )


def _check_selection(run_id: str | None, records: list[str], reason: str | None) -> None:
    if run_id is None and not records:
        raise InvalidOperation("nothing is selected: give --run or --record")
    if len(records) > MOST_RECORDS:
        raise InvalidOperation(
            f"{len(records):,} records are given, and a clearing takes {MOST_RECORDS:,}: "
            "give fewer, or a run"
        )
    if wrong := [each for each in records if not re.match(RECORD_ID, each)]:
        raise InvalidOperation(f"invalid record {wrong[0]!r}: use {EXPECTED[RECORD_ID]}")
    if reason == FORGOTTEN:
        raise InvalidOperation(f"the reason {FORGOTTEN!r} is that of `troupe forget`: give another")


def _analysis_of(backend: Backend, run_id: str | None, analysis: str | None) -> str:
    if run_id is None:
        return analysis or RunRequested(run_id="").analysis
    name = plan_of(backend, run_id).analysis
    if analysis not in (None, name):
        raise InvalidOperation(f"run {run_id} is of the analysis {name}, not of {analysis}")
    return name


def forget(backend: Backend, phone_token: str, sure: bool = False) -> ForgetResult:
    """Remove one person from every table; counts only unless `sure`.

    The token appears in no result, log or name. Raises `InvalidOperation` while an open run holds
    one of the person's records.
    """
    erasure = backend.dependencies.tracking.erasure
    analyses = backend.dependencies.analyses
    tables = sorted({analyses.load(name).table for name in analyses.names})
    counts = erasure.of_person(phone_token, tables)
    if counts["is_held"]:
        raise InvalidOperation(
            "an open run holds records of this person: wait for its end, or `troupe cancel` it"
        )
    attempts = erasure.attempts_of_person(phone_token)
    if sure:
        name = backend.dependencies.new_name()
        _run(lambda: erasure.forget(phone_token, tables, name))
    result = counts | {"forgotten": sure, "files": sorted(_files(backend, attempts))}
    return convert_rows([result], ForgetResult, "counts_of_person")[0]


def _files(backend: Backend, attempts: list[Row]) -> Iterator[str]:
    """Request files, output and staged answers that may hold the person."""
    bucket, deployment = backend.dependencies.bucket, backend.dependencies.deployment
    if not attempts:
        return
    requests = {
        bucket.uri(request_object(deployment.attempt(a["run_id"], a["batch"], a["attempt"])))
        for a in attempts
    }
    yield from (blob.uri for blob in bucket.list(bucket.uri("requests")) if blob.uri in requests)
    for folder in sorted({folder for a in attempts for folder in json.loads(a["outputs"] or "[]")}):
        yield from (blob.uri for blob in bucket.list(folder))
    # The names of staged files do not tell their attempt: any of them may hold the person.
    yield from (blob.uri for blob in bucket.list(bucket.uri(STAGING)))


def _run(transaction: Callable[[], bool]) -> None:
    try:
        transaction()
    except Redeliver as error:
        raise InvalidOperation(
            "another plan or clearing ran at the same time and nothing was changed; "
            "give the command again"
        ) from error
