"""The gate before the emulators: what a request needs, and what a service without it gets."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from google.api_core import exceptions as api
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client

from tests.cloud.rights.gate import Gate, Upstreams
from tests.cloud.rights.grants import (
    Grant,
    Need,
    granted_to,
    unused,
    written_only_by_right,
)
from tests.cloud.rights.requests import Names, Request, UnknownRequest, needs_of, needs_of_sql
from troupe.deployment.services import groupings

NAMES = Names(
    dataset="t", staging="s", topic_prefix="x-", buckets={"b-work": "work", "b-out": "output"}
)
BIGQUERY, STORAGE = "/bigquery/v2/projects/p", "/storage/v1/b"
LOAD = {
    "configuration": {
        "load": {
            "destinationTable": {"projectId": "p", "datasetId": "s", "tableId": "answers_1"},
            "sourceUris": ["gs://b-work/staging/a.ndjson"],
        }
    }
}
SQL = "UPDATE planning_lock SET plans = 1 WHERE TRUE; SELECT * FROM `p.s.answers_1`, run_plans"


def texts(method: str, target: str, body: object = None) -> list[str]:
    data = json.dumps(body).encode() if body is not None else b""
    return [str(each) for each in needs_of(Request(method=method, target=target, body=data), NAMES)]


@pytest.mark.parametrize(
    ("method", "target", "body", "needs"),
    [
        ("GET", f"{BIGQUERY}/jobs/j1?location=EU", None, ["bigquery.jobs.get on project"]),
        (
            "POST",
            f"{BIGQUERY}/queries",
            {"query": SQL},
            [
                "bigquery.jobs.create on project",
                "bigquery.tables.getData on staging/answers_1",
                "bigquery.tables.getData on tables/planning_lock",
                "bigquery.tables.getData on tables/run_plans",
                "bigquery.tables.updateData on tables/planning_lock",
            ],
        ),
        (
            "POST",
            f"{BIGQUERY}/jobs",
            LOAD,
            [
                "bigquery.jobs.create on project",
                "bigquery.tables.create on staging/answers_1",
                "bigquery.tables.updateData on staging/answers_1",
                "storage.buckets.get on buckets/work",
                "storage.objects.get on objects/work/staging/a.ndjson",
            ],
        ),
        (
            "GET",
            f"{BIGQUERY}/datasets/t/tables/events",
            None,
            ["bigquery.tables.get on tables/events"],
        ),
        (
            "POST",
            f"/upload{STORAGE}/b-work/o?uploadType=multipart",
            {"name": "requests/1.jsonl"},
            ["storage.objects.create on objects/work/requests/1.jsonl"],
        ),
        (
            "GET",
            f"/download{STORAGE}/b-out/o/output%2F1.jsonl?alt=media",
            None,
            ["storage.objects.get on objects/output/output/1.jsonl"],
        ),
        ("GET", f"{STORAGE}/b-out/o?prefix=x", None, ["storage.objects.list on buckets/output"]),
        (
            "POST",
            "/v1/projects/p/locations/l/batchPredictionJobs/7:cancel",
            None,
            ["aiplatform.batchPredictionJobs.cancel on project"],
        ),
    ],
)
def test_a_request_needs_what_google_documents(
    method: str, target: str, body: object, needs: list[str]
) -> None:
    """By its path, its body, and the tables of its SQL."""
    assert needs == texts(method, target, body)


def test_a_request_without_a_rule_is_an_error() -> None:
    """It is refused, so that no permission is overlooked."""
    with pytest.raises(UnknownRequest, match="/v3/other"):
        texts("GET", "/v3/other")


def test_temporary_tables_need_nothing() -> None:
    """They belong to the session of their script."""
    sql = "CREATE TEMP TABLE new_errors AS SELECT 1 AS x; INSERT INTO new_errors SELECT 2"

    assert [] == list(needs_of_sql(sql, NAMES))


def test_a_folder_is_granted_with_everything_below_it_alone() -> None:
    """As the condition in Terraform does."""
    grant = Grant("roles/storage.objectUser", "objects/work/requests/")

    assert grant.allows(Need("storage.objects.create", "objects/work/requests/a.jsonl"))
    assert not grant.allows(Need("storage.objects.create", "objects/work/requests-2/a.jsonl"))
    assert not grant.allows(Need("storage.buckets.get", "objects/work/requests/a.jsonl"))


def test_grants_that_were_not_used_are_listed() -> None:
    """And a table that may be written, and was only read."""
    read = Grant("roles/bigquery.dataEditor", "tables/claims")
    idle = Grant("roles/pubsub.publisher", "topics/run-stopped")
    used = [Need("bigquery.tables.getData", "tables/claims")]

    assert [idle] == unused([read, idle], used)
    assert [read] == written_only_by_right([read, idle], used)


def test_only_a_grant_that_exists_can_be_withheld() -> None:
    """A typing mistake would show nothing."""
    services = groupings()["per-handler"]
    what = "submit-job: roles/aiplatform.user on project"

    assert len(granted_to(services)["submit-job"]) - 1 == len(
        granted_to(services, [what])["submit-job"]
    )
    with pytest.raises(ValueError, match="no such grant: submit-job: x"):
        granted_to(services, ["submit-job: x"])


class _Empty(BaseHTTPRequestHandler):
    """An emulator that answers everything with an empty object."""

    def _reply(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = _reply  # noqa: N815

    def log_message(self, *about: object) -> None:
        """Do not log requests."""


@pytest.fixture
def emulator() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Empty)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def gate(emulator: str) -> Iterator[Gate]:
    nowhere = "127.0.0.1:1"
    made = Gate(
        Upstreams(
            bigquery=emulator, storage=emulator, vertex=f"grpc://{nowhere}", pubsub=nowhere,
            write_api=nowhere,
        ),
        NAMES,
    )  # fmt: skip
    yield made
    made.close()


def test_a_service_without_a_grant_gets_403(gate: Gate) -> None:
    """Google's client raises `Forbidden`; what is granted passes, and both are recorded."""
    environ = gate.environ("plan-run", [Grant("roles/bigquery.dataViewer", "tables/events")])
    address = environ["BIGQUERY_EMULATOR_HOST"]
    with Client(
        project="p", credentials=AnonymousCredentials(),
        client_options=ClientOptions(api_endpoint=address),
    ) as client:  # fmt: skip
        with pytest.raises(api.Forbidden, match="plan-run does not have"):
            client.get_table("p.t.claims")
        with pytest.raises(KeyError):  # the emulator's reply is empty: the request passed
            client.get_table("p.t.events").full_table_id  # noqa: B018

    assert ["plan-run: bigquery.tables.get on tables/claims"] == gate.refused()
    assert {Need("bigquery.tables.get", "tables/events")} == gate.callers["plan-run"].used


def test_only_the_caller_that_inserted_a_job_reads_it_without_a_grant(gate: Gate) -> None:
    """Another service needs `bigquery.jobs.get`: it shares the transaction, and its id."""
    body = {
        "jobReference": {"jobId": "close__1"},
        "configuration": {"query": {"query": "SELECT 1"}},
    }
    user = [Grant("roles/bigquery.jobUser", "project")]
    one, other = (gate.environ(name, user)["BIGQUERY_EMULATOR_HOST"] for name in ("one", "other"))

    asked = [
        status(one, "POST", f"{BIGQUERY}/jobs", body),
        status(other, "POST", f"{BIGQUERY}/jobs", body),
        status(one, "GET", f"{BIGQUERY}/jobs/close__1"),
        status(other, "GET", f"{BIGQUERY}/jobs/close__1"),
    ]

    assert [200, 200, 200, 403] == asked
    assert ["other: bigquery.jobs.get on project"] == gate.refused()


def status(address: str, method: str, path: str, body: object = None) -> int:
    """Send a request, and return the status of its reply."""
    connection = HTTPConnection(address.removeprefix("http://"))
    connection.request(method, path, json.dumps(body) if body else None)
    reply = connection.getresponse()
    reply.read()
    connection.close()
    return reply.status
