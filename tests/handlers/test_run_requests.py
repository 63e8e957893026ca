"""Requests of users and schedules: a valid one becomes one run, an invalid one is refused by name."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from events import ReprocessRequested
from events.ids import derived_run_id
from handlers.refuse_run import refused
from tests.harness import START, LocalHarness, calls, id_of, ran
from troupe.standin.corrupt import Corruption, Kind

MakeHarness = Callable[..., LocalHarness]


def send(harness: LocalHarness, body: dict[str, Any] | str, message_id: str = "") -> None:
    """Bare JSON on the topic, as `gcloud pubsub topics publish` or Cloud Scheduler send it."""
    raw = body if isinstance(body, str) else json.dumps(body)
    harness.backend.bus.send("run-requested", raw.encode(), {}, message_id)


def run_ids(harness: LocalHarness) -> list[str]:
    return [
        run for (run,) in harness.sql("SELECT run_id FROM run_plans ORDER BY planned_at, run_id")
    ]


def test_bare_json_without_an_envelope_is_a_request(harness: LocalHarness) -> None:
    """A person with gcloud needs no CloudEvents."""
    harness.load(calls(3))

    send(harness, {"run_id": "by-hand", "mode": "production"})
    harness.play()

    assert ["by-hand"] == run_ids(harness)
    assert 3 == harness.books("by-hand")["analysed"]


def test_the_same_body_on_two_days_is_two_runs(harness: LocalHarness) -> None:
    """Cloud Scheduler's constant body names no run: each message is one."""
    harness.load(calls(3))
    send(harness, {"mode": "incremental"})
    harness.play()
    harness.clock.pass_(24 * 3600)
    harness.load(calls(2, start=3))

    send(harness, {"mode": "incremental"})
    harness.play()

    assert 2 == len(run_ids(harness))
    assert [3, 2] == [harness.books(run)["planned"] for run in run_ids(harness)]


def test_the_same_message_delivered_twice_is_one_run(harness: LocalHarness) -> None:
    """At-least-once delivery, one message id."""
    harness.load(calls(3))

    send(harness, {"mode": "production"}, message_id="m-17")
    send(harness, {"mode": "production"}, message_id="m-17")
    harness.play()

    assert 1 == len(run_ids(harness))
    assert 1 == harness.jobs()


def test_the_same_run_id_with_the_same_content_changes_nothing(harness: LocalHarness) -> None:
    """The same request may be sent again."""
    harness.begin_after(ran, 3)

    harness.complete("r1")

    assert 1 == harness.jobs()
    assert "run-refused" not in harness.topics()


def test_the_same_run_id_with_other_content_is_refused(harness: LocalHarness) -> None:
    """And the first run is left as it is."""
    harness.begin_after(ran, 3)

    harness.complete("r1", canary=7)

    assert "run-refused" in harness.topics()
    assert ["run_id_taken"] == [c for (c,) in harness.sql("SELECT cause FROM error_tracking")]
    assert harness.books("r1")["ok"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"rows_per_batch": 0}, "rows_per_batch"),
        ({"rows_per_batch": -5}, "rows_per_batch"),
        ({"bytes_per_batch": 2_000_000_000}, "bytes_per_batch"),
        ({"mode": "test"}, "limit"),
        ({"mode": "single"}, "record_ids"),
        ({"mode": "sometimes"}, "mode"),
        ({"limt": 3}, "limt"),
        ({"providers": ["x' OR '1'='1"]}, "providers"),
        ({"record_ids": ["1; DROP TABLE events"], "mode": "single"}, "record_ids"),
        (
            {
                "mode": "custom",
                "event_time_from": "2026-02-01T00:00:00Z",
                "event_time_to": "2026-01-01T00:00:00Z",
            },
            "event_time_from",
        ),
        ({"analysis": "no_such_thing_v1"}, "no_such_thing_v1"),
        ('{"limit": 1, "limit": 6, "mode": "test"}', "limit is given twice"),
        ('{"limit": 1, "l\\u0069mit": 6, "mode": "test"}', "limit is given twice"),
        ('{"mode": "test", "limit": 1, "mode": "test"}', "mode is given twice"),
        ('{"run_id": ', "truncated"),
        ("[1, 2]", "array"),
    ],
)
def test_a_bad_request_is_refused_by_name_and_nothing_else_happens(
    harness: LocalHarness, body: dict[str, Any] | str, named: str
) -> None:
    """It stands in `error_tracking` and among the refusals, with the field."""
    harness.load(calls(2))

    send(harness, body)
    harness.play()

    ((cause, detail),) = harness.sql("SELECT cause, detail FROM error_tracking")
    assert cause in ("bad_input", "unknown_analysis")
    assert named.lower() in detail.lower()
    assert 0 == harness.one("SELECT count(*) FROM run_plans")
    assert 0 == harness.jobs()
    assert 1 == harness.one("SELECT count(*) FROM events WHERE topic = 'run-refused'")


