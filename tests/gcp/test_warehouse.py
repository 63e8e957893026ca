"""The BigQuery warehouse on faked replies: requests, retries, and translated errors."""

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client

from handlers.dispatch.errors import Redeliver, Reject
from tests.gcp.making import gcp_settings
from tests.gcp.wire import Reply, Request, Wire, error
from tracking.parameters import PARAMETERS
from tracking.tables import Column
from troupe.backends.gcp.bigquery_jobs import Jobs
from troupe.backends.gcp.query_parameters import parameters
from troupe.backends.gcp.warehouse import BigQueryWarehouse


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the client's waits between two tries."""
    monkeypatch.setattr("google.api_core.retry.retry_unary.time.sleep", lambda seconds: None)


class Warehouse:
    """A warehouse with faked replies, and a clock that its sleeps move."""

    def __init__(self, *replies: Reply | Callable[[Request], Reply], budget: float = 60.0) -> None:
        self.wire, self.now = Wire(*replies), 0.0
        client = Client(
            project="stories",
            location="EU",
            credentials=AnonymousCredentials(),
            _http=self.wire,
        )
        jobs = Jobs(client=client, budget_seconds=budget, clock=lambda: self.now, sleep=self._sleep)
        self.it = BigQueryWarehouse(gcp_settings(), client, jobs=jobs)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def run_once(self, script: str = "SELECT 1") -> bool:
        return self.it.run_once("troupe__plan__d1__r1", script, {})

    def ids(self) -> list[str]:
        """Return the ids of the jobs that were requested."""
        return [
            body["jobReference"]["jobId"]
            for method, path, body in self.wire.requests
            if (method, path) == ("POST", "projects/stories/jobs")
        ]


def job(state: str = "DONE", reason: str = "", name: str = "troupe__plan__d1__r1") -> Reply:
    """Return a query job as the service describes it."""
    status: dict[str, Any] = {"state": state}
    if reason:
        status["errorResult"] = {"reason": reason, "message": "transcript of somebody"}
    return 200, {
        "id": f"stories:EU.{name}",
        "jobReference": {"projectId": "stories", "jobId": name, "location": "EU"},
        "configuration": {"jobType": "QUERY", "query": {"query": "SELECT 1"}},
        "status": status,
        "statistics": {},
    }


TAKEN = error(409, "duplicate")


def test_the_caller_that_creates_the_job_runs_the_transaction() -> None:
    """With one request when the job ends at once."""
    warehouse = Warehouse(job())

    assert warehouse.run_once()
    assert ["troupe__plan__d1__r1"] == warehouse.ids()


def test_a_done_job_of_another_caller_counts() -> None:
    """A 409, then one read."""
    warehouse = Warehouse(TAKEN, job())

    assert not warehouse.run_once()
    assert ["POST jobs", "GET troupe__plan__d1__r1"] == warehouse.wire.calls


def test_a_job_that_is_found_late_is_read_again() -> None:
    """A 404 may follow a 409 for a while."""
    missing = error(404, "notFound")
    warehouse = Warehouse(TAKEN, missing, missing, job())

    assert not warehouse.run_once()
    assert ["troupe__plan__d1__r1"] == warehouse.ids()


def test_a_job_that_is_never_found_is_left_to_the_redelivery() -> None:
    """After a bounded number of reads; no other job is created."""
    warehouse = Warehouse(TAKEN, *[error(404, "notFound")] * 5)

    with pytest.raises(Redeliver):
        warehouse.run_once()

    assert [] == warehouse.wire.replies
    assert ["troupe__plan__d1__r1"] == warehouse.ids()


def test_a_failed_id_is_used_up() -> None:
    """Each failure takes the next suffix."""
    failed = job(reason="invalidQuery")
    warehouse = Warehouse(TAKEN, failed, TAKEN, failed, job())

    assert warehouse.run_once()
    assert [
        "troupe__plan__d1__r1", "troupe__plan__d1__r1__r2", "troupe__plan__d1__r1__r3",
    ] == warehouse.ids()  # fmt: skip


def test_a_transaction_done_under_a_suffix_is_done() -> None:
    """A later caller does nothing."""
    warehouse = Warehouse(TAKEN, job(reason="invalidQuery"), TAKEN, job())

    assert not warehouse.run_once()


@pytest.mark.parametrize("reason", ["invalidQuery", "backendError", "stopped", "duplicate"])
def test_a_failed_job_is_redelivered(reason: str) -> None:
    """A concurrent update aborts a transaction as `invalidQuery`; the redelivery runs it again."""
    warehouse = Warehouse(job(reason=reason))

    with pytest.raises(Redeliver, match=f"job troupe__plan__d1__r1 failed.*{reason}") as raised:
        warehouse.run_once()

    assert "transcript" not in str(raised.value)
    assert 1 == len(warehouse.ids())


