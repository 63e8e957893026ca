"""What a request needs: permissions by its path, its body, and the tables of its SQL. Pure."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import sqlglot
from sqlglot import exp

from tracking.tables import layouts

from .grants import Need

_BIGQUERY = re.compile(
    r"/bigquery/v2/projects/[^/]+/(?:(?P<kind>jobs|queries)(?:/(?P<job>[^/?]+))?"
    r"|datasets/(?P<dataset>[^/]+)/tables(?:/(?P<table>[^/]+))?)"
)
_OBJECTS = re.compile(
    r"/(?:(?P<way>upload|download)/)?storage/v1/b/(?P<bucket>[^/]+)(?:/o(?:/(?P<object>.+))?)?"
)
_JOBS = re.compile(
    r"/v1/projects/[^/]+/locations/[^/]+/batchPredictionJobs(?P<one>/\d+)?(?P<cancel>:cancel)?"
)
_NAME = re.compile(rb'"name":\s*"([^"]+)"')
_WRITES = exp.Insert | exp.Update | exp.Delete | exp.Merge


class UnknownRequest(Exception):
    """No rule says which permission this request needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of one deployment's resources, and the words for them in a `Need`."""

    dataset: str
    staging: str
    topic_prefix: str
    buckets: dict[str, str]
    """`work` or `output`, by the name of the bucket."""

    def table(self, dataset: str, table: str) -> str:
        return f"staging/{table}" if dataset == self.staging else f"tables/{table}"

    def topic(self, path: str) -> str:
        return "topics/" + path.rpartition("/")[2].removeprefix(self.topic_prefix)

    def object(self, bucket: str, name: str) -> str:
        return f"objects/{self.buckets[bucket]}/{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request."""

    method: str
    target: str
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}


def job_read_by(request: Request) -> str | None:
    """Return the id of the BigQuery job that the request reads: its creator needs no permission."""
    match = _BIGQUERY.fullmatch(request.path)
    return match["job"] if match and request.method == "GET" else None


def needs_of(request: Request, names: Names) -> list[Need]:
    """Return what an HTTP request needs. Raises `UnknownRequest`."""
    for pattern, rule in ((_BIGQUERY, _of_bigquery), (_OBJECTS, _of_storage), (_JOBS, _of_vertex)):
        match = pattern.fullmatch(request.path)
        if match:
            return sorted(set(rule(request, match, names)))
    raise UnknownRequest(f"{request.method} {request.path}")


def _of_bigquery(request: Request, match: re.Match[str], names: Names) -> Iterator[Need]:
    if match["dataset"]:
        verb = {"GET": "get", "DELETE": "delete"}[request.method]
        yield Need(f"bigquery.tables.{verb}", names.table(match["dataset"], match["table"]))
        return
    if request.method == "GET":
        yield Need("bigquery.jobs.get", "project")
        return
    yield Need("bigquery.jobs.create", "project")
    body = json.loads(request.body)
    work = body if match["kind"] == "queries" else body["configuration"]
    if "load" in work:
        yield from _of_load(work["load"], names)
    else:
        query = work if match["kind"] == "queries" else work["query"]
        yield from needs_of_sql(query["query"], names)


def _of_load(load: dict[str, Any], names: Names) -> Iterator[Need]:
    target = names.table(load["destinationTable"]["datasetId"], load["destinationTable"]["tableId"])
    yield from (Need(f"bigquery.tables.{verb}", target) for verb in ("create", "updateData"))
    for uri in load["sourceUris"]:
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        yield Need("storage.buckets.get", f"buckets/{names.buckets[bucket]}")
        yield Need("storage.objects.get", names.object(bucket, name))


@lru_cache(maxsize=512)
def _tables_in(sql: str) -> tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str]]]:
    """Return the tables that a script reads and writes, each with its dataset, if that is named."""
    reads, writes = set[tuple[str, str]](), set[tuple[str, str]]()
    for parsed in sqlglot.parse(sql, read="bigquery"):
        if parsed is None:
            continue
        target = parsed.find(exp.Table) if isinstance(parsed, _WRITES) else None
        if target is not None:
            writes.add((target.db, target.name))
        for table in parsed.find_all(exp.Table):
            # The target of an update, a deletion or a merge is read as well.
            if table is not target or not isinstance(parsed, exp.Insert):
                reads.add((table.db, table.name))
    return frozenset(reads), frozenset(writes)


def needs_of_sql(sql: str, names: Names) -> Iterator[Need]:
    """Yield what the tables of a script need; its temporary tables need nothing."""
    reads, writes = _tables_in(sql)
    for tables, verb in ((reads, "getData"), (writes, "updateData")):
        for dataset, table in tables:
            if dataset or table in layouts():
                yield Need(f"bigquery.tables.{verb}", names.table(dataset, table))


def _of_storage(request: Request, match: re.Match[str], names: Names) -> Iterator[Need]:
    bucket = match["bucket"]
    if match["way"] == "upload":
        named = request.query.get("name") or _name_in(request.body)
        yield Need("storage.objects.create", names.object(bucket, named))
    elif match["object"]:
        verb = {"GET": "get", "DELETE": "delete", "PATCH": "update"}[request.method]
        yield Need(f"storage.objects.{verb}", names.object(bucket, unquote(match["object"])))
    elif request.path.endswith("/o"):
        yield Need("storage.objects.list", f"buckets/{names.buckets[bucket]}")
    else:
        yield Need("storage.buckets.get", f"buckets/{names.buckets[bucket]}")


def _name_in(body: bytes) -> str:
    found = _NAME.search(body)
    if found is None:
        raise UnknownRequest("an upload without the name of its object")
    return found[1].decode()


def _of_vertex(request: Request, match: re.Match[str], names: Names) -> Iterator[Need]:
    verbs = ("cancel" if match["cancel"] else "get") if match["one"] else ("create", "list")
    verb = verbs if isinstance(verbs, str) else verbs[request.method == "GET"]
    yield Need(f"aiplatform.batchPredictionJobs.{verb}", "project")
