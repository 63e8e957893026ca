"""Clear the history of a run, or forget a person. Both count what they would remove first."""

import json
from collections.abc import Callable, Iterator

import msgspec

from events.ids import request_object
from handlers.dispatch.errors import Redeliver
from tracking import Row, convert_rows

from .backend import Backend, InvalidOperation
from .runs import analysis_of, plan_of


class ClearResult(msgspec.Struct, frozen=True, kw_only=True):
    """What `clear_history` removed, or would remove."""

    run_id: str
    cleared: bool
    """False: counted only."""
    records: int
    """Processed records."""
    output_rows: int


class ForgetResult(msgspec.Struct, frozen=True, kw_only=True):
    """What `forget` removed, or would remove."""

    forgotten: bool
    """False: counted only."""
    processed: int
    """Processed records."""
    members: int
    """Batch members with their transcripts."""
    errors: int
    source_rows: int
    """Rows of the source table, which stay."""
    output_rows: int
    files: list[str]
    """Objects of the bucket that may hold the person until their retention ends."""


class _Clearable(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/clearable.sql`."""

    records: int
    output_rows: int
    clearings: int
    is_held: bool


class _Person(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/counts_of_person.sql`, with the rows of every output table."""

    processed: int
    members: int
    errors: int
    source_rows: int
    output_rows: int
    is_held: bool


def clear_history(
    backend: Backend, run_id: str, reason: str | None = None, sure: bool = False
) -> ClearResult:
    """Remove the stored records of a run, so that the next plan selects them again.

    Counts only unless `sure`. Raises `InvalidOperation` while an open run holds one of the records.
    """
    plan = plan_of(backend, run_id)
    erasure = backend.dependencies.tracking.erasure
    table = analysis_of(plan).table
    rows = [erasure.clearable(run_id, plan.analysis, table)]
    (kept,) = convert_rows(rows, _Clearable, "clearable")
    if kept.is_held:
        raise InvalidOperation(
            f"an open run holds records of run {run_id}: wait for its end, or `troupe cancel` it"
        )
    clears = sure and kept.records > 0
    if clears:
        number = kept.clearings + 1
        _run(lambda: erasure.clear(run_id, plan.analysis, table, number, reason or ""))
    return ClearResult(
        run_id=run_id, cleared=clears, records=kept.records, output_rows=kept.output_rows
    )


def forget(backend: Backend, phone_token: str, sure: bool = False) -> ForgetResult:
    """Remove one person from every table; counts only unless `sure`.

    The token appears in no result, log or name. Raises `InvalidOperation` while an open run holds
    one of the person's records.
    """
    erasure = backend.dependencies.tracking.erasure
    analyses = backend.dependencies.analyses
    tables = sorted({analyses.load(name).table for name in analyses.names})
    (kept,) = convert_rows([erasure.of_person(phone_token, tables)], _Person, "counts_of_person")
    if kept.is_held:
        raise InvalidOperation(
            "an open run holds records of this person: wait for its end, or `troupe cancel` it"
        )
    files = sorted(_files(backend, erasure.attempts_of_person(phone_token)))
    if sure:
        name = backend.dependencies.new_name()
        _run(lambda: erasure.forget(phone_token, tables, name))
    return ForgetResult(
        forgotten=sure,
        processed=kept.processed,
        members=kept.members,
        errors=kept.errors,
        source_rows=kept.source_rows,
        output_rows=kept.output_rows,
        files=files,
    )


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
    yield from (blob.uri for blob in bucket.list(bucket.uri("staging")))


def _run(transaction: Callable[[], bool]) -> None:
    try:
        transaction()
    except Redeliver as error:
        raise InvalidOperation(
            "another plan or clearing ran at the same time and nothing was changed; "
            "give the command again"
        ) from error
