"""Planning: which source rows are selected or left out and why, and how batches are cut."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis import Request, render
from events import RunCompleted, RunRequested
from events.commands import BYTES_LIMIT
from handlers.runs.plan_params import plan_params
from handlers.summary.run_summary import SKIPPED
from tests.tracking.harness import (
    ANALYSIS,
    DAY,
    TrackingHarness,
    all_good,
    bad,
    call,
    calls,
    good,
    id_of,
    stopped,
)
from tracking import Plan, Redaction, Source
from tracking.statements import transaction
from troupe.backends.defaults import error_types

few = settings(
    deadline=None,
    derandomize=True,
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


PLANNED = ("batch_records", "batch_plans", "run_plans")


def skipped(plan: Plan) -> dict[str, int]:
    """Reasons that rows were left out for, with their counts above 0."""
    return {reason: n for reason in SKIPPED if (n := getattr(plan, reason))}


def completed(run_id: str = "r1") -> RunCompleted:
    return RunCompleted(
        run_id=run_id, planned_on=DAY, batches=1, records=0, analysed=0, failed=0, released=0
    )


def over(
    harness: TrackingHarness, rows: list[dict[str, Any]], run_id: str = "r1", **request: Any
) -> None:
    """Plan and close a run that analyses all of its rows."""
    harness.plan(run_id, **request)
    harness.close(all_good(rows), run_id=run_id)
    harness.record(completed(run_id))


# Selection


def test_every_row_of_the_source_gets_one_selection(harness: TrackingHarness) -> None:
    """Planned and left-out rows add up to the source."""
    harness.source(
        [
            *calls(5),
            call(1),
            call(6, None),
            call(7, " \t\n"),
            call(8, provider="other"),
            call(9, ""),
        ]
    )

    plan = harness.plan(providers=["acme"], limit=3)

    assert {
        "outside_filter": 1, "duplicate": 1, "empty_transcript": 3, "beyond_limit": 2,
    } == skipped(plan)  # fmt: skip
    assert plan.source_rows == plan.records + sum(skipped(plan).values())


@pytest.mark.parametrize(
    ("command", "taken"),
    [
        ({}, 4),
        ({"providers": ["acme"]}, 2),
        ({"providers": ["acme", "other"]}, 3),
        ({"providers": ["ACME"]}, 0),
        ({"directions": ["OUTBOUND"]}, 1),
        ({"event_time_from": datetime(2026, 3, 1, tzinfo=UTC)}, 2),
        ({"event_time_to": datetime(2026, 3, 1, tzinfo=UTC)}, 1),
        (
            {
                "event_time_from": datetime(2026, 2, 1, tzinfo=UTC),
                "event_time_to": datetime(2026, 3, 2, tzinfo=UTC),
            },
            2,
        ),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else None,
)
def test_rows_that_a_filter_excludes_are_outside_filter(
    harness: TrackingHarness, command: dict[str, Any], taken: int
) -> None:
    """The start is inclusive, the end exclusive; NULL matches no filter."""
    harness.source(
        [
            call(1, event_timestamp="2026-03-01 00:00:00"),
            call(2, provider="other", event_timestamp="2026-02-28 23:59:59.999999"),
            call(3, provider=None, event_timestamp=None),
            call(4, direction="OUTBOUND", event_timestamp="2026-03-02 00:00:00"),
        ]
    )

    plan = harness.plan(**command)

    assert (taken, 4 - taken) == (plan.records, plan.outside_filter)


def test_an_empty_array_parameter_may_be_null(harness: TrackingHarness) -> None:
    """BigQuery's client may send it so; every requested row must still be planned."""
    harness.source(calls(6))
    params = plan_params(RunRequested(run_id="r1"), "m1", ANALYSIS)
    nothing = {name: None if value == [] else value for name, value in params.items()}

    assert params != nothing
    harness.tracking.plan_run("r1", nothing, Redaction())

    planned = harness.tracking.plan_of("r1")
    assert planned is not None
    assert (6, {}) == (planned.records, skipped(planned))


def test_mode_single_takes_only_the_given_records(harness: TrackingHarness) -> None:
    """By record id."""
    harness.source(calls(5))

    plan = harness.plan(mode="single", record_ids=[id_of(call(3)), "f" * 32])

    assert (1, {"outside_filter": 4}, False) == (plan.records, skipped(plan), plan.whole)
    assert [(id_of(call(3)),)] == harness.sql("SELECT record_id FROM batch_records")