def test_a_job_that_reads_too_much_is_dead_lettered() -> None:
    """It would read as much next time."""
    with pytest.raises(Reject) as aside:
        Warehouse(job(reason="bytesBilledLimitExceeded")).run_once()

    assert "bytes_billed_limit" == aside.value.cause


@pytest.mark.parametrize("created", [True, False])
def test_a_running_job_is_waited_for(created: bool) -> None:
    """By any caller, with growing gaps between reads."""
    first = [job("PENDING")] if created else [TAKEN, job("RUNNING")]
    warehouse = Warehouse(*first, job("RUNNING"), job("RUNNING"), job())

    assert created is warehouse.run_once()
    assert 1 == len(warehouse.ids())


@pytest.mark.parametrize("created", [True, False])
def test_a_job_that_outlasts_the_time_budget_is_not_a_failure(created: bool) -> None:
    """The message is redelivered, and the id is not used up."""
    first = [job("PENDING")] if created else [TAKEN, job("RUNNING")]
    warehouse = Warehouse(*first, *[job("RUNNING")] * 50, budget=20)

    with pytest.raises(Redeliver, match="still running"):
        warehouse.run_once()

    assert ["troupe__plan__d1__r1"] == warehouse.ids()
    assert 15 < warehouse.now <= 20


@pytest.mark.parametrize(
    "lost",
    [requests.ReadTimeout(), requests.ConnectionError(), error(503, "backendError"),
     error(500, "internalError"), error(429, "rateLimitExceeded"), error(403, "quotaExceeded")],
    ids=["late", "unreachable", "503", "500", "429", "403"],
)  # fmt: skip
def test_a_job_is_requested_once(lost: Reply) -> None:
    """The job may exist: only the redelivery requests it again, under the same id."""
    warehouse = Warehouse(lost)

    with pytest.raises(Redeliver):
        warehouse.run_once()

    assert ["POST jobs"] == warehouse.wire.calls


def test_a_read_that_fails_for_a_moment_is_retried() -> None:
    """Reading may be repeated."""
    warehouse = Warehouse(job("PENDING"), error(503, "backendError"), job())

    assert warehouse.run_once()


def test_every_job_has_labels_and_uses_no_cache() -> None:
    """Bare table names are those of the deployment's dataset."""
    warehouse = Warehouse(job())
    warehouse.run_once()

    ((_, _, body),) = warehouse.wire.requests
    query = body["configuration"]["query"]
    assert {"app": "troupe", "handler": "all"} == body["configuration"]["labels"]
    assert {"projectId": "stories", "datasetId": "troupe"} == query["defaultDataset"]
    assert (False, False) == (query["useQueryCache"], query["useLegacySql"])
    assert "EU" == body["jobReference"]["location"]


# Queries

ANSWER: dict[str, Any] = {
    "jobComplete": True,
    "schema": {"fields": [{"name": "n", "type": "INTEGER", "mode": "NULLABLE"}]},
    "totalRows": "1",
    "rows": [{"f": [{"v": "7"}]}],
}


def test_a_query_is_a_short_query() -> None:
    """One request, no job, no cache."""
    warehouse = Warehouse((200, ANSWER))

    assert [{"n": 7}] == warehouse.it.query("SELECT @n AS n", {"n": 7, "unused": object()})

    ((method, path, body),) = warehouse.wire.requests
    assert ("POST", "projects/stories/queries") == (method, path)
    assert ["n"] == [each["name"] for each in body["queryParameters"]]
    assert (False, {"app": "troupe", "handler": "all"}) == (body["useQueryCache"], body["labels"])


def test_a_query_that_fails_for_a_moment_is_retried() -> None:
    """It changes nothing."""
    warehouse = Warehouse(error(503, "backendError"), (200, ANSWER))

    assert [{"n": 7}] == warehouse.it.query("SELECT 7 AS n", {})


def test_an_error_of_a_query_is_reported_without_the_service_s_text() -> None:
    """It may quote personal data."""
    warehouse = Warehouse(error(403, "accessDenied", "transcript of somebody"))

    with pytest.raises(Redeliver, match=r"^a query: Forbidden 403 accessDenied$"):
        warehouse.it.query("SELECT 1", {})


def test_a_limit_on_bytes_goes_with_every_statement() -> None:
    """When the operator set one."""
    wire = Wire((200, ANSWER), job())
    client = Client(
        project="stories",
        credentials=AnonymousCredentials(),
        _http=wire,
    )
    warehouse = BigQueryWarehouse(gcp_settings(), client, maximum_bytes_billed=10**9)
    warehouse.query("SELECT 7 AS n", {})
    warehouse.run_once("troupe__plan__d1__r1", "SELECT 1", {})

    (_, _, asked), (_, _, done) = wire.requests
    assert "1000000000" == asked["maximumBytesBilled"]
    assert "1000000000" == done["configuration"]["query"]["maximumBytesBilled"]


