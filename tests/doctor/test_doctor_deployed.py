"""The doctor's checks of tables and subscriptions that differ from what Terraform creates."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google.cloud.bigquery", reason="needs the clients: troupe[gcp]")

from google.api_core import exceptions as api
from google.cloud.bigquery import SchemaField, TimePartitioning

import analysis
from tests.analysis.own import folder_of
from tests.doctor.fakes import DoctorHarness, table
from tests.faults import replace_method
from tracking import Source
from troupe.doctor.cloud_storage import is_within

PUSH = "write-jsonl.batch-planned"
LETTERS = "record-dead-letter.dead-letter-write-jsonl"


@pytest.fixture
def harness() -> DoctorHarness:
    return DoctorHarness()


def replaced(fields: list[SchemaField], name: str, kind: str, mode: str) -> None:
    at = [field.name for field in fields].index(name)
    fields[at] = SchemaField(name, kind, mode=mode)


def extra_column(mode: str) -> Callable[[list[SchemaField]], None]:
    return lambda fields: fields.append(SchemaField("extra", "STRING", mode=mode))


@pytest.mark.parametrize(
    ("change", "state", "message"),
    [
        (lambda fields: fields.pop(0), "fault", "lacks the column run_id"),
        (lambda f: replaced(f, "run_id", "INTEGER", "REQUIRED"), "fault", "is INTEGER, not STRING"),
        (lambda f: replaced(f, "run_id", "STRING", "NULLABLE"), "fault", "NULLABLE, not REQUIRED"),
        (extra_column("NULLABLE"), "warning", "has an extra column: extra"),
        (extra_column("REQUIRED"), "fault", "required and never written"),
    ],
)
def test_a_column_that_differs_is_named(
    harness: DoctorHarness, change: Any, state: str, message: str
) -> None:
    """With its table; an extra nullable column is a warning."""
    harness.bigquery.tables["claims"] = table("claims", change)

    (problem,) = harness.problems().values()
    assert ("tables", state) == (problem.name, problem.state)
    assert problem.message.startswith("claims: ")
    assert message in problem.message


def test_both_names_of_a_type_are_equal(harness: DoctorHarness) -> None:
    """INT64 is INTEGER."""
    fields = [f.name for f in harness.bigquery.tables["claims"].schema if f.field_type == "INTEGER"]
    assert fields
    harness.bigquery.tables["claims"] = table(
        "claims", lambda f: replaced(f, fields[0], "INT64", "REQUIRED")
    )

    assert {} == harness.problems()


def test_a_field_of_a_record_is_named_by_its_path(harness: DoctorHarness) -> None:
    """At any depth."""
    name = "transcription_analyzed_transcripts"
    at = [f.name for f in table(name).schema].index("products")

    def change(fields: list[SchemaField]) -> None:
        old = fields[at]
        fields[at] = SchemaField(old.name, old.field_type, old.mode, fields=old.fields[1:])

    gone = table(name).schema[at].fields[0].name
    harness.bigquery.tables[name] = table(name, change)

    assert f"lacks the column products.{gone}" in harness.problems()["tables"].message


LAYOUTS: list[tuple[str, Any, str, str]] = [
    ("time_partitioning", None, "fault", "partitioned by nothing, not by day of planned_on"),
    ("time_partitioning", TimePartitioning(field="other"), "fault", "partitioned by other"),
    ("clustering_fields", ["batch"], "warning", "clustered by batch, not by run_id, batch"),
    ("require_partition_filter", False, "warning", "without a partition filter"),
    ("time_partitioning", TimePartitioning(field="planned_on"), "warning", "never, not after 90"),
]


@pytest.mark.parametrize(("what", "value", "state", "message"), LAYOUTS)
def test_a_layout_that_differs_is_reported(
    harness: DoctorHarness, what: str, value: Any, state: str, message: str
) -> None:
    """As a fault if queries fail or are wrong, as a warning if they cost more."""
    setattr(harness.bigquery.tables["batch_records"], what, value)

    assert state == harness.problems()["tables"].state
    assert message in harness.problems()["tables"].message


def test_a_required_partition_filter_that_queries_lack_is_a_fault(harness: DoctorHarness) -> None:
    """BigQuery would refuse the queries."""
    harness.bigquery.tables["claims"].require_partition_filter = True

    assert "refuses queries" in harness.problems()["tables"].message
    assert "fault" == harness.problems()["tables"].state


def test_missing_tables_share_one_finding(harness: DoctorHarness) -> None:
    """All other tables are checked."""
    for name in ("claims", "events"):
        harness.bigquery.tables[name] = api.NotFound("x")
    harness.bigquery.tables["deliveries"].clustering_fields = None

    found = [each for each in harness.findings() if each.name == "tables"]
    assert {"fault", "warning", "ok"} == {each.state for each in found}
    assert any(each.message.startswith("claims, events: does not exist") for each in found)


def test_the_table_of_a_user_s_analysis_is_checked(harness: DoctorHarness, tmp_path: Path) -> None:
    """Its columns, and the layout of the shipped one."""
    folder = tmp_path / "call_review_v2"
    shutil.copytree(Path(analysis.__file__).parent / "call_review_v1", folder)
    definition = json.loads((folder / "analysis.json").read_text(encoding="utf-8"))
    definition |= {"name": folder.name, "table": "reviews"}
    (folder / "analysis.json").write_text(json.dumps(definition), encoding="utf-8")
    harness.settings = replace(harness.settings, analyses=(tmp_path,))
    harness.bigquery.tables["reviews"] = api.NotFound("x")

    assert harness.problems()["tables"].message.startswith("reviews: does not exist")
    harness.bigquery.tables["reviews"] = table("transcription_analyzed_transcripts")
    assert {} == harness.problems()


def test_a_source_without_a_call_attribute_is_a_fault_with_the_remedy(
    harness: DoctorHarness, tmp_path: Path
) -> None:
    """Of each analysis that is installed; further columns of the source are no fault of the table."""
    folder = folder_of(tmp_path, {}, attributes={"queue": "text", "seconds": "integer"})
    harness.settings = replace(harness.settings, analyses=(folder.parent,))
    harness.bigquery.tables["of_any_kind"] = table("transcription_analyzed_transcripts")
    harness.bigquery.tables["transcription_pass_2"] = table(
        "transcription_pass_2", lambda fields: fields.append(SchemaField("seconds", "STRING"))
    )

    (source,) = (
        each for each in harness.findings() if (each.name, each.state) == ("source", "fault")
    )
    assert "has no column queue" in source.message
    assert "has seconds as STRING" in source.message
    assert f"which {folder.name} names in attributes" in source.message
    assert "add the column" in source.remedy
    harness.bigquery.tables["transcription_pass_2"] = table(
        "transcription_pass_2",
        lambda fields: fields.extend(
            [SchemaField("queue", "STRING"), SchemaField("SECONDS", "INT64")]
        ),
    )
    assert "source" not in harness.problems()
    assert not any("transcription_pass_2" in each.message for each in harness.problems().values())


def test_missing_folders_of_analyses_are_reported(harness: DoctorHarness) -> None:
    """All other tables are checked."""
    harness.settings = replace(harness.settings, analyses=(Path("nowhere"),))

    assert "no such folder" in harness.problems()["analyses"].message
    assert "tables" in {each.name for each in harness.findings() if each.state == "ok"}


def test_a_source_in_our_dataset_may_have_its_full_name(harness: DoctorHarness) -> None:
    """As Terraform sets it; its layout is checked as well."""
    source = Source(table="stories.troupe.transcription_pass_2")
    harness.settings = replace(harness.settings, source=source)
    harness.bigquery.tables["transcription_pass_2"].clustering_fields = None

    assert harness.problems()["tables"].message.startswith(
        "transcription_pass_2: is clustered by nothing"
    )


def test_a_source_in_another_dataset_is_checked_by_its_own_column_names(
    harness: DoctorHarness,
) -> None:
    """Our dataset does not need the table then."""
    del harness.bigquery.tables["transcription_pass_2"]
    harness.bigquery.tables["calls"] = table(
        "transcription_pass_2",
        lambda f: replaced(f, "transcript", "STRING", "NULLABLE"),
    )
    source = Source(table="other.lake.calls", columns={"provider": "carrier"})
    harness.settings = replace(harness.settings, source=source)

    (problem,) = harness.problems().values()
    assert ("source", "fault") == (problem.name, problem.state)
    assert "has no column carrier (for provider)" in problem.message
    assert "`carrier`" in harness.bigquery.dry_runs[0]
    assert "`other.lake.calls`" in harness.bigquery.dry_runs[0]


def test_a_source_column_of_another_type_is_reported(harness: DoctorHarness) -> None:
    """A time in a string column cannot be compared."""
    harness.bigquery.tables["transcription_pass_2"] = table(
        "transcription_pass_2", lambda f: replaced(f, "event_timestamp", "STRING", "NULLABLE")
    )

    assert "event_timestamp is STRING, not TIMESTAMP" in harness.problems()["source"].message


def test_a_source_that_requires_a_partition_filter_is_reported(harness: DoctorHarness) -> None:
    """BigQuery refuses every plan; the dry run alone reports only a bad request."""
    harness.bigquery.tables["calls"] = table("transcription_pass_2")
    harness.bigquery.tables["calls"].require_partition_filter = True
    harness.settings = replace(harness.settings, source=Source(table="lake.calls"))

    assert "requires a partition filter" in harness.problems()["source"].message


def test_a_missing_source_is_reported_once(harness: DoctorHarness) -> None:
    """Both of its checks fail with the same error."""
    harness.settings = replace(harness.settings, source=Source(table="lake.calls"))
    gone = api.NotFound("x")
    harness.bigquery.tables["calls"] = gone

    def refuses(sql: str, **_: object) -> Any:
        raise gone

    replace_method(harness.bigquery, "query", refuses)

    assert 1 == sum(each.name == "source" for each in harness.findings())


def pushes(account: str, audience: str) -> dict[str, Any]:
    """A push configuration for the address https://x."""
    token = {"service_account_email": account, "audience": audience}
    return {"push_endpoint": "https://x", "oidc_token": token}


