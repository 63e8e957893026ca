"""The doctor at what Terraform makes: tables and subscriptions that are not as they should be."""

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
from tests.doctor.fakes import DoctorHarness, table
from tracking import Source
from troupe.doctor.cloud_storage import is_within
from troupe.doctor.subscription import filter_of

PUSH, PEOPLE = "write-jsonl.batch-planned", "people.dead-letter-write-jsonl"


@pytest.fixture
def harness() -> DoctorHarness:
    return DoctorHarness()


def replaced(fields: list[SchemaField], name: str, kind: str, mode: str) -> None:
    at = [field.name for field in fields].index(name)
    fields[at] = SchemaField(name, kind, mode=mode)


def more(mode: str) -> Callable[[list[SchemaField]], None]:
    return lambda fields: fields.append(SchemaField("extra", "STRING", mode=mode))


@pytest.mark.parametrize(
    ("change", "state", "message"),
    [
        (lambda fields: fields.pop(0), "fault", "lacks the column run_id"),
        (lambda f: replaced(f, "run_id", "INTEGER", "REQUIRED"), "fault", "is INTEGER, not STRING"),
        (lambda f: replaced(f, "run_id", "STRING", "NULLABLE"), "fault", "NULLABLE, not REQUIRED"),
        (more("NULLABLE"), "warning", "has a column more: extra"),
        (more("REQUIRED"), "fault", "demands a value"),
    ],
)
def test_a_column_that_differs_is_named(
    harness: DoctorHarness, change: Any, state: str, message: str
) -> None:
    """With its table; one that is more is only a warning."""
    harness.bigquery.tables["claims"] = table("claims", change)

    (problem,) = harness.problem().values()
    assert ("tables", state) == (problem.name, problem.state)
    assert problem.message.startswith("claims: ")
    assert message in problem.message


def test_two_names_of_one_type_are_one_type(harness: DoctorHarness) -> None:
    """INT64 is INTEGER."""
    fields = [f.name for f in harness.bigquery.tables["claims"].schema if f.field_type == "INTEGER"]
    assert fields
    harness.bigquery.tables["claims"] = table(
        "claims", lambda f: replaced(f, fields[0], "INT64", "REQUIRED")
    )

    assert {} == harness.problem()


def test_a_field_of_a_record_is_named_by_its_path(harness: DoctorHarness) -> None:
    """Records are compared to the bottom."""
    name = "transcription_analyzed_transcripts"
    at = [f.name for f in table(name).schema].index("products")

    def change(fields: list[SchemaField]) -> None:
        old = fields[at]
        fields[at] = SchemaField(old.name, old.field_type, old.mode, fields=old.fields[1:])

    gone = table(name).schema[at].fields[0].name
    harness.bigquery.tables[name] = table(name, change)

    assert f"lacks the column products.{gone}" in harness.problem()["tables"].message


LAYOUTS: list[tuple[str, Any, str, str]] = [
    ("time_partitioning", None, "fault", "partitioned by nothing, not by day of planned_on"),
    ("time_partitioning", TimePartitioning(field="other"), "fault", "partitioned by other"),
    ("clustering_fields", ["batch"], "warning", "clustered by batch, not by run_id, batch"),
    ("require_partition_filter", False, "warning", "without a partition filter"),
    ("time_partitioning", TimePartitioning(field="planned_on"), "warning", "nothing, not after 90"),
]


@pytest.mark.parametrize(("what", "value", "state", "message"), LAYOUTS)
def test_a_layout_that_differs_is_told(
    harness: DoctorHarness, what: str, value: Any, state: str, message: str
) -> None:
    """What refuses or misreads is a fault, what costs a warning."""
    setattr(harness.bigquery.tables["batch_records"], what, value)

    assert state == harness.problem()["tables"].state
    assert message in harness.problem()["tables"].message


def test_a_filter_that_no_statement_brings_is_a_fault(harness: DoctorHarness) -> None:
    """Queries would be refused."""
    harness.bigquery.tables["claims"].require_partition_filter = True

    assert "refuses queries" in harness.problem()["tables"].message
    assert "fault" == harness.problem()["tables"].state


def test_tables_that_are_not_there_are_told_together(harness: DoctorHarness) -> None:
    """And all others are examined."""
    for name in ("claims", "events"):
        harness.bigquery.tables[name] = api.NotFound("x")  # type: ignore[no-untyped-call]
    harness.bigquery.tables["deliveries"].clustering_fields = None

    found = [each for each in harness.findings() if each.name == "tables"]
    assert {"fault", "warning", "ok"} == {each.state for each in found}
    assert any(each.message.startswith("claims, events: is not there") for each in found)