EARLIER, LATER = "2026-03-01 12:00:00", "2026-03-01 12:00:01"


@pytest.mark.parametrize(
    ("copies", "chosen", "left_out"),
    [
        (
            [("short", LATER), ("rather long", EARLIER), ("the longest of all", None)],
            "short",
            {"conflicting_copies": 2},
        ),
        (
            [("short", LATER), ("rather long", LATER), ("short", EARLIER), ("rather long", None)],
            "rather long",
            {"duplicate": 1, "conflicting_copies": 2},
        ),
        ([("a", None), ("aaa", None), ("aa", None)], "aaa", {"conflicting_copies": 2}),
        # Of equal length: the lower fingerprint, which is that of c.
        ([("a", LATER), ("b", LATER), ("c", LATER)], "c", {"conflicting_copies": 2}),
        ([("same", None), ("same", EARLIER), ("same", LATER)], "same", {"duplicate": 2}),
        ([("é", LATER), ("abc", LATER), ("ab", LATER)], "abc", {"conflicting_copies": 2}),
        ([("text", EARLIER), (None, LATER)], None, {"conflicting_copies": 1}),
        ([(None, LATER), (None, EARLIER)], None, {"duplicate": 1}),
        ([("", LATER), (None, LATER)], None, {"conflicting_copies": 1}),
    ],
)
def test_of_rows_with_the_same_ids_one_is_chosen(
    harness: TrackingHarness,
    copies: list[tuple[str | None, str | None]],
    chosen: str | None,
    left_out: dict[str, int],
) -> None:
    """The newest, rows without a time last, then the longest, then the lower fingerprint."""
    rows = [call(1, text, event_timestamp=time) for text, time in copies]
    harness.source(rows)
    first = harness.plan("r1")
    harness.empty()
    harness.source(reversed(rows))
    plan = harness.plan("r1")

    if chosen is None:
        assert 0 == plan.records
        left_out = left_out | {"empty_transcript": 1}
    else:
        assert [(chosen,)] == harness.sql("SELECT transcript FROM batch_records")
    assert left_out == skipped(plan) == skipped(first), "in any order of the rows"


def test_the_time_of_the_chosen_row_is_frozen(harness: TrackingHarness) -> None:
    harness.source([call(1, event_timestamp=each) for each in (LATER, None, EARLIER)])
    harness.plan()

    assert LATER == str(harness.one("SELECT event_timestamp FROM batch_records"))


@pytest.mark.parametrize(
    "narrow",
    [
        {"providers": ["acme"]},
        {"directions": ["INBOUND"]},
        {"event_time_to": datetime(2026, 3, 1, 12, 0, 1, tzinfo=UTC)},
        {"mode": "custom", "event_time_to": datetime(2026, 3, 1, 12, 0, 1, tzinfo=UTC)},
    ],
)
def test_a_filter_never_takes_a_copy_that_was_not_chosen(
    harness: TrackingHarness, narrow: dict[str, Any]
) -> None:
    """Else a filtered run analyses the old text, the next run sees a changed one, and so on."""
    newest = call(1, "new text", provider="other", direction="OUTBOUND", event_timestamp=LATER)
    harness.source([call(1, "old text", event_timestamp=EARLIER), newest])

    narrowed = harness.plan("r1", **narrow)
    harness.record(completed("r1"))
    assert (0, {"conflicting_copies": 1, "outside_filter": 1}) == (
        narrowed.records, skipped(narrowed),
    )  # fmt: skip

    assert 1 == harness.plan("r2").records
    harness.close([good(newest)], run_id="r2")
    harness.record(completed("r2"))
    assert {"conflicting_copies": 1, "processed": 1} == skipped(harness.plan("r3"))
    after = harness.plan("r4", **narrow)
    assert {"conflicting_copies": 1, "outside_filter": 1} == skipped(after)


def test_copies_that_differ_in_their_provider_alone_are_judged_alike_in_any_order(
    harness: TrackingHarness,
) -> None:
    """The filter must not depend on which of two equal rows the engine reads first."""
    rows = [call(1, provider="other"), call(1, provider="acme"), call(1, provider=None)]
    taken = []
    for order in (rows, rows[::-1], rows[1:] + rows[:1]):
        harness.empty()
        harness.source(order)
        taken.append(harness.plan(providers=["acme"]).records)

    assert len({*taken}) == 1