def structured(data: str, **attributes: str) -> tuple[str, dict[str, str]]:
    """A CloudEvent in one JSON text, with its data as written, and the message's attributes."""
    fields = {"specversion": "1.0", "id": "e-1", "source": "//tests", **attributes}
    head = "".join(f'"{name}": "{value}", ' for name, value in fields.items())
    kind = '"type": "dev.troupe.run-requested.v1"'
    return f'{{{head}{kind}, "data": {data}}}', {"content-type": "application/cloudevents+json"}


@pytest.mark.parametrize(
    ("data", "field", "run_id"),
    [
        ('{"run_id": "r1", "mode": "test", "limit": 1, "limit": 6}', "limit", "r1"),
        ('{"run_id": "r1", "mode": "test", "limit": 1, "l\\u0069mit": 6}', "limit", "r1"),
        ('{"run_id": "r1", "run_id": "r2"}', "run_id", derived_run_id("e-1")),
        ('{"run_id": "r1"}, "data": {"run_id": "r2"}', "data", derived_run_id("e-1")),
        ('{"run_id": "r1"}, "id": "e-2"', "id", "r1"),
        (
            '{"run_id": "r1"}, "datac\\u006fntenttype": "a/b", "datacontenttype": "a/b"',
            "datacontenttype",
            "r1",
        ),
    ],
)
def test_a_cloudevent_with_a_property_twice_is_refused_by_name(
    harness: LocalHarness, data: str, field: str, run_id: str
) -> None:
    """In its data and in the event itself; the refusal belongs to a run only if one is named."""
    harness.load(calls(2))
    body, attributes = structured(data)
    harness.backend.bus.send("run-requested", body.encode(), attributes, "m-1")
    harness.play()

    ((cause, detail, refused),) = harness.sql("SELECT cause, detail, run_id FROM error_tracking")
    assert ("bad_input", run_id) == (cause, refused)
    assert f"run-requested: {field} is given twice: give it once" == detail
    assert 0 == harness.one("SELECT count(*) FROM run_plans")


PLANNED = '"run_id": "r1", "planned_on": "2026-01-01", "records": 1, "attempt": 1'


@pytest.mark.parametrize(
    ("topic", "data", "field"),
    [
        ("cancel-requested", '{"run_id": "r1", "run_id": "r2"}', "run_id"),
        ("batch-planned", f'{{{PLANNED}, "batch": 1, "batch": 2}}', "data.batch"),
        ("batch-planned", f'{{{PLANNED}, "batch": 1, "new": {{"a": 1, "a": 2}}}}', "data.new.a"),
    ],
)
def test_another_message_with_a_property_twice_is_a_dead_letter(
    harness: LocalHarness, topic: str, data: str, field: str
) -> None:
    """Also in a field that is not read."""
    body, attributes = structured(data)
    body = body.replace("run-requested", topic)
    harness.backend.bus.send(topic, body.encode(), attributes, "m-1")
    harness.play()

    letters = harness.sql("SELECT error_type, cause, detail FROM error_tracking")
    assert {("dead_lettered", "unreadable_message")} == {letter[:2] for letter in letters}
    assert f"{topic}: {field} is given twice" in letters[0][2]
    assert "batch-planned" not in harness.topics()


