"""Whole runs: a request goes in, one row per transcript comes out, and the books balance."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from handlers.dispatch.message import Outcome
from tests.analysis.making import ANSWER
from tests.harness import LocalHarness, call, calls, ran
from tracking.tables import layouts
from troupe.backends.local.backend import LOCAL_POLICY
from troupe.backends.local.bus import Retry
from troupe.standin.prediction_lines import Answer, text_of
from troupe.standin.settings import Behaviour

SLOW = Behaviour(pending_seconds=70 * 3600, running_seconds=23 * 3600)
"""Every job takes nearly as long as the watchdog allows."""


def test_one_row_per_transcript_and_balanced_books(harness: LocalHarness) -> None:
    """The main job."""
    harness.load(calls(60))

    books = harness.run(canary=10, rows_per_batch=20)

    assert books["ok"]
    assert (60, 60, 0, 0, 0) == (
        books["planned"], books["analysed"], books["failed"], books["released"], books["open"],
    )  # fmt: skip
    assert 60 == harness.one("SELECT count(*) FROM transcription_analyzed_transcripts")


def test_events_follow_each_other_in_the_order_of_the_score(harness: LocalHarness) -> None:
    """One batch, event by event from request to report."""
    harness.load(calls(3))

    harness.complete()

    assert [
        "run-requested", "run-planned", "batch-planned", "jsonl-uploaded", "job-submitted",
        "job-succeeded", "results-processed", "batch-completed", "run-completed", "report-written",
    ] == harness.topics()  # fmt: skip


def test_second_identical_run_plans_and_submits_nothing(harness: LocalHarness) -> None:
    """A record with a row is not requested again."""
    harness.begin_after(ran, 12)
    jobs = harness.jobs()

    books = harness.run("r2")

    assert (0, 12, True) == (books["planned"], books["skipped"], books["ok"])
    assert jobs == harness.jobs()


def test_only_new_rows_are_analysed_by_the_next_run(harness: LocalHarness) -> None:
    """Rows that arrive later wait for the next plan."""
    harness.begin_after(ran, 5)
    harness.load(calls(3, start=5))

    books = harness.totals("r2")

    assert (3, 5) == (books["planned"], books["skipped"])


def test_zero_pending_is_a_clean_completed_run(harness: LocalHarness) -> None:
    """An empty source is no failure."""
    books = harness.run()

    assert books["ok"]
    assert books["completed"]
    assert ["run-requested", "run-planned", "run-completed", "report-written"] == harness.topics()


def test_a_run_without_records_is_completed_by_its_plan(harness: LocalHarness) -> None:
    """No tick is needed."""
    harness.request()
    harness.backend.deliver_next()

    assert ["run-requested", "run-planned", "run-completed"] == harness.topics()


def test_empty_and_duplicate_rows_are_skipped_with_their_reason(harness: LocalHarness) -> None:
    """Nothing is dropped silently."""
    harness.load([*calls(4), call(1), call(8, transcript=None), call(9, transcript=" \n ")])

    books = harness.totals()

    assert (4, 3) == (books["planned"], books["skipped"])
    plan = harness.backend.dependencies.tracking.plan_of("r1")
    assert plan is not None
    assert (1, 2) == (plan.duplicate, plan.empty_transcript)
    assert 2 == harness.one(
        "SELECT count(*) FROM error_tracking WHERE error_type = 'empty_transcript'"
    )


def test_rows_that_come_and_go_during_the_run_change_nothing(harness: LocalHarness) -> None:
    """Membership is frozen when the run is planned."""
    harness.load(calls(15))
    harness.request(canary=5, rows_per_batch=10)
    harness.play_until("jsonl-uploaded")
    harness.load(calls(6, start=100))
    harness.backend.warehouse.db.execute(
        "DELETE FROM transcription_pass_2 WHERE \"interactionId\" IN ('int-3', 'int-12')"
    )

    harness.play(report_of="r1")

    assert (15, 15, True) == tuple(harness.books("r1")[k] for k in ("planned", "analysed", "ok"))
    assert (6, True) == tuple(harness.totals("r2")[k] for k in ("planned", "ok"))


def test_an_invented_summary_stands_out(make_harness: Callable[..., LocalHarness]) -> None:
    """Grounding: the share of its words that the transcript contains; null when switched off."""

    def answerer(request: Any) -> Answer:
        invented = "broken" not in text_of(request["contents"][0])
        summary = "Elephants juggle purple umbrellas" if invented else "The line is broken"
        return Answer(text=json.dumps(ANSWER | {"callSummary": summary}))

    harness = make_harness(answerer=answerer)
    harness.load([call(1), call(2, "CUSTOMER: Where is my parcel?")])
    harness.analyse()
    harness.load(calls(1, start=5))
    harness.analyse("r2", grounding=False)

    assert [(0.0,), (1.0,), (None,)] == harness.sql(
        "SELECT grounding FROM transcription_analyzed_transcripts ORDER BY grounding NULLS LAST"
    )


def test_a_run_that_takes_longer_than_the_look_back_is_watched_to_its_end(
    make_harness: Callable[..., LocalHarness],
) -> None:
    """Jobs that wait in the queue for days, one after the other."""
    policy = replace(LOCAL_POLICY, look_back_days=10)
    harness = make_harness(behaviour=SLOW, policy=policy)
    harness.load(calls(4))
    harness.request("r1", canary=1, rows_per_batch=1, concurrency=1)

    assert days_to_the_end(harness) > policy.look_back_days
    books = harness.books("r1")
    assert (True, 4) == (books["ok"], books["analysed"])


def test_a_run_is_stopped_before_its_memberships_expire(
    make_harness: Callable[..., LocalHarness],
) -> None:
    """Without memberships no batch can be closed; the next run takes what it releases.

    Nothing works for two months: what decides is the age of the plan.
    """
    harness = make_harness(behaviour=SLOW)
    harness.load(calls(9))
    harness.request("r1", canary=1, rows_per_batch=1, concurrency=1)
    harness.backend.deliver_next()
    harness.clock.pass_(60 * 24 * 60 * 60)

    policy, kept = harness.backend.dependencies.policy, layouts()["batch_records"].expiration_days
    assert kept is not None
    assert policy.run_days < 60 + days_to_the_end(harness) < kept
    books = harness.books("r1")
    assert (True, 0, 9) == (books["ok"], books["open"], books["analysed"] + books["released"])
    assert books["analysed"] > 0
    assert [("age", books["released"])] == harness.sql(
        "SELECT json_extract_string(f.data, '$.reason'), (SELECT count(*) FROM error_tracking"
        " WHERE error_type = 'run_too_old') FROM events AS f WHERE f.topic = 'run-stopped'"
    )


def test_a_file_that_shows_before_the_end_of_its_job_is_looked_at_again(
    make_harness: Callable[..., LocalHarness], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job has to write before it can succeed; its success is not left to the next tick."""
    harness = make_harness(behaviour=Behaviour(running_seconds=60), retry=Retry())
    harness.load(calls(4))
    harness.request()
    backend, send = harness.backend, harness.backend.bus.send
    while "job-submitted" not in harness.topics() and backend.deliver_next() is not None:
        pass

    attempt_key = backend.deployment.attempt("r1", 1, 1)
    send("gcs-object", b"{}", {"objectId": f"output/{attempt_key}__1/predictions.jsonl"})
    monkeypatch.setattr(
        backend.bus, "send", lambda topic, *rest: topic == "gcs-object" or send(topic, *rest)
    )
    looks = []
    for _ in range(40):
        looks.append(backend.deliver_next())
        harness.clock.pass_(10)
        backend.service.step()

    outcomes = [observe.outcome for observe in looks if observe]
    assert (Outcome.REDELIVER, Outcome.DONE) == (outcomes[0], outcomes[-1])
    assert "job-succeeded" in harness.topics()


def days_to_the_end(harness: LocalHarness) -> int:
    """With one tick a day."""
    for day in range(1, 150):
        harness.tick(minutes=24 * 60)
        while harness.backend.deliver_next() is not None or harness.backend.service.step():
            pass
        if "run-completed" in harness.topics():
            return day
    raise AssertionError("the run does not end")