def test_rows_without_interaction_and_reference_id_are_no_identity(
    harness: TrackingHarness,
) -> None:
    """A customer's calls with only the phone token filled would be one record."""
    nothing = {"interactionId": None, "referenceId": None}
    harness.source(
        [
            call(1, "a", **nothing),
            call(1, "b", **nothing),
            call(1, "b", **nothing),
            call(2, "c", interactionId=" ", referenceId="\t"),
            call(3, "d", interactionId=None, referenceId="r3"),
            call(4, "e", phone_number_token=None),
            call(5, "f", phone_number_token=None, **nothing, provider="other"),
        ]
    )

    plan = harness.plan("r1", providers=["acme"])

    assert (2, {"no_identity": 5}) == (plan.records, skipped(plan))
    assert [] == harness.errors()
    totals = harness.totals("r1")
    assert (2, 5, 0) == (totals["planned"], totals["skipped"], totals["missing_members"])


def test_held_is_judged_before_the_history(harness: TrackingHarness) -> None:
    """An open run that asks a record again holds it, whatever is known of the record."""
    harness.source(calls(3))
    harness.plan("r1")
    harness.close([good(call(0)), bad(call(1), "blocked", 2), good(call(2), 3)])
    harness.record(completed("r1"))
    harness.sql(
        "UPDATE transcription_pass_2 SET transcript = 'other' WHERE \"interactionId\" = 'i2'"
    )
    assert {"processed": 1, "failed_before": 1, "changed": 1} == skipped(harness.plan("r2"))

    harness.sql("INSERT INTO batch_records SELECT * REPLACE ('r2' AS run_id) FROM batch_records")
    assert {"held": 3} == skipped(harness.plan("r3"))


def test_an_analysed_record_is_left_out_as_processed(harness: TrackingHarness) -> None:
    """A second identical run sends no request."""
    harness.source(calls(4))
    over(harness, calls(4))

    plan = harness.plan("r2")

    assert (0, 0, {"processed": 4}) == (plan.records, plan.batches, skipped(plan))


def test_a_transcript_edited_under_its_ids_is_left_out_as_changed(
    harness: TrackingHarness,
) -> None:
    """It has its own count, so that users see it."""
    harness.source(calls(2))
    over(harness, calls(2))
    harness.sql(
        "UPDATE transcription_pass_2 SET transcript = 'other' WHERE \"interactionId\" = 'i1'"
    )

    assert {"processed": 1, "changed": 1} == skipped(harness.plan("r2"))


def test_a_failed_record_is_left_out_until_a_reprocess_request_selects_it(
    harness: TrackingHarness,
) -> None:
    """Also after its transcript was edited."""
    harness.source(calls(3))
    harness.plan()
    harness.close([*all_good(calls(2)), bad(call(2), "blocked", 3)])
    harness.record(completed())

    assert {"processed": 2, "failed_before": 1} == skipped(harness.plan("r2"))
    assert 1 == harness.reprocess("r3", error_types=["blocked"]).records


def test_a_record_that_another_open_run_holds_is_left_out(harness: TrackingHarness) -> None:
    """Two concurrent runs have disjoint records."""
    harness.source(calls(3))
    harness.plan("r1", limit=2)

    second = harness.plan("r2")
    third = harness.plan("r3")

    assert (1, {"held": 2}) == (second.records, skipped(second))
    assert {"held": 3} == skipped(third)
    assert [(3, 3)] == harness.sql("SELECT count(*), count(DISTINCT record_id) FROM batch_records")


def test_a_stopped_run_holds_its_records_until_it_is_completed(harness: TrackingHarness) -> None:
    """A job that was paid for may still answer them."""
    harness.source(calls(3))
    harness.plan("r1")
    harness.record(stopped("operator"))

    assert {"held": 3} == skipped(harness.plan("r2"))


def test_a_released_record_is_taken_whatever_its_earlier_attempts_met(
    harness: TrackingHarness,
) -> None:
    """An error after which it was asked again is no failure."""
    harness.source(calls(2))
    harness.plan("r1")
    harness.close([good(call(0)), bad(call(1), "truncated", 2)])
    harness.close([], attempt=2, ending="discarded")
    harness.record(completed())

    assert (1, {"processed": 1}) == ((plan := harness.plan("r2")).records, skipped(plan))


