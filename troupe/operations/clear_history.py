"""Clear the history of a run, or forget a person: both show what they would take away first."""

import json
from collections.abc import Callable, Iterator

from events.ids import request_object
from handlers.dispatch.errors import Redeliver
from tracking import Row

from .backend import Answer, Backend, InvalidOperation
from .runs import plan_of


def clear_history(
    backend: Backend, run_id: str, reason: str | None = None, sure: bool = False
) -> Answer:
    """Take the stored records of a run away, so that the next plan asks them again.

    Only counts until it is `sure`. Refused while an open run holds one of the records.
    """
    plan = plan_of(backend, run_id)
    erasure = backend.dependencies.tracking.erasure
    table = backend.dependencies.analyses.load(plan.analysis).table
    found = erasure.clearable(run_id, plan.analysis, table)
    if found["is_held"]:
        raise InvalidOperation(
            f"an open run holds records of run {run_id}: wait for its end, or `troupe cancel` it"
        )
    counts = {name: found[name] for name in ("records", "output_rows")}
    if not sure or not found["records"]:
        return {"run_id": run_id, "cleared": False, **counts}
    _done(lambda: erasure.clear(run_id, plan.analysis, table, found["clearings"] + 1, reason or ""))
    return {"run_id": run_id, "cleared": True, **counts}


def forget(backend: Backend, phone_token: str, sure: bool = False) -> Answer:
    """Remove one person from every table; only count until it is `sure`.

    `files` still hold the person until their retention ends. The token is in no answer, log or
    name. Refused while an open run holds one of the records.
    """
    erasure = backend.dependencies.tracking.erasure
    analyses = backend.dependencies.analyses
    tables = sorted({analyses.load(name).table for name in analyses.names})
    found = erasure.of_person(phone_token, tables)
    if found.pop("is_held"):
        raise InvalidOperation(
            "an open run holds records of this person: wait for its end, or `troupe cancel` it"
        )
    files = sorted(_files(backend, erasure.attempts_of_person(phone_token)))
    if sure:
        name = backend.dependencies.new_name()
        _done(lambda: erasure.forget(phone_token, tables, name))
    return {"forgotten": sure, **found, "files": files}


def _files(backend: Backend, attempts: list[Row]) -> Iterator[str]:
    """Request files, output and staged answers that the person may stand in."""
    bucket, deployment = backend.dependencies.bucket, backend.dependencies.deployment
    if not attempts:
        return
    asked = {
        bucket.uri(request_object(deployment.attempt(a["run_id"], a["batch"], a["attempt"])))
        for a in attempts
    }
    yield from (blob.uri for blob in bucket.list(bucket.uri("requests")) if blob.uri in asked)
    for folder in sorted({folder for a in attempts for folder in json.loads(a["outputs"] or "[]")}):
        yield from (blob.uri for blob in bucket.list(folder))
    # Staged answers carry private names: any of them may hold the person.
    yield from (blob.uri for blob in bucket.list(bucket.uri("staging")))


def _done(transaction: Callable[[], bool]) -> None:
    try:
        transaction()
    except Redeliver as error:
        raise InvalidOperation(
            "another plan or clearing was in the way, and nothing was changed: ask again"
        ) from error