def test_the_table_of_an_analysis_of_your_own_is_examined(
    harness: DoctorHarness, tmp_path: Path
) -> None:
    """By its columns, laid out as the shipped one."""
    folder = tmp_path / "call_review_v2"
    shutil.copytree(Path(analysis.__file__).parent / "call_review_v1", folder)
    told = json.loads((folder / "analysis.json").read_text(encoding="utf-8"))
    told |= {"name": folder.name, "table": "reviews"}
    (folder / "analysis.json").write_text(json.dumps(told), encoding="utf-8")
    harness.settings = replace(harness.settings, analyses=(tmp_path,))
    harness.bigquery.tables["reviews"] = api.NotFound("x")  # type: ignore[no-untyped-call]

    assert harness.problem()["tables"].message.startswith("reviews: is not there")
    harness.bigquery.tables["reviews"] = table("transcription_analyzed_transcripts")
    assert {} == harness.problem()


def test_analyses_that_this_machine_lacks_are_told(harness: DoctorHarness) -> None:
    """All other tables are examined."""
    harness.settings = replace(harness.settings, analyses=(Path("nowhere"),))

    assert "no such folder" in harness.problem()["analyses"].message
    assert "tables" in {each.name for each in harness.findings() if each.state == "ok"}


def test_our_own_source_may_be_named_in_full(harness: DoctorHarness) -> None:
    """As Terraform does; then its layout is examined as well."""
    source = Source(table="stories.troupe.transcription_pass_2")
    harness.settings = replace(harness.settings, source=source)
    harness.bigquery.tables["transcription_pass_2"].clustering_fields = None

    assert harness.problem()["tables"].message.startswith(
        "transcription_pass_2: is clustered by nothing"
    )


def test_a_source_elsewhere_is_examined_by_its_own_names(harness: DoctorHarness) -> None:
    """Our tables are without it then."""
    del harness.bigquery.tables["transcription_pass_2"]
    harness.bigquery.tables["calls"] = table(
        "transcription_pass_2",
        lambda f: replaced(f, "transcript", "STRING", "NULLABLE"),
    )
    source = Source(table="other.lake.calls", columns={"provider": "carrier"})
    harness.settings = replace(harness.settings, source=source)

    (problem,) = harness.problem().values()
    assert ("source", "fault") == (problem.name, problem.state)
    assert "there is no column carrier (for provider)" in problem.message
    assert "`carrier`" in harness.bigquery.asked[0]
    assert "`other.lake.calls`" in harness.bigquery.asked[0]


def test_a_source_column_of_another_type_is_told(harness: DoctorHarness) -> None:
    """A time that is a text cannot be planned by."""
    harness.bigquery.tables["transcription_pass_2"] = table(
        "transcription_pass_2", lambda f: replaced(f, "event_timestamp", "STRING", "NULLABLE")
    )

    assert "event_timestamp is STRING, not TIMESTAMP" in harness.problem()["source"].message


def test_a_source_that_wants_a_partition_filter_is_told(harness: DoctorHarness) -> None:
    """BigQuery refuses every plan; the dry run would only say that it was a bad request."""
    harness.bigquery.tables["calls"] = table("transcription_pass_2")
    harness.bigquery.tables["calls"].require_partition_filter = True
    harness.settings = replace(harness.settings, source=Source(table="lake.calls"))

    assert "wants a filter on its partitions" in harness.problem()["source"].message