def test_a_completed_run_holds_nothing(harness: TrackingHarness) -> None:
    """Records that it released may be planned."""
    harness.source(calls(3))
    harness.plan("r1")
    harness.close(all_good(calls(1)), ending="discarded")
    harness.record(completed())

    assert (2, {"processed": 1}) == ((plan := harness.plan("r2")).records, skipped(plan))


def test_records_of_another_analysis_are_independent(harness: TrackingHarness) -> None:
    """Processed, failed and held count within one analysis version."""
    harness.source(calls(2))
    harness.plan("r1")
    params = plan_params(RunRequested(run_id="r2"), "m2", ANALYSIS) | {"analysis": "call_review_v2"}

    harness.tracking.plan_run("r2", params, Redaction())

    plan = harness.tracking.plan_of("r2")
    assert plan is not None
    assert (2, {}) == (plan.records, skipped(plan))


def test_rows_that_cannot_be_requested_are_stored_as_errors_once(harness: TrackingHarness) -> None:
    """Every plan checks them again; the first one stores the error."""
    long = "x" * (ANALYSIS.max_transcript_bytes + 1)
    harness.source(
        [call(1), call(2, None), call(3, long), call(4, "x" * ANALYSIS.max_transcript_bytes)]
    )

    first, second = harness.plan("r1"), harness.plan("r2")

    assert {"empty_transcript": 1, "request_too_large": 1} == skipped(first)
    assert {"empty_transcript": 1, "request_too_large": 1, "held": 2} == skipped(second)
    assert [("empty_transcript", None, 1), ("request_too_large", None, 1)] == harness.errors()
    assert [(True,)] == harness.sql("SELECT DISTINCT replan FROM error_tracking")


def test_planned_bytes_are_those_of_the_written_request_line(harness: TrackingHarness) -> None:
    """Escaped, in UTF-8, with the surrounding JSON; U+2028 may count three bytes more."""
    text = 'quote "hi"\n\u2028 ü 😀 \x01'
    harness.source([call(1, text)])

    plan = harness.plan()

    line = b"".join(render(ANALYSIS, [Request(id_of(call(1)), text, ANALYSIS.output_cap)]))
    assert len(line) <= plan.bytes <= len(line) + 3


# Incremental runs


def test_an_incremental_run_begins_at_the_newest_call_less_the_look_back(
    harness: TrackingHarness,
) -> None:
    """Of the last whole run; rows without a time are taken."""
    newest = datetime(2026, 3, 1, 12, tzinfo=UTC)
    first = call(0, event_timestamp=newest)
    harness.source([first])
    over(harness, [first])
    harness.source(
        [
            call(1, event_timestamp=newest - timedelta(days=2)),
            call(2, event_timestamp=newest - timedelta(days=2, microseconds=1)),
            call(3, event_timestamp=None),
            call(4, event_timestamp=newest + timedelta(days=1)),
        ]
    )

    plan = harness.plan("r2", mode="incremental", lookback_days=2)

    assert newest - timedelta(days=2) == plan.event_time_floor
    assert (3, {"processed": 1, "below_floor": 1}) == (plan.records, skipped(plan))


def test_the_first_incremental_run_takes_everything(harness: TrackingHarness) -> None:
    """No earlier run sets a start."""
    harness.source(calls(2))

    plan = harness.plan(mode="incremental")

    assert (2, None, True) == (plan.records, plan.event_time_floor, plan.whole)


@pytest.mark.parametrize(
    "command",
    [
        {"limit": 1}, {"dry_run": True}, {"providers": ["acme"]}, {"directions": ["INBOUND"]},
        {"event_time_from": datetime(2020, 1, 1, tzinfo=UTC)},
        {"mode": "single", "record_ids": [id_of(call(0))]},
    ],
    ids=lambda request: ",".join(request),
)  # fmt: skip
def test_a_run_with_a_limit_or_filter_sets_no_start(
    harness: TrackingHarness, command: dict[str, Any]
) -> None:
    """The rows that it left out would be lost."""
    harness.source(calls(3))
    harness.plan("r1", **command)

    assert None is harness.plan("r2", mode="incremental").event_time_floor