FILTERS = {
    handler: f'NOT attributes:replayfor OR attributes.replayfor = "{handler}"'
    for handler in ("plan-run", "write-jsonl", "record-dead-letter")
}
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"topic": "projects/stories/topics/run-planned"}, "fault", "belongs to topic run-planned"),
    ({"detached": True}, "fault", "is detached"),
    ({"expiration_policy": None}, "fault", "expires"),
    ({"expiration_policy": {"ttl": {"seconds": 2678400}}}, "fault", "expires"),
]
WRONG_PUSH: list[tuple[dict[str, Any], str, str]] = [
    ({"ack_deadline_seconds": 10}, "fault", "acknowledgement deadline 10 s, not 600"),
    ({"filter": 'attributes.x = "y"'}, "fault", "has a filter of its own"),
    ({"filter": FILTERS["plan-run"]}, "fault", "has a filter of its own"),
    ({"push_config": None}, "fault", "no push endpoint"),
    ({"push_config": {"push_endpoint": "https://x"}}, "fault", "without a service account"),
    ({"push_config": pushes("other@stories", "https://y")}, "fault", "as another account than"),
    ({"push_config": pushes("troupe-push@stories", "https://x")}, "fault", "address as audience"),
    ({"push_config": pushes("troupe-push@stories", "")}, "fault", "address as audience"),
    ({"retry_policy": None}, "fault", "no retry policy"),
    ({"retry_policy": {"minimum_backoff": {"seconds": 1}, "maximum_backoff": {"seconds": 600}}},
     "warning", "after 1 to 600 s, not 10 to 600"),
    ({"dead_letter_policy": None}, "fault", "no dead-letter topic"),
    ({"dead_letter_policy": {"dead_letter_topic": "projects/stories/topics/dead-letter-plan-run",
                             "max_delivery_attempts": 40}}, "fault",
     "has dead-letter topic dead-letter-plan-run, not dead-letter-write-jsonl"),
    ({"dead_letter_policy": {"dead_letter_topic": "projects/stories/topics/dead-letter-write-jsonl",
                             "max_delivery_attempts": 5}}, "warning", "dead-letters after 5"),
    ({"message_retention_duration": {"seconds": 604800}}, "warning", "for 7 days, not 31"),
]  # fmt: skip
WRONG_LETTERS: list[tuple[dict[str, Any], str, str]] = [
    ({"filter": FILTERS["write-jsonl"]}, "fault", "has a filter of its own"),
    ({"filter": FILTERS["record-dead-letter"]}, "fault", "has a filter of its own"),
]
"""Dead letters keep the attribute by which a replay names its handler."""


