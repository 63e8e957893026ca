"""The stand-in as an HTTP server: its replies, and that its jobs are processed."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handlers.ports import Job, JobState
from tests.local.fakes import HeldClock, MemoryBucket
from tests.standin.list_filter import BadFilter, read_filter
from tests.standin.test_vertex import request
from tests.standin.vertex_server import VertexServer
from troupe.standin.vertex import StandIn

PARENT = "/v1/projects/p/locations/europe-west4/batchPredictionJobs"
BODY = {
    "displayName": "one", "model": "publishers/google/models/gemini-3.5-flash-lite",
    "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": ["gs://here/in.jsonl"]}},
    "outputConfig": {
        "predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": "gs://here/output/1"},
    },
    "labels": {"troupe": "ab12"},
}  # fmt: skip


class Caller:
    """Calls the server with Python's own HTTP client."""

    def __init__(self, server: VertexServer) -> None:
        self.server = server

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body else b""
        http_request = urllib.request.Request(  # noqa: S310
            self.server.address + path, method=method, data=data or None
        )
        try:
            with urllib.request.urlopen(http_request, timeout=30) as reply:  # noqa: S310
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


@pytest.fixture
def written() -> threading.Event:
    """Set once an output file was written."""
    return threading.Event()


@pytest.fixture
def call(tmp_path: Path, written: threading.Event) -> Iterator[Caller]:
    """A server with one request file in its bucket."""
    bucket = MemoryBucket()
    bucket.write_once("in.jsonl", [json.dumps(request(1)).encode() + b"\n"])
    service = StandIn(tmp_path, bucket, HeldClock(), on_output=lambda _: written.set())
    server = VertexServer(service)
    server.start()
    yield Caller(server)
    server.close()


def test_a_job_is_processed_in_the_background(call: Caller, written: threading.Event) -> None:
    """Its name has the project and location of the request."""
    status, job = call("POST", PARENT, BODY)

    assert (200, "JOB_STATE_PENDING") == (status, job["state"])
    assert job["name"].startswith(PARENT.removeprefix("/v1/"))
    assert written.wait(30)
    with call.server.held() as service:
        (ended,) = service.find({})
    assert JobState.SUCCEEDED is ended.state
    _, reply = call("GET", f"/v1/{job['name']}")
    assert ("JOB_STATE_SUCCEEDED", ended.output_folder) == (
        reply["state"], reply["outputInfo"]["gcsOutputDirectory"],
    )  # fmt: skip


def test_a_list_comes_in_pages(call: Caller) -> None:
    """Each page with the token of the next one."""
    for _ in range(5):
        call("POST", PARENT, BODY)
    seen, token = [], ""
    for _ in range(3):
        _, page = call("GET", f"{PARENT}?pageSize=2&pageToken={token or 0}")
        seen += [job["name"] for job in page["batchPredictionJobs"]]
        token = page.get("nextPageToken", "")

    assert (5, "") == (len(set(seen)), token)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "name"),
    [
        ("GET", "/v1/projects/p/locations/l/models", None, 404, "NOT_FOUND"),
        ("GET", f"{PARENT}/7", None, 404, "NOT_FOUND"),
        ("POST", f"{PARENT}/7:cancel", None, 404, "NOT_FOUND"),
        ("POST", f"{PARENT}/7", BODY, 405, "UNIMPLEMENTED"),
        ("POST", PARENT, b"{", 400, "INVALID_ARGUMENT"),
        ("POST", PARENT, {"displayName": "one"}, 400, "INVALID_ARGUMENT"),
        ("POST", PARENT, BODY | {"labels": {"A": "b"}}, 400, "INVALID_ARGUMENT"),
        ("POST", PARENT, BODY | {"model": "unknown"}, 404, "NOT_FOUND"),
        ("GET", f"{PARENT}?filter=labels.a", None, 400, "INVALID_ARGUMENT"),
        ("GET", f"{PARENT}?pageToken=x", None, 400, "INVALID_ARGUMENT"),
    ],
)
def test_errors_have_the_status_of_the_service(
    call: Caller, method: str, path: str, body: Any, status: int, name: str
) -> None:
    """HTTP status and status name, as the client reads them."""
    answered, reply = call(method, path, body)

    assert (status, status, name) == (answered, reply["error"]["code"], reply["error"]["status"])


JOB = Job(
    name="n", state=JobState.RUNNING, labels={"a": "x", "b": 'q"uote'}, created_at=HeldClock()()
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", True),
        ("labels.a=x", True),
        ('labels.a="x"', True),
        ("labels.a!=x", False),
        ("labels.missing=x", False),
        (r'labels.b="q\"uote"', True),
        ('labels.a="x" AND state="JOB_STATE_RUNNING"', True),
        ('labels.a="x" AND state!="JOB_STATE_RUNNING"', False),
        ('create_time>="2026-03-02T09:00:00Z"', True),
        ('create_time>"2026-03-02T09:00:00Z"', False),
        ('create_time<"2026-03-02T10:00:00+01:00"', False),
    ],
)
def test_filters_work_as_vertex_documents(text: str, shown: bool) -> None:
    """As far as batch prediction jobs need them."""
    assert shown is read_filter(text)(JOB)


@pytest.mark.parametrize(
    "text",
    ["x", "labels.a", "labels.a=x OR labels.a=y", "labels.a=x AND ", "labels.a=x labels.b=y",
     "labels.a>x", "NOT labels.a=x", "create_time=soon", 'create_time>"2026-03-02T09:00:00"'],
)  # fmt: skip
def test_an_invalid_filter_is_refused(text: str) -> None:
    """Instead of listing too many jobs."""
    with pytest.raises(BadFilter):
        read_filter(text)