def test_a_limit_that_leaves_nothing_out_sets_a_start(harness: TrackingHarness) -> None:
    """The console sends the number that was confirmed as a limit."""
    harness.source(calls(3))

    assert harness.plan("r1", limit=3).whole
    assert None is not harness.plan("r2", mode="incremental").event_time_floor


def test_a_test_run_sets_no_start(harness: TrackingHarness) -> None:
    """Also where it took everything."""
    harness.source(calls(3))

    assert not harness.plan("r1", mode="test", limit=9).whole


def test_records_that_a_cancelled_run_released_are_taken_at_any_age(
    harness: TrackingHarness,
) -> None:
    """The next plan takes released records."""
    old, new = call(1, event_timestamp="2020-01-01 00:00:00"), call(2)
    harness.source([old, new])
    harness.plan("r1", mode="incremental")
    harness.close([], ending="discarded")
    harness.record(completed())

    assert 2 == harness.plan("r2", mode="incremental").records


def test_a_call_with_a_time_in_the_future_hides_no_row(harness: TrackingHarness) -> None:
    """A wrong clock at the source must not stop incremental runs."""
    broken = call(0, event_timestamp="2999-01-01 00:00:00")
    harness.source([broken])
    over(harness, [broken])
    harness.source([call(1, event_timestamp="2026-03-02 08:59:00")])

    assert 1 == harness.plan("r2", mode="incremental").records


# Reprocessing


def failures(harness: TrackingHarness) -> None:
    """Complete run r1: a blocked record in batch 1, exhausted and released ones in batch 2."""
    harness.source(calls(6))
    harness.plan("r1", canary=3, rows_per_batch=3)
    first, second = members(harness, "r1")
    rows = {id_of(row): row for row in calls(6)}
    one, two = [rows[r] for r in first], [rows[r] for r in second]
    harness.close([*all_good(one[:2]), bad(one[2], "blocked", 3)], batch=1)
    harness.close(
        [good(two[0]), bad(two[1], "truncated", 2), bad(two[2], "truncated", 3)],
        batch=2, max_attempts=1,
    )  # fmt: skip
    harness.record(completed())


def members(harness: TrackingHarness, run_id: str) -> list[list[str]]:
    """The record ids of each batch, in order."""
    found = defaultdict(list)
    for batch, record in harness.sql(
        "SELECT batch, record_id FROM batch_records WHERE run_id = ? ORDER BY ALL", run_id
    ):
        found[batch].append(record)
    return [found[batch] for batch in sorted(found)]


@pytest.mark.parametrize(
    ("command", "taken"),
    [
        ({"of_run": "r1"}, 3),
        ({"of_run": "r1", "batches": [1]}, 1),
        ({"of_run": "r1", "batches": [2]}, 2),
        ({"of_run": "r1", "batches": [3]}, 0),
        ({"of_run": "r2"}, 0),
        ({"error_types": ["blocked"]}, 1),
        ({"error_types": ["attempts_exhausted"]}, 2),
        ({"error_types": ["truncated"]}, 2),
        ({"error_types": ["blocked", "truncated"]}, 3),
        ({"error_types": ["cancelled"]}, 0),
        ({"of_run": "r1", "batches": [1], "error_types": ["truncated"]}, 0),
    ],
    ids=str,
)
def test_a_reprocess_request_takes_only_the_selected_records(
    harness: TrackingHarness, command: dict[str, Any], taken: int
) -> None:
    """By run, batch, error type or cause."""
    harness.begin_after(failures)

    plan = harness.reprocess("again", **command)

    assert (taken, False, "reprocess") == (plan.records, plan.whole, plan.mode)
    assert plan.source_rows == plan.records + sum(skipped(plan).values())


def test_a_reprocess_request_takes_records_by_their_ids(harness: TrackingHarness) -> None:
    """An analysed record is left out even when its id is given."""
    harness.begin_after(failures)
    (failed,) = harness.sql("SELECT record_id FROM error_tracking WHERE error_type = 'blocked'")[0]
    analysed = harness.one("SELECT min(record_id) FROM processed_records")

    plan = harness.reprocess("again", record_ids=[failed, analysed])

    assert [[failed]] == members(harness, "again")
    assert 1 == plan.records