def test_a_limit_bounds_a_test_and_the_rest_is_counted(harness: LocalHarness) -> None:
    """A test is a test."""
    harness.load(calls(30))

    books = harness.totals(mode="test", limit=7)

    assert (7, 7) == (books["planned"], books["analysed"])
    plan = harness.backend.dependencies.tracking.plan_of("r1")
    assert plan is not None
    assert 23 == plan.beyond_limit


def test_named_records_alone_are_taken(harness: LocalHarness) -> None:
    """Mode single."""
    rows = calls(5)
    harness.load(rows)

    harness.analyse(mode="single", record_ids=[id_of(rows[3])])

    assert [id_of(rows[3])] == [
        r for (r,) in harness.sql("SELECT record_id FROM transcription_analyzed_transcripts")
    ]


def test_filters_narrow_a_run(harness: LocalHarness) -> None:
    """By provider, direction and time; the end is exclusive."""
    harness.load(
        [*calls(4), *calls(4, start=4, provider="other"), *calls(2, start=8, direction="OUT")]
    )

    start = START - timedelta(days=1, minutes=3)
    books = harness.totals(
        mode="custom", providers=["tests"], directions=["INBOUND"], event_time_from=start
    )

    assert 4 == books["planned"]


def test_an_incremental_run_counts_what_lies_below_its_floor(harness: LocalHarness) -> None:
    """Late arrivals older than the look-back are reported, never silent."""
    harness.begin_after(ran, 3)
    old = (START - timedelta(days=60)).isoformat()
    harness.load([*calls(2, start=3), *calls(1, start=9, event_timestamp=old)])

    books = harness.totals("r2", mode="incremental")

    assert 2 == books["planned"]
    plan = harness.backend.dependencies.tracking.plan_of("r2")
    assert plan is not None
    assert (1, 3) == (plan.below_floor, plan.processed)


def test_a_dry_run_request_freezes_and_sends_nothing(harness: LocalHarness) -> None:
    """It is a completed run that says what it would have taken."""
    harness.load(calls(9))

    books = harness.run(dry_run=True)

    assert (0, True, True) == (books["planned"], books["ok"], books["completed"])
    plan = harness.backend.dependencies.tracking.plan_of("r1")
    assert plan is not None
    assert 9 == plan.would_records
    assert 9 == harness.run("r2")["planned"]


def test_reprocessing_takes_the_failed_records_of_a_run_in_a_new_run(
    make_harness: MakeHarness,
) -> None:
    """No batch is ever reopened."""
    rows = calls(6)
    bad = frozenset(f"k-{id_of(row)}" for row in rows[:2])
    harness = make_harness(corruption=Corruption(share=0, poison=bad, poison_kind=Kind.BLOCKED))
    harness.load(rows)
    harness.analyse("r1", breaker=100)
    harness.restart(corruption=None)

    harness.publish(ReprocessRequested(run_id="again", of_run="r1", error_types=["blocked"]))
    harness.play()

    books = harness.books("again")
    assert (2, 2, True) == (books["planned"], books["analysed"], books["ok"])
    assert harness.books("r1")["ok"]
    assert 6 == harness.one("SELECT count(*) FROM transcription_analyzed_transcripts")


def test_a_transcript_edited_under_the_same_ids_is_counted_as_changed(
    harness: LocalHarness,
) -> None:
    """And not analysed again."""
    rows = calls(3)
    harness.load(rows)
    harness.analyse("r1")
    harness.backend.warehouse.db.execute(
        "UPDATE transcription_pass_2 SET transcript = 'edited' WHERE \"interactionId\" = 'int-1'"
    )

    harness.analyse("r2")

    plan = harness.backend.dependencies.tracking.plan_of("r2")
    assert plan is not None
    assert (2, 1, 0) == (plan.processed, plan.changed, plan.records)


def test_a_request_that_is_refused_twice_keeps_its_first_reason(harness: LocalHarness) -> None:
    """The money that is left may differ at the second delivery; the event has one body."""
    tracking = harness.backend.dependencies.tracking
    first = refused(tracking, "r1", "m1", "over_budget", "$3 is left")
    second = refused(tracking, "r1", "m1", "over_budget", "$2 is left")

    assert first == second
    assert "$3 is left" == second.detail
