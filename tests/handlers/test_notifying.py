"""A notification of every run is sent once it is over, with counts and words alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from events import CancelRequested
from handlers.dispatch.errors import Redeliver, Reject
from handlers.summary.ended_run import EndedRun, RefusedRun
from tests.harness import START, LocalHarness, calls
from tests.notifications.making import KeptRuns
from tracking import Tracking
from troupe import operations
from troupe.notifications.notification import notification_of
from troupe.notifications.text import slack_body
from troupe.operations import dead_letters
from troupe.standin.corrupt import Corruption, Kind

MakeHarness = Callable[..., LocalHarness]


def notified(harness: LocalHarness, *errors: Exception) -> KeptRuns:
    """Keep what the backend sends from now on; the first calls raise these errors."""
    kept = KeptRuns(*errors)
    harness.backend.dependencies = replace(harness.backend.dependencies, notifier=kept)
    return kept


def with_report(harness: LocalHarness, *errors: Exception) -> KeptRuns:
    """Write the report of a run of two calls, and keep what is sent."""
    harness.begin_after(ended)
    kept = notified(harness, *errors)
    harness.backend.wake()
    harness.play()
    return kept


def ended(harness: LocalHarness) -> None:
    harness.load(calls(2))
    harness.analyse("r1")


def test_a_run_is_told_once_when_its_report_is_written(harness: LocalHarness) -> None:
    """A notification says what `troupe report` shows."""
    kept = notified(harness)
    harness.load(calls(12))
    harness.complete(canary=4, rows_per_batch=4)

    (run,) = kept.sent
    notification, outcome = notification_of(run), operations.report(harness.backend, "r1").outcome
    assert ("r1", harness.backend.deployment.id) == (notification.run_id, notification.deployment)
    assert (outcome.word, outcome.severity, outcome.simulated, outcome.next) == (
        notification.outcome, notification.severity, notification.simulated, notification.next,
    )  # fmt: skip
    assert (12, 12, 0, 0) == (
        notification.records,
        notification.analysed,
        notification.failed,
        notification.released,
    )
    assert "report-written" == harness.topics()[-1]


def test_failed_records_are_told_by_error_as_in_the_report(make_harness: MakeHarness) -> None:
    """With their counts and the next commands."""
    harness = make_harness(corruption=Corruption(share=1.0, kinds=(Kind.BLOCKED,)))
    kept = notified(harness)
    harness.load(calls(4))
    harness.complete(max_attempts=1, breaker=100)

    (run,) = kept.sent
    notification, outcome = notification_of(run), operations.report(harness.backend, "r1").outcome
    assert ("completed with failures", 4) == (notification.outcome, notification.failed)
    assert [(each.error_type, each.records) for each in outcome.failures] == [
        (each.error_type, each.records) for each in notification.failures
    ]
    assert outcome.next == notification.next


def test_a_redelivery_tells_nobody_again(harness: LocalHarness) -> None:
    """The handled mark covers it."""
    kept = with_report(harness)

    (event,) = harness.sql("SELECT event_id FROM events WHERE topic = 'report-written'")
    harness.backend.bus.publish(
        harness.backend.dependencies.event_log.load(list(event), START.date())
    )
    harness.play()

    assert 1 == kept.calls


def test_a_passing_fault_is_repeated_with_the_same_id_and_content(harness: LocalHarness) -> None:
    """With the gaps of every delivery."""
    kept = with_report(harness, Redeliver("503"), Redeliver("503"))

    assert (3, 1) == (kept.calls, len(kept.sent))
    assert [] == dead_letters.list_dead_letters(harness.backend).letters


def test_what_the_receiver_refuses_waits_for_an_operator(harness: LocalHarness) -> None:
    """The run is over all the same; a replay sends the notification under the same id."""
    kept = with_report(harness, Reject("notification_refused", "h answered 404: correct it"))
    books = harness.books("r1")

    (letter,) = dead_letters.list_dead_letters(harness.backend).letters
    assert ("notify-run", "notification_refused") == (letter.handler, letter.cause)
    assert books["ok"]
    assert "completed" == operations.report(harness.backend, "r1").outcome.word
    dead_letters.replay(harness.backend)
    harness.play()

    assert (2, 1) == (kept.calls, len(kept.sent))
    assert [] == dead_letters.list_dead_letters(harness.backend).letters


def test_a_receiver_that_is_down_for_long_becomes_a_dead_letter(harness: LocalHarness) -> None:
    """After the last delivery of every handler."""
    kept = with_report(harness, *[Redeliver("503")] * 100)

    (letter,) = dead_letters.list_dead_letters(harness.backend).letters
    assert ("notify-run", harness.settings.retry.attempts) == (letter.handler, kept.calls)


def test_a_cancelled_run_is_told_as_stopped(harness: LocalHarness) -> None:
    """Once, after its last batch is over: a stop alone is no end."""
    kept = notified(harness)
    harness.load(calls(12))
    harness.request(canary=4, rows_per_batch=4, concurrency=1)
    harness.play_until("batch-completed")
    harness.publish(CancelRequested(run_id="r1"))
    harness.play()

    (run,) = kept.sent
    notification = notification_of(run)
    assert ("stopped", "bad", ["operator"]) == (
        notification.outcome,
        notification.severity,
        notification.stop_reasons,
    )
    assert 12 == notification.analysed + notification.released
    assert notification.released
    assert 1 == harness.topics().count("run-stopped")


def test_a_run_that_the_breaker_stops_is_told_as_stopped(make_harness: MakeHarness) -> None:
    """With what failed and what was released."""
    harness = make_harness(corruption=Corruption(share=1.0, kinds=(Kind.BLOCKED,)))
    kept = notified(harness)
    harness.load(calls(12))
    harness.complete(canary=4, rows_per_batch=4, max_attempts=1)

    (run,) = kept.sent
    notification = notification_of(run)
    assert ("stopped", ["breaker"], 4, 8) == (
        notification.outcome, notification.stop_reasons, notification.failed, notification.released,
    )  # fmt: skip


def test_a_run_without_records_is_told_as_empty(harness: LocalHarness) -> None:
    """A load that did not happen looks so."""
    kept = notified(harness)
    harness.complete()

    (run,) = kept.sent
    assert "empty" == notification_of(run).outcome


def test_a_dry_run_is_told_to_nobody(harness: LocalHarness) -> None:
    """It sent nothing, and its requester reads the estimate."""
    kept = notified(harness)
    harness.load(calls(2))
    harness.complete(dry_run=True)

    assert "report-written" in harness.topics()
    assert 0 == kept.calls


def test_a_refused_request_is_told_with_its_reason(harness: LocalHarness) -> None:
    """A scheduled one has no requester who sees it."""
    kept = notified(harness)
    harness.load(calls(2))
    harness.request(budget=1e-9)
    harness.play()

    (run,) = kept.sent
    assert isinstance(run, RefusedRun)
    assert ("r1", "over_budget") == (run.run_id, run.reason)
    assert "detail" not in str(msgspec.json.encode(notification_of(run)))


def test_two_refusals_of_one_run_id_are_two_notifications(harness: LocalHarness) -> None:
    """And the run itself is a third; ids tell them apart."""
    kept = notified(harness)
    harness.load(calls(2))
    for _ in range(2):
        harness.request(budget=1e-9)
        harness.play()
    harness.complete()

    assert [RefusedRun, RefusedRun, EndedRun] == [type(each) for each in kept.sent]
    assert 3 == len({each.notification_id for each in kept.sent})


def test_without_a_notifier_nothing_is_read_or_said(
    harness: LocalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The delivery alone is recorded."""
    queries: list[str] = []
    query = Tracking.query

    def noted(self: Tracking, name: str, params: Any, **names: str) -> Any:
        queries.append(name)
        return query(self, name, params, **names)

    monkeypatch.setattr(Tracking, "query", noted)
    harness.load(calls(2))
    harness.complete()

    assert "run_totals" in queries
    assert "report_of" not in queries