def test_released_records_can_be_reprocessed_by_id(harness: TrackingHarness) -> None:
    """A plain run would take them too."""
    harness.source(calls(3))
    harness.plan("r1")
    harness.close([], ending="discarded")
    harness.record(completed())

    assert 3 == harness.reprocess("r2", error_types=["discarded"]).records


def test_a_second_equal_reprocess_request_takes_no_record(harness: TrackingHarness) -> None:
    """While the first run is open, and after it has analysed the records."""
    harness.begin_after(failures)
    taken = harness.reprocess("again", of_run="r1")
    rows = {id_of(row): row for row in calls(6)}

    meanwhile = harness.reprocess("meanwhile", of_run="r1")
    harness.close(all_good([rows[r] for r in members(harness, "again")[0]]), run_id="again")
    harness.record(completed("again"))
    later = harness.reprocess("later", of_run="r1")

    assert (3, 0, 3) == (taken.records, meanwhile.records, meanwhile.held)
    assert (0, 3) == (later.records, later.processed)


# The plan


def test_a_second_plan_under_one_run_id_changes_nothing(harness: TrackingHarness) -> None:
    """Whatever its request is."""
    harness.source(calls(3))
    harness.plan("r1", limit=1)
    before = harness.everything()
    harness.source(calls(2, start=10))
    harness.sql("DELETE FROM transcription_pass_2 WHERE \"interactionId\" IN ('i10', 'i11')")

    again = harness.plan("r1")

    assert 1 == again.records
    assert before == harness.everything()


def test_a_plan_whose_transaction_runs_twice_is_stored_once(harness: TrackingHarness) -> None:
    """A job may be reported as failed after its commit and is run again: every INSERT is guarded."""
    harness.source(calls(3))
    harness.plan("r1")
    before = [harness.sql(f"FROM {t} ORDER BY ALL") for t in PLANNED]
    harness.sql("DELETE FROM local_jobs")
    harness.source(calls(2, start=3))  # arrived in between

    harness.plan("r1")

    assert before == [harness.sql(f"FROM {t} ORDER BY ALL") for t in PLANNED]


def test_a_dry_run_counts_and_freezes_nothing(harness: TrackingHarness) -> None:
    """It holds no record."""
    harness.source([*calls(5), call(6, None)])

    dry = harness.plan("dry", dry_run=True, canary=2, rows_per_batch=2)

    assert (0, 0, 0) == (dry.batches, dry.records, dry.bytes)
    assert (3, 5) == (dry.would_batches, dry.would_records)
    assert (0, []) == (harness.one("SELECT count(*) FROM batch_records"), harness.errors())
    assert 5 == harness.plan("real").records


