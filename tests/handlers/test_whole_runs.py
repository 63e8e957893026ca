"""Whole runs: a request goes in, one row per transcript comes out, and the books balance."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from handlers.dispatch.message import Outcome
from handlers.ports import JobState
from tests.harness import Stage, call, calls
from tracking.tables import layouts
from troupe.backends.local.bus import Retry
from troupe.standin.prediction_lines import Answer, text_of
from troupe.standin.settings import Behaviour, End

STUCK = Behaviour(end=lambda job: End(state=JobState.RUNNING, share=0))
"""No job ever ends by itself."""


def test_one_row_per_transcript_and_balanced_books(stage: Stage) -> None:
    """The main job."""
    stage.load(calls(60))

    books = stage.run(canary=10, rows_per_batch=20)

    assert books["ok"]
    assert (60, 60, 0, 0, 0) == (
        books["planned"], books["analysed"], books["failed"], books["released"], books["open"],
    )  # fmt: skip
    assert 60 == stage.one("SELECT count(*) FROM transcription_analyzed_transcripts")


def test_events_follow_each_other_in_the_order_of_the_score(stage: Stage) -> None:
    """One batch, told from request to report."""
    stage.load(calls(3))

    stage.run()

    assert [
        "run-requested", "run-planned", "batch-planned", "jsonl-uploaded", "job-submitted",
        "job-succeeded", "results-processed", "batch-completed", "run-completed", "report-written",
    ] == stage.topics()  # fmt: skip


def test_second_identical_run_plans_and_submits_nothing(stage: Stage) -> None:
    """What has a row is never asked for again."""
    stage.load(calls(12))
    stage.run("r1")
    jobs = stage.jobs()

    books = stage.run("r2")

    assert (0, 12, True) == (books["planned"], books["skipped"], books["ok"])
    assert jobs == stage.jobs()


def test_only_new_rows_are_analysed_by_the_next_run(stage: Stage) -> None:
    """Rows that arrive later wait for the next plan."""
    stage.load(calls(5))
    stage.run("r1")
    stage.load(calls(3, start=5))

    books = stage.run("r2")

    assert (3, 5) == (books["planned"], books["skipped"])


def test_zero_pending_is_a_clean_completed_run(stage: Stage) -> None:
    """An empty source is no failure."""
    books = stage.run()

    assert books["ok"]
    assert books["completed"]
    assert ["run-requested", "run-planned", "run-completed", "report-written"] == stage.topics()


def test_empty_and_duplicate_rows_are_skipped_with_their_reason(stage: Stage) -> None:
    """Nothing is dropped silently."""
    stage.load([*calls(4), call(1), call(8, transcript=None), call(9, transcript=" \n ")])

    books = stage.run()

    assert (4, 3) == (books["planned"], books["skipped"])
    plan = stage.backend.dependencies.tracking.plan_of("r1")
    assert plan is not None
    assert (1, 2) == (plan.duplicate, plan.empty_transcript)
    assert 2 == stage.one(
        "SELECT count(*) FROM error_tracking WHERE error_type = 'empty_transcript'"
    )


def test_rows_that_come_and_go_during_the_run_change_nothing(stage: Stage) -> None:
    """Membership is frozen when the run is planned."""
    stage.load(calls(30))
    stage.request(canary=5, rows_per_batch=10)
    while "jsonl-uploaded" not in stage.topics():
        stage.backend.deliver_next()
    stage.load(calls(6, start=100))
    stage.backend.warehouse.db.execute(
        "DELETE FROM transcription_pass_2 WHERE \"interactionId\" IN ('int-3', 'int-17')"
    )

    stage.play()

    assert (30, 30, True) == tuple(stage.books("r1")[k] for k in ("planned", "analysed", "ok"))
    assert (6, True) == tuple(stage.run("r2")[k] for k in ("planned", "ok"))


def test_an_invented_summary_stands_out(staged: Callable[..., Stage]) -> None:
    """Grounding: the share of its words that were said; null when switched off."""

    def answerer(request: Any) -> Answer:
        invented = "broken" not in text_of(request["contents"][0])
        summary = "Elephants juggle purple umbrellas" if invented else "The line is broken"
        return Answer(text=json.dumps({"callSummary": summary}))

    stage = staged(answerer=answerer)
    stage.load([call(1), call(2, "CUSTOMER: Where is my parcel?")])
    stage.run()
    stage.load(calls(1, start=5))
    stage.run("r2", grounding=False)

    assert [(0.0,), (1.0,), (None,)] == stage.sql(
        "SELECT grounding FROM transcription_analyzed_transcripts ORDER BY grounding NULLS LAST"
    )


def test_a_run_that_takes_longer_than_the_look_back_is_watched_to_its_end(
    staged: Callable[..., Stage],
) -> None:
    """Jobs that get stuck in every attempt: the watchdog ends each of them only days later."""
    stage = staged(behaviour=STUCK)
    stage.load(calls(4))
    stage.request("r1", canary=2, rows_per_batch=2, max_attempts=3, breaker=100)

    assert days_to_the_end(stage) > stage.backend.dependencies.policy.look_back_days
    books = stage.books("r1")
    assert (True, 4) == (books["ok"], books["failed"])


def test_a_run_is_stopped_before_its_memberships_expire(staged: Callable[..., Stage]) -> None:
    """Without them nobody could close its batches; the next run takes what it releases."""
    stage = staged(behaviour=STUCK)
    stage.load(calls(40))
    stage.request("r1", canary=2, rows_per_batch=2, concurrency=1, max_attempts=3, breaker=100)

    policy, kept = stage.backend.dependencies.policy, layouts()["batch_records"].expiration_days
    assert kept is not None
    assert policy.run_days < days_to_the_end(stage) < kept
    books = stage.books("r1")
    assert (True, 0, 40) == (books["ok"], books["open"], books["failed"] + books["released"])
    assert [("age", books["released"])] == stage.sql(
        "SELECT json_extract_string(f.data, '$.reason'), (SELECT count(*) FROM error_tracking"
        " WHERE error_type = 'run_too_old') FROM events AS f WHERE f.topic = 'run-stopped'"
    )


def test_a_file_that_shows_before_the_end_of_its_job_is_looked_at_again(
    staged: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job has to write before it can succeed; its success is not left to the next tick."""
    stage = staged(behaviour=Behaviour(running_seconds=60), retry=Retry())
    stage.load(calls(4))
    stage.request()
    backend, send = stage.backend, stage.backend.bus.send
    while "job-submitted" not in stage.topics() and backend.deliver_next() is not None:
        pass

    attempt_key = backend.deployment.attempt("r1", 1, 1)
    send("gcs-object", b"{}", {"objectId": f"output/{attempt_key}__1/predictions.jsonl"})
    monkeypatch.setattr(
        backend.bus, "send", lambda topic, *rest: topic == "gcs-object" or send(topic, *rest)
    )
    looks = []
    for _ in range(40):
        looks.append(backend.deliver_next())
        stage.clock.pass_(10)
        backend.service.step()

    outcomes = [observe.outcome for observe in looks if observe]
    assert (Outcome.REDELIVER, Outcome.DONE) == (outcomes[0], outcomes[-1])
    assert "job-succeeded" in stage.topics()


def days_to_the_end(stage: Stage) -> int:
    """With one tick a day."""
    for day in range(1, 150):
        stage.tick(minutes=24 * 60)
        while stage.backend.deliver_next() is not None or stage.backend.service.step():
            pass
        if "run-completed" in stage.topics():
            return day
    raise AssertionError("the run does not end")
