"""The doctor through Google's own clients: their HTTP requests, and how replies are read."""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.cloud.bigquery import Client

from tests.doctor.fakes import AGENT, doctor_settings, table
from tests.gcp.wire import Reply, Request, Wire, error
from tests.local.fakes import HeldClock
from tracking.tables import layouts
from troupe.doctor.bigquery import check_bigquery
from troupe.doctor.cloud_storage import check_buckets
from troupe.doctor.findings import Finding
from troupe.doctor.source_table import check_source_table
from troupe.doctor.tables import check_tables

TOPIC = "//pubsub.googleapis.com/projects/stories/topics/gcs-object"
BUCKETS = ("stories-troupe", "stories-output")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the clients' waits between two tries."""
    monkeypatch.setattr("google.api_core.retry.retry_unary.time.sleep", lambda seconds: None)


def bigquery(*replies: Any) -> tuple[Client, Wire]:
    wire = Wire(*replies)
    anonymous = AnonymousCredentials()
    return Client(project="stories", location="EU", credentials=anonymous, _http=wire), wire


def dataset(name: str, **more: str) -> Reply:
    resource: dict[str, Any] = {
        "datasetReference": {"projectId": "stories", "datasetId": name},
        "location": "EU",
    }
    return 200, resource | more


def answer(name: str, kind: str, value: str) -> Reply:
    """Return the reply to a query, with one row."""
    return 200, {
        "jobComplete": True,
        "schema": {"fields": [{"name": name, "type": kind, "mode": "NULLABLE"}]},
        "rows": [{"f": [{"v": value}]}],
        "totalRows": "1",
    }


def states(found: list[Finding]) -> list[str]:
    return [each.state for each in found]


def test_bigquery_is_queried_without_jobs() -> None:
    """Two datasets are read, and two queries run as short queries."""
    clock = HeldClock()
    client, wire = bigquery(
        dataset("troupe"),
        dataset("troupe_staging", defaultTableExpirationMs="86400000"),
        answer("deployment", "STRING", "ab12"),
        answer("now", "TIMESTAMP", str(int(clock().timestamp() * 1e6))),
    )

    found = list(check_bigquery(doctor_settings(), lambda: client, clock))

    assert ["ok"] * 4 == states(found)
    assert ["GET troupe", "GET troupe_staging", "POST queries", "POST queries"] == wire.calls


def test_the_tables_as_bigquery_describes_them_are_in_order() -> None:
    """Columns, partitions and clustering are read through the client."""

    def described(request: Request) -> Reply:
        return 200, table(request[1].rpartition("/")[2]).to_api_repr()

    client, wire = bigquery(*[described for _ in layouts()])

    assert ["ok"] == states(list(check_tables(doctor_settings(), lambda: client)))
    assert len(layouts()) == len(wire.requests)


def test_a_missing_permission_is_reported_once() -> None:
    """The client does not retry it, and the service's text is not repeated."""
    refusal = error(403, "accessDenied", "quoted words")
    client, wire = bigquery(*[refusal for _ in layouts()])

    (finding,) = check_tables(doctor_settings(), lambda: client)

    assert len(layouts()) == len(wire.requests)
    assert ("fault", True) == (finding.state, "Forbidden" in finding.message)
    assert "roles/bigquery.dataViewer" in finding.remedy
    assert "quoted" not in repr(finding)


def test_the_source_is_read_by_a_dry_run_only() -> None:
    """It costs nothing."""
    client, wire = bigquery(
        (200, table("transcription_pass_2").to_api_repr() | {"location": "EU"}),
        lambda request: (
            200,
            request[2]
            | {
                "status": {"state": "DONE"},
                "statistics": {"query": {"totalBytesProcessed": "7000000"}},
            },
        ),
    )

    (finding,) = check_source_table(doctor_settings(), lambda: client)

    assert "7 MB" in finding.message
    assert wire.requests[1][2]["configuration"]["dryRun"] is True


class StorageAnswers(requests.Session):
    """The part of Cloud Storage's JSON API that reads buckets."""

    is_mtls = False

    def __init__(self, **bucket: Any) -> None:
        super().__init__()
        self.resource: dict[str, Any] = {
            "location": "EU",
            "projectNumber": "17",
            "iamConfiguration": {"publicAccessPrevention": "enforced"},
            "softDeletePolicy": {"retentionDurationSeconds": "0"},
        } | bucket

    def request(  # type: ignore[override] # only what the client passes
        self, method: str, url: str, **options: object
    ) -> requests.Response:
        address = urlsplit(url)
        _, _, name, *rest = unquote(address.path).removeprefix("/storage").split("/")[1:]
        permissions = {part.partition("=")[2] for part in address.query.split("&")}
        replies: dict[tuple[str, ...], dict[str, Any]] = {
            (): self.resource | {"name": name},
            ("iam",): {
                "version": 3,
                "bindings": [{"role": "roles/storage.objectUser", "members": [AGENT]}],
            },
            ("iam", "testPermissions"): {"permissions": sorted(permissions)},
            ("notificationConfigs",): {
                "items": [
                    {
                        "id": "1",
                        "topic": "//pubsub.googleapis.com/projects/stories/topics/gcs-object",
                    }
                ]
            },
        }
        assert (method, name in BUCKETS) == ("GET", True)
        response = requests.Response()
        response.status_code = 200
        response._content = json.dumps(replies[tuple(rest)]).encode()
        response.headers["content-type"] = "application/json"
        return response


def files(**bucket: Any) -> list[Finding]:
    client = storage.Client(
        project="stories",
        credentials=AnonymousCredentials(),
        _http=StorageAnswers(**bucket),
    )
    return list(check_buckets(doctor_settings(), lambda: client))


def test_the_buckets_as_cloud_storage_describes_them_are_in_order() -> None:
    """Locations, permissions, roles and the notification."""
    found = files()

    assert {"ok"} == set(states(found))
    assert 7 == len(found)


def test_soft_delete_and_public_access_are_reported() -> None:
    """A new bucket keeps deleted objects for seven days (documented)."""
    found = files(
        softDeletePolicy={"retentionDurationSeconds": "604800"},
        iamConfiguration={"publicAccessPrevention": "inherited"},
    )

    assert ["--clear-soft-delete", "--public-access-prevention"] == [
        each.remedy.rpartition(" ")[2] for each in found if each.state == "warning"
    ]