@pytest.mark.parametrize(
    ("name", "change", "state", "message"),
    [
        *((PUSH, *each) for each in (*WRONG, *WRONG_PUSH)),
        *((LETTERS, *each) for each in (*WRONG, *WRONG_LETTERS)),
    ],
)
def test_a_subscription_that_differs_is_reported(
    harness: DoctorHarness, name: str, change: dict[str, Any], state: str, message: str
) -> None:
    """By its name."""
    harness.pubsub.subscriptions[name] |= change

    (problem,) = harness.problems().values()
    assert ("push subscriptions", state) == (problem.name, problem.state)
    assert problem.message.startswith(f"{name}: ")
    assert message in problem.message


def test_equal_differences_of_subscriptions_share_one_finding(harness: DoctorHarness) -> None:
    """It names all of them."""
    names = ("write-jsonl.batch-planned", "submit-job.jsonl-uploaded")
    for name in names:
        harness.pubsub.subscriptions[name]["ack_deadline_seconds"] = 10

    assert (
        harness.problems()["push subscriptions"].message
        == f"{', '.join(names)}: acknowledgement deadline 10 s, not 600"
    )


def test_the_filter_of_replays_is_allowed_and_not_required(harness: DoctorHarness) -> None:
    """Services check each message themselves; Terraform sets no filter."""
    harness.pubsub.subscriptions[PUSH]["filter"] = FILTERS["write-jsonl"]

    assert {} == harness.problems()


def test_signals_may_have_a_short_retention(harness: DoctorHarness) -> None:
    """The next tick replaces a lost signal."""
    harness.pubsub.subscriptions["watch-jobs.watch-tick"]["message_retention_duration"] = {
        "seconds": 600
    }

    assert {} == harness.problems()


def test_a_subscription_that_is_missing_is_named(harness: DoctorHarness) -> None:
    """Its messages are lost."""
    del harness.pubsub.subscriptions[PUSH]

    (problem,) = harness.problems().values()
    assert ("push subscriptions", "fault") == (problem.name, problem.state)
    assert PUSH in problem.message
    assert "lost" in problem.remedy


@pytest.mark.parametrize(
    ("inner", "outer", "inside"),
    [
        ("EU", "eu", True), ("europe-west4", "EU", True), ("us-central1", "US", True),
        ("europe-west2", "EU", False), ("us-central1", "EU", False), ("EU", "europe-west4", False),
        ("EUROPE-WEST4", "europe-west4", True), ("europe-west40", "EU", False),
    ],
)  # fmt: skip
def test_a_location_is_within_another_or_not(inner: str, outer: str, inside: bool) -> None:
    """As in Terraform's check: London and Zurich are not in the EU."""
    assert inside is is_within(inner, outer)