# Loads


def test_a_load_job_s_id_derives_from_its_objects() -> None:
    """The same objects are loaded once; an invalid line fails the load."""
    loaded: Reply = (200, {
        "jobReference": {"projectId": "stories", "jobId": "x", "location": "EU"},
        "configuration": {"load": {}}, "status": {"state": "DONE"}, "statistics": {},
    })  # fmt: skip
    warehouse = Warehouse(loaded, TAKEN, loaded)
    columns = [Column(name="job", type="INTEGER", mode="REQUIRED")]

    names = [warehouse.it.load("staged", columns, ["gs://b/one.ndjson"]) for _ in range(2)]

    assert names[0] == names[1]
    assert names[0].startswith("stories.troupe_staging.staged_")
    assert 1 == len(set(warehouse.ids()))
    load = warehouse.wire.requests[0][2]["configuration"]["load"]
    assert (["gs://b/one.ndjson"], "NEWLINE_DELIMITED_JSON", 0, False) == (
        load["sourceUris"], load["sourceFormat"], load.get("maxBadRecords", 0),
        load["ignoreUnknownValues"],
    )  # fmt: skip
    assert "WRITE_TRUNCATE" == load["writeDisposition"], "a load that ran before is replaced"
    assert [("job", "INTEGER", "REQUIRED")] == [
        (f["name"], f["type"], f["mode"]) for f in load["schema"]["fields"]
    ]


def test_invalid_data_is_dead_lettered() -> None:
    """It stays invalid."""
    with pytest.raises(Reject) as aside:
        Warehouse(job(reason="invalid")).it.load("staged", [], ["gs://b/one.ndjson"])

    assert "data_refused" == aside.value.cause
    assert "transcript" not in str(aside.value)


# Parameters


def sent(value: Any, name: str = "p") -> dict[str, Any]:
    """Return the type and value of the parameter as it is sent."""
    (parameter,) = parameters(f"SELECT @{name}", {name: value})
    resource: dict[str, Any] = parameter.to_api_repr()
    return {"type": resource["parameterType"], "value": resource["parameterValue"]}


@pytest.mark.parametrize(
    ("value", "kind", "written"),
    [
        (True, "BOOL", "true"),
        (2**63 - 1, "INT64", "9223372036854775807"),
        (1.5, "FLOAT64", 1.5),
        ("text", "STRING", "text"),
        (None, "STRING", None),
        (date(2026, 3, 2), "DATE", "2026-03-02"),
        (
            datetime(2026, 3, 2, 14, tzinfo=timezone(timedelta(hours=2))),
            "TIMESTAMP",
            "2026-03-02 12:00:00+00:00",
        ),
        (datetime(2026, 3, 2, 12), "TIMESTAMP", "2026-03-02 12:00:00+00:00"),  # noqa: DTZ001
    ],
)
def test_a_value_without_a_known_name_has_its_own_type(value: Any, kind: str, written: Any) -> None:
    """For queries of tests."""
    parameter = sent(value)

    assert ({"type": kind}, written) == (parameter["type"], parameter["value"].get("value"))


@pytest.mark.parametrize("name", sorted(n for n, t in PARAMETERS.items() if isinstance(t, str)))
def test_null_has_the_type_of_its_name(name: str) -> None:
    """BigQuery takes an untyped NULL for a string, and refuses to compare it with a number."""
    assert {"type": PARAMETERS[name]} == sent(None, name)["type"]


@pytest.mark.parametrize("values", [[], None])
def test_no_rows_have_the_type_of_their_name(values: list[Any] | None) -> None:
    """An empty list has no value to read a type from."""
    assert {"type": "ARRAY", "arrayType": {"type": "INT64"}} == sent(values, "batches")["type"]
    fields = sent(values, "subscriptions")["type"]["arrayType"]["structTypes"]
    assert ["topic", "handler"] == [field["name"] for field in fields]


def test_rows_are_structs() -> None:
    """With fields in the order of the type, NULL included."""
    hint = {"error_type": "blocked", "retryable": False, "replan": False, "hint": None}

    parameter = sent([hint], "error_type_rows")

    (value,) = parameter["value"]["arrayValues"]
    assert ["blocked", "false", "false", None] == [
        value["structValues"][name]["value"] for name in hint
    ]


def test_a_missing_parameter_raises_before_anything_is_sent() -> None:
    """With its name; comments and server variables hold no parameters."""
    with pytest.raises(KeyError, match="batch"):
        parameters("-- @comment\nSELECT @run_id, @batch, @@row_count", {"run_id": "r1"})


def test_a_parameter_that_the_sql_does_not_name_is_not_sent() -> None:
    """It may be large or private."""
    assert [] == parameters("SELECT 1 -- @run_id", {"run_id": "r1"})