def test_a_report_of_an_older_version_is_told_too(harness: LocalHarness) -> None:
    """Fields that are not sent may be missing, and unknown ones are ignored."""
    kept = with_report(harness, Reject("notification_refused", "not yet"))
    report = msgspec.json.decode(harness.one("SELECT report FROM run_reports"))
    for name in ("money", "metrics", "stages", "readings", "redaction", "stop_reasons"):
        del report[name]
    changed = msgspec.json.encode(report | {"new": [1]}).decode()
    harness.sql("UPDATE run_reports SET report = ?", changed)
    dead_letters.replay(harness.backend)
    harness.play()

    (run,) = kept.sent
    assert 2 == notification_of(run).analysed


PLANTED = ("Winterbottom", "+44 7700 900123", "tok_secret_1", "int-secret-1", "REF-secret-1")


def test_nothing_personal_is_told(make_harness: MakeHarness) -> None:
    """Transcripts, answers, tokens and ids of records stay where they are."""
    harness = make_harness()
    kept = notified(harness)
    text = f"CUSTOMER: I am {PLANTED[0]}, call {PLANTED[1]}.\nAGENT: It is repaired."
    row = calls(1, transcript=text)[0] | {
        "phone_number_token": PLANTED[2], "interactionId": PLANTED[3], "referenceId": PLANTED[4],
    }  # fmt: skip
    harness.load([row])
    harness.complete()

    (run,) = kept.sent
    (record, summary) = harness.sql(
        "SELECT record_id, call_summary FROM transcription_analyzed_transcripts"
    )[0]
    sent = str(msgspec.json.encode(notification_of(run))) + str(slack_body(run)) + repr(run)
    assert summary
    assert [] == [each for each in (*PLANTED, record, summary) if each in sent]