def test_a_source_that_is_gone_is_told_once(harness: DoctorHarness) -> None:
    """Both looks at it meet the same."""
    harness.settings = replace(harness.settings, source=Source(table="lake.calls"))
    gone = api.NotFound("x")  # type: ignore[no-untyped-call]
    harness.bigquery.tables["calls"] = gone

    def refuses(sql: str, **_: object) -> Any:
        raise gone

    harness.bigquery.query = refuses  # type: ignore[method-assign]

    assert 1 == sum(each.name == "source" for each in harness.findings())


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"topic": "projects/stories/topics/run-planned"}, "fault", "listens to run-planned"),
    ({"detached": True}, "fault", "is detached"),
    ({"expiration_policy": None}, "fault", "expires"),
    ({"expiration_policy": {"ttl": {"seconds": 2678400}}}, "fault", "expires"),
]
WRONG_PUSH: list[tuple[dict[str, Any], str, str]] = [
    ({"ack_deadline_seconds": 10}, "fault", "waits 10 s for an answer, not 600"),
    ({"filter": 'attributes.x = "y"'}, "fault", "has a filter of its own"),
    ({"filter": filter_of("plan-run")}, "fault", "has a filter of its own"),
    ({"push_config": None}, "fault", "no push endpoint"),
    ({"push_config": {"push_endpoint": "https://x"}}, "fault", "without an identity"),
    ({"retry_policy": None}, "fault", "no retry policy"),
    ({"retry_policy": {"minimum_backoff": {"seconds": 1}, "maximum_backoff": {"seconds": 600}}},
     "warning", "after 1 to 600 s, not 10 to 600"),
    ({"dead_letter_policy": None}, "fault", "no dead letters"),
    ({"dead_letter_policy": {"dead_letter_topic": "projects/stories/topics/dead-letter-plan-run",
                             "max_delivery_attempts": 40}}, "fault",
     "gives up to dead-letter-plan-run, not to dead-letter-write-jsonl"),
    ({"dead_letter_policy": {"dead_letter_topic": "projects/stories/topics/dead-letter-write-jsonl",
                             "max_delivery_attempts": 5}}, "warning", "gives up after 5"),
    ({"message_retention_duration": {"seconds": 604800}}, "warning", "for 7 days, not 31"),
]  # fmt: skip
WRONG_PEOPLE: list[tuple[dict[str, Any], str, str]] = [
    ({"filter": filter_of("write-jsonl")}, "fault", "has a filter"),
    ({"push_config": {"push_endpoint": "https://x"}}, "fault", "people are to pull"),
    ({"message_retention_duration": {"seconds": 604800}}, "warning", "for 7 days, not 31"),
]


@pytest.mark.parametrize(
    ("name", "change", "state", "message"),
    [
        *((PUSH, *each) for each in (*WRONG, *WRONG_PUSH)),
        *((PEOPLE, *each) for each in (*WRONG, *WRONG_PEOPLE)),
    ],
)
def test_a_subscription_that_differs_is_told(
    harness: DoctorHarness, name: str, change: dict[str, Any], state: str, message: str
) -> None:
    """By its own name."""
    harness.pubsub.subscriptions[name] |= change

    (problem,) = harness.problem().values()
    assert ("pushes" if name == PUSH else "people's letters", state) == (
        problem.name,
        problem.state,
    )
    assert problem.message.startswith(f"{name}: ")
    assert message in problem.message


def test_subscriptions_that_differ_alike_are_told_together(harness: DoctorHarness) -> None:
    """By the names of all of them."""
    names = ("write-jsonl.batch-planned", "submit-job.jsonl-uploaded")
    for name in names:
        harness.pubsub.subscriptions[name]["ack_deadline_seconds"] = 10

    assert (
        harness.problem()["pushes"].message
        == f"{', '.join(names)}: waits 10 s for an answer, not 600"
    )


def test_the_filter_of_replays_is_welcome_and_not_demanded(harness: DoctorHarness) -> None:
    """Services look at each message themselves; Terraform makes none."""
    harness.pubsub.subscriptions[PUSH]["filter"] = filter_of("write-jsonl")

    assert {} == harness.problem()


def test_a_signal_may_be_forgotten_soon(harness: DoctorHarness) -> None:
    """The next tick says it again."""
    harness.pubsub.subscriptions["watch-jobs.watch-tick"]["message_retention_duration"] = {
        "seconds": 600
    }

    assert {} == harness.problem()


@pytest.mark.parametrize(("name", "told"), [(PUSH, "pushes"), (PEOPLE, "people's letters")])
def test_a_subscription_that_is_missing_is_named(
    harness: DoctorHarness, name: str, told: str
) -> None:
    """What is sent to it is lost."""
    del harness.pubsub.subscriptions[name]

    (problem,) = harness.problem().values()
    assert (told, "fault") == (problem.name, problem.state)
    assert name in problem.message
    assert "lost" in problem.remedy


@pytest.mark.parametrize(
    ("inner", "outer", "inside"),
    [
        ("EU", "eu", True), ("europe-west4", "EU", True), ("us-central1", "US", True),
        ("europe-west2", "EU", False), ("us-central1", "EU", False), ("EU", "europe-west4", False),
        ("EUROPE-WEST4", "europe-west4", True), ("europe-west40", "EU", False),
    ],
)  # fmt: skip
def test_a_place_lies_in_another_or_not(inner: str, outer: str, inside: bool) -> None:
    """As Terraform's own check has it: London and Zurich are not in the EU."""
    assert inside is is_within(inner, outer)