@pytest.mark.parametrize("looks", range(1, 12, 2))
def test_a_plan_that_runs_past_midnight_has_one_day(
    harness: TrackingHarness, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    """Outside a transaction BigQuery reads the clock for each statement of a script."""
    harness.source(calls(5))
    harness.clock.now = datetime(2026, 3, 3, tzinfo=UTC) - timedelta(seconds=looks)

    def ticking() -> datetime:
        harness.clock.pass_(1)
        return harness.clock.now

    monkeypatch.setattr(harness.warehouse, "_clock", ticking)
    plan = harness.plan()

    assert datetime(2026, 3, 3, tzinfo=UTC) <= harness.clock.now
    for table in ("batch_plans", "batch_records"):
        days = harness.sql(f"SELECT DISTINCT planned_on FROM {table}")  # noqa: S608
        assert [plan.day] == [day.isoformat() for (day,) in days]


def test_batch_plans_hold_records_and_bytes_of_each_batch(harness: TrackingHarness) -> None:
    """Budgets and limits read these rows, and do not count records again."""
    harness.source([call(1), call(2, "Hello? " * 90), *calls(9)[3:]])

    harness.plan(canary=2, rows_per_batch=3)

    counts_sql = "SELECT batch, count(*), sum(line_bytes) FROM batch_records GROUP BY 1 ORDER BY 1"
    stored = "SELECT batch, records, bytes FROM batch_plans ORDER BY 1"
    assert [2, 3, 3] == [records for _, records, _ in harness.sql(stored)]
    assert harness.sql(counts_sql) == harness.sql(stored)


def test_a_canary_larger_than_a_batch_is_one_batch(harness: TrackingHarness) -> None:
    """The batches after it are full."""
    harness.source(calls(7))

    harness.plan(canary=5, rows_per_batch=2)

    stored = "SELECT records FROM batch_plans ORDER BY batch"
    assert [(2,), (2,), (2,), (1,)] == harness.sql(stored)


def test_the_last_record_of_a_batch_does_not_exceed_the_limit_of_the_service() -> None:
    """The limit that a request names may be exceeded by one record, Google's may not."""
    largest = ANALYSIS.line_overhead_bytes + ANALYSIS.max_transcript_bytes
    request = RunRequested(run_id="r1", bytes_per_batch=BYTES_LIMIT)

    assert BYTES_LIMIT == plan_params(request, "m1", ANALYSIS)["bytes_per_batch"] + largest


def test_an_empty_source_gives_a_plan_of_zeros(harness: TrackingHarness) -> None:
    """Zeros, not NULLs."""
    plan = harness.plan()

    assert (0, 0, 0, 0, {}) == (
        plan.batches, plan.records, plan.bytes, plan.source_rows, skipped(plan)
    )  # fmt: skip
    assert None is plan.newest_event_time


def test_the_preview_equals_the_plan(harness: TrackingHarness) -> None:
    """And the preview changes nothing."""
    harness.source([*calls(9), call(1), call(20, None)])
    request = RunRequested(run_id="r1", canary=2, rows_per_batch=3, limit=8)
    before = harness.everything()

    preview = harness.tracking.preview_plan(plan_params(request, "m1", ANALYSIS), Redaction())

    assert before == harness.everything()
    plan = harness.plan("r1", canary=2, rows_per_batch=3, limit=8)
    assert (plan.batches, plan.records, plan.bytes, plan.source_rows, plan.duplicate) == tuple(
        preview[name] for name in ("batches", "records", "bytes", "source_rows", "duplicate")
    )


# Batches

SCRIPT = transaction("plan_run", **Source().names(), **Redaction().names(Source().names()))
A_BUCKET = "DIV(before, 1000000)"
SMALLER_BUCKETS = SCRIPT.replace(A_BUCKET, "DIV(before, @bucket)")


def cut(
    harness: TrackingHarness,
    sizes: list[int],
    *,
    rows: int,
    size_cap: int,
    canary: int,
    limit: int | None = None,
    bucket: int | None = None,
) -> list[list[tuple[str, int]]]:
    """Plan transcripts of these sizes; return id and bytes of each record, by batch."""
    assert SMALLER_BUCKETS != SCRIPT
    harness.empty()
    harness.source(call(number, "x" * size) for number, size in enumerate(sizes))
    params = plan_params(RunRequested(run_id="r1"), "m1", ANALYSIS) | {
        "rows_per_batch": rows, "bytes_per_batch": size_cap, "canary": canary, "limit": limit,
        "line_overhead": 0, "run_id": "r1", "error_type_rows": error_types(), "bucket": bucket,
    }  # fmt: skip
    harness.warehouse.run_once("plan", SMALLER_BUCKETS if bucket else SCRIPT, params)
    found = defaultdict(list)
    for batch, record, size in harness.sql(
        "SELECT batch, record_id, line_bytes FROM batch_records ORDER BY ALL"
    ):
        found[batch].append((record, size))
    assert list(range(1, len(found) + 1)) == sorted(found), "batches are dense from 1"
    return [found[batch] for batch in sorted(found)]


def keeps_caps(batches: list[list[tuple[str, int]]], rows: int, size_cap: int) -> bool:
    """Rows never exceed their limit; bytes exceed it by the last record at most."""
    return all(
        len(batch) <= rows and sum(size for _, size in batch[:-1]) < size_cap for batch in batches
    )


@few
@given(
    sizes=st.lists(st.integers(1, 60), max_size=60),
    rows=st.integers(1, 20),
    size_cap=st.integers(10, 400),
    canary=st.integers(1, 10),
    limit=st.none() | st.integers(1, 70),
)
def test_any_records_are_cut_into_batches_within_their_caps(
    harness: TrackingHarness,
    sizes: list[int],
    rows: int,
    size_cap: int,
    canary: int,
    limit: int | None,
) -> None:
    """Each record once and in order of the ids; the canary batches come first."""
    canary = min(canary, rows)

    batches = cut(harness, sizes, rows=rows, size_cap=size_cap, canary=canary, limit=limit)

    everyone = sorted((id_of(call(n)), size) for n, size in enumerate(sizes))
    taken = everyone[:limit]
    assert taken == [record for batch in batches for record in batch]
    assert keeps_caps(batches, rows, size_cap)
    if taken and sum(size for _, size in taken[:canary]) <= size_cap:
        assert min(canary, len(taken)) == len(batches[0])
    assert not batches or len(batches[0]) <= canary
    plan = harness.tracking.plan_of("r1")
    assert plan is not None
    assert (
        len(batches),
        len(taken),
        sum(size for _, size in taken),
        len(everyone) - len(taken),
    ) == (
        plan.batches,
        plan.records,
        plan.bytes,
        plan.beyond_limit,
    )


@few
@given(
    sizes=st.lists(st.integers(1, 60), min_size=30, max_size=120),
    rows=st.integers(2, 12),
    size_cap=st.integers(50, 400),
    canary=st.integers(1, 5),
    limit=st.none() | st.integers(20, 120),
    bucket=st.integers(10, 40),
)
def test_records_of_many_buckets_are_cut_as_well(
    harness: TrackingHarness,
    sizes: list[int],
    rows: int,
    size_cap: int,
    canary: int,
    limit: int | None,
    bucket: int,
) -> None:
    """As for tens of millions of records, with buckets of a few."""
    canary = min(canary, rows)

    batches = cut(
        harness, sizes, rows=rows, size_cap=size_cap, canary=canary, limit=limit, bucket=bucket
    )

    everyone = sorted((id_of(call(n)), size) for n, size in enumerate(sizes))
    assert everyone[:limit] == [record for batch in batches for record in batch]
    assert keeps_caps(batches, rows, size_cap)
    assert len(batches[0]) <= canary
    assert all(one[-1] < other[0] for one, other in pairwise(batches))


@pytest.mark.parametrize(
    ("records", "rows", "canary", "batches"),
    [
        (0, 100, 10, 0), (1, 100, 10, 1), (10, 100, 10, 1), (11, 100, 10, 2), (110, 100, 10, 2),
        (111, 100, 10, 3), (3, 1, 1, 3), (1_005, 100, 100, 11),
    ],
)  # fmt: skip
def test_batch_numbers_are_exact_at_the_limits(
    harness: TrackingHarness, records: int, rows: int, canary: int, batches: int
) -> None:
    """No batch is empty."""
    found = cut(harness, [5] * records, rows=rows, size_cap=10**9, canary=canary)

    assert (batches, records) == (len(found), sum(len(batch) for batch in found))


def test_a_record_larger_than_the_byte_limit_is_alone_in_its_batch(
    harness: TrackingHarness,
) -> None:
    """It exceeds the limit, and no record is added."""
    batches = cut(harness, [500] * 5, rows=10, size_cap=100, canary=1)

    assert [1] * 5 == [len(batch) for batch in batches]


def test_no_weight_overflows_at_the_limits_of_the_service() -> None:
    """200,000 rows of 3 MB each, a million records in a bucket: 64 bits hold their weights."""
    rows, largest = 200_000, ANALYSIS.line_overhead_bytes + ANALYSIS.max_transcript_bytes

    assert 1_005_000 * max(10**9, largest * rows) < 2**63


def test_twenty_five_thousand_rows_are_planned_in_one_statement(harness: TrackingHarness) -> None:
    """No limit drops rows silently."""
    harness.sql(
        "INSERT INTO transcription_pass_2 "
        "SELECT 't' || i, 'r' || i, 'i' || i, 'hello ' || i, 'INBOUND', 'acme', NULL "
        "FROM range(25000) AS t (i)"
    )

    plan = harness.plan(rows_per_batch=1_000, canary=500)

    assert (25_000, 26, {}) == (plan.records, plan.batches, skipped(plan))
    assert [(25_000, 25_000, 500)] == harness.sql(
        "SELECT count(*), count(DISTINCT record_id), count(*) FILTER (batch = 1) FROM batch_records"
    )


def test_a_plan_does_not_depend_on_the_order_of_the_source(harness: TrackingHarness) -> None:
    """The same records give the same batches."""
    harness.source(calls(30))
    harness.plan(canary=5, rows_per_batch=7)
    first = members(harness, "r1")
    harness.empty()
    harness.source(reversed(calls(30)))
    harness.plan(canary=5, rows_per_batch=7)

    assert first == members(harness, "r1")
