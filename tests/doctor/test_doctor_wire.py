"""The doctor through Google's own clients: what they ask for, and how their answers are read."""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.cloud.bigquery import Client

from tests.doctor.fakes import AGENT, settled, table
from tests.gcp.wire import Asked, Reply, Wire, error
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
    """The clients' own gaps between two tries."""
    monkeypatch.setattr("google.api_core.retry.retry_unary.time.sleep", lambda seconds: None)


def bigquery(*replies: Any) -> tuple[Client, Wire]:
    wire = Wire(*replies)
    nobody = AnonymousCredentials()  # type: ignore[no-untyped-call]
    return Client(project="stories", location="EU", credentials=nobody, _http=wire), wire


def dataset(name: str, **more: str) -> Reply:
    fields: dict[str, Any] = {
        "datasetReference": {"projectId": "stories", "datasetId": name},
        "location": "EU",
    }
    return 200, fields | more


def answer(name: str, kind: str, value: str) -> Reply:
    """Of one row."""
    return 200, {
        "jobComplete": True,
        "schema": {"fields": [{"name": name, "type": kind, "mode": "NULLABLE"}]},
        "rows": [{"f": [{"v": value}]}],
        "totalRows": "1",
    }


def states(found: list[Finding]) -> list[str]:
    return [each.state for each in found]


def test_bigquery_is_asked_with_short_patience_and_without_repeats_of_a_job() -> None:
    """Datasets by name, the two queries as queries."""
    clock = HeldClock()
    client, wire = bigquery(
        dataset("troupe"),
        dataset("troupe_staging", defaultTableExpirationMs="86400000"),
        answer("deployment", "STRING", "ab12"),
        answer("now", "TIMESTAMP", str(int(clock().timestamp() * 1e6))),
    )

    found = list(check_bigquery(settled(), lambda: client, clock))

    assert ["ok"] * 4 == states(found)
    assert ["GET troupe", "GET troupe_staging", "POST queries", "POST queries"] == wire.calls


def test_every_table_as_bigquery_describes_it_is_in_order() -> None:
    """Its columns, partitions and clusters come back by the client's own names."""

    def table_reply(asked: Asked) -> Reply:
        return 200, table(asked[1].rpartition("/")[2]).to_api_repr()

    client, wire = bigquery(*[table_reply for _ in layouts()])

    assert ["ok"] == states(list(check_tables(settled(), lambda: client)))
    assert len(layouts()) == len(wire.asked)


def test_a_right_that_is_missing_is_asked_for_once() -> None:
    """No client tries a refusal again; and what the service wrote stays there."""
    refusal = error(403, "accessDenied", "quoted words")
    client, wire = bigquery(*[refusal for _ in layouts()])

    (finding,) = check_tables(settled(), lambda: client)

    assert len(layouts()) == len(wire.asked)
    assert ("fault", True) == (finding.state, "Forbidden" in finding.message)
    assert "roles/bigquery.dataViewer" in finding.remedy
    assert "quoted" not in repr(finding)


def test_the_source_is_read_by_a_dry_run_alone() -> None:
    """It costs nothing."""
    client, wire = bigquery(
        (200, table("transcription_pass_2").to_api_repr() | {"location": "EU"}),
        lambda asked: (
            200,
            asked[2]
            | {
                "status": {"state": "DONE"},
                "statistics": {"query": {"totalBytesProcessed": "7000000"}},
            },
        ),
    )

    (finding,) = check_source_table(settled(), lambda: client)

    assert "7 MB" in finding.message
    assert wire.asked[1][2]["configuration"]["dryRun"] is True


class StorageAnswers(requests.Session):
    """The JSON API of Cloud Storage, as far as a look at buckets goes."""

    is_mtls = False

    def __init__(self, **bucket: Any) -> None:
        super().__init__()
        self.fields: dict[str, Any] = {
            "location": "EU",
            "projectNumber": "17",
            "iamConfiguration": {"publicAccessPrevention": "enforced"},
            "softDeletePolicy": {"retentionDurationSeconds": "0"},
        } | bucket

    def request(  # type: ignore[override]
        self, method: str, url: str, **given: object
    ) -> requests.Response:
        address = urlsplit(url)
        _, _, name, *rest = unquote(address.path).removeprefix("/storage").split("/")[1:]
        asked = {part.partition("=")[2] for part in address.query.split("&")}
        answers: dict[tuple[str, ...], dict[str, Any]] = {
            (): self.fields | {"name": name},
            ("iam",): {
                "version": 3,
                "bindings": [{"role": "roles/storage.objectUser", "members": [AGENT]}],
            },
            ("iam", "testPermissions"): {"permissions": sorted(asked)},
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
        response._content = json.dumps(answers[tuple(rest)]).encode()
        response.headers["content-type"] = "application/json"
        return response


def files(**bucket: Any) -> list[Finding]:
    client = storage.Client(
        project="stories",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        _http=StorageAnswers(**bucket),
    )
    return list(check_buckets(settled(), lambda: client))


def test_buckets_as_cloud_storage_describes_them_are_in_order() -> None:
    """Places, rights, grants and the notification."""
    found = files()

    assert {"ok"} == set(states(found))
    assert 7 == len(found)


def test_a_bucket_that_keeps_what_was_deleted_is_told() -> None:
    """Seven days are what a new bucket has (documented)."""
    found = files(
        softDeletePolicy={"retentionDurationSeconds": "604800"},
        iamConfiguration={"publicAccessPrevention": "inherited"},
    )

    assert ["--clear-soft-delete", "--public-access-prevention"] == [
        each.remedy.rpartition(" ")[2] for each in found if each.state == "warning"
    ]
