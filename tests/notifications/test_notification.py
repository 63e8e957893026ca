"""What a notification says: the word for the run, its counts, its cost and what to do next."""

import json
import logging

import msgspec
import pytest

from handlers.dispatch.errors import Redeliver, Reject
from troupe.notifications.log_line import LogLine
from troupe.notifications.notification import notification_of
from troupe.notifications.notifiers import Both
from troupe.notifications.text import slack_body

from .making import ID, KeptRuns, ended, failed, refused


def test_a_good_run_is_told_with_its_counts_and_cost() -> None:
    """As JSON with stable names; times are RFC 3339."""
    notification = json.loads(msgspec.json.encode(notification_of(ended())))

    assert {
        "version": 1, "id": ID, "deployment": "ab12", "run_id": "r1", "outcome": "completed",
        "severity": "good", "analysis": "call_review_v1", "simulated": False, "records": 90,
        "analysed": 90, "failed": 0, "released": 0, "failures": [], "stop_reasons": [],
        "refused_for": None, "moved": [], "cost": 1.5, "planned_at": "2026-03-02T09:00:00Z",
        "completed_at": "2026-03-02T09:10:00Z",
        "next": [{
            "command": "troupe report r1 --html r1.html", "why": "shows the results as a page"
        }],
    } == notification  # fmt: skip


def test_failures_are_told_by_error_the_most_frequent_first() -> None:
    """With the command that mends them; what a later attempt answered is no failure."""
    errors = [
        failed("blocked", 2),
        failed("schema_mismatch", 7, "enum"),
        msgspec.structs.replace(failed("truncated", 50), retryable=True),
    ]
    notification = notification_of(ended(analysed=90, failed=9, errors=errors))

    assert ("completed with failures", "warn") == (notification.outcome, notification.severity)
    assert [("schema_mismatch", "enum", 7), ("blocked", None, 2)] == [
        (each.error_type, each.cause, each.records) for each in notification.failures
    ]
    assert "troupe reprocess --run r1 --dry-run" in [each.command for each in notification.next]


@pytest.mark.parametrize(
    "reason", ["operator", "breaker", "budget", "job_refused", "outage", "age"]
)
def test_a_stopped_run_is_told_as_bad_with_its_reason(reason: str) -> None:
    """Also when every record that was answered is stored."""
    notification = notification_of(ended(analysed=10, released=80, stop_reasons=[reason]))

    assert ("stopped", "bad", [reason], 80) == (
        notification.outcome, notification.severity, notification.stop_reasons, notification.released,
    )  # fmt: skip


def test_an_empty_run_says_so() -> None:
    """A schedule that finds nothing may be a load that did not happen."""
    notification = notification_of(ended(analysed=0, batches=0, cost=None, answered_by=None))

    assert ("empty", "open", 0) == (
        notification.outcome,
        notification.severity,
        notification.records,
    )
    assert "troupe load FILE" == notification.next[-1].command


def test_simulated_answers_are_marked() -> None:
    """Nothing was paid for them, in JSON and in text."""
    run = ended(answered_by="stand-in")

    assert notification_of(run).simulated
    assert "would have cost $1.50" in text_of(run)
    assert "Simulated: " in text_of(run)
    assert "Simulated" not in text_of(ended())


def test_totals_that_do_not_balance_are_bad() -> None:
    """The first command verifies the run."""
    notification = notification_of(ended(analysed=89, records=90))

    assert "bad" == notification.severity
    assert "troupe verify r1 --json" == notification.next[0].command


def test_an_unknown_cost_is_null_and_never_zero() -> None:
    """An endpoint of one's own has no known price."""
    assert notification_of(ended(cost=None)).cost is None
    assert "cost unknown" in text_of(ended(cost=None))


def test_the_text_has_a_line_for_each_of_the_first_errors() -> None:
    """And says how many more there are."""
    errors = [failed(f"error_{number}", 10 - number) for number in range(8)]
    text = text_of(ended(failed=52, errors=errors))

    assert "• 10 records: error 0" in text
    assert "error 4" in text
    assert "error 5" not in text
    assert "• 3 further errors" in text
    assert "It took 10 m; cost $1.50." in text


def test_the_first_shares_that_moved_are_told_by_names_of_the_schema() -> None:
    """And how many more there are; all of them in the body."""
    share = {
        "kind": "answer", "column": "call_tone", "value": "angry", "attribute": None, "share_now": 0.31,
        "share_before": 0.12, "records_now": 1000, "records_before": 4000,
    }  # fmt: skip
    run = ended(moved=[share] * 7)

    text = text_of(run)

    assert 5 == text.count("• call tone: angry moved from 12.0% to 31.0%")
    assert "• 2 further shares moved" in text
    assert [share] * 7 == msgspec.to_builtins(notification_of(run))["moved"]


def test_a_refusal_is_told_with_its_reason() -> None:
    """The detail may quote the request: the command shows it."""
    notification = notification_of(refused())

    assert ("refused", "bad", "over_budget") == (
        notification.outcome,
        notification.severity,
        notification.refused_for,
    )
    assert "troupe status r1" == notification.next[0].command
    assert "*Run r1* was refused: over budget." in text_of(refused())


def test_a_log_line_has_stable_fields_for_an_alert(caplog: pytest.LogCaptureFixture) -> None:
    """A log-based alert puts them into its mail."""
    with caplog.at_level(logging.INFO, "troupe.notifications"):
        LogLine().send(ended(analysed=80, released=10, stop_reasons=["budget", "operator"]))
        LogLine().send(refused())

    first, second = (each.__dict__ for each in caplog.records)
    assert ("run-ended", "r1", "stopped", 90, "budget, operator") == (
        first["msg"], first["run_id"], first["outcome"], first["records"], first["reasons"],
    )  # fmt: skip
    assert ("refused", "over_budget") == (second["outcome"], second["reasons"])


def test_a_line_is_written_once_whatever_the_webhook_does() -> None:
    """After a passing fault not yet: the redelivery writes it."""
    run = ended()
    webhook = KeptRuns(Redeliver("down"), Reject("notification_refused", "404"))
    lines = KeptRuns()
    both = Both(webhook, lines)

    with pytest.raises(Redeliver):
        both.send(run)
    assert 0 == lines.calls
    with pytest.raises(Reject):
        both.send(run)
    assert 1 == lines.calls
    both.send(run)
    assert (1, 2) == (len(webhook.sent), lines.calls)


def text_of(run: object) -> str:
    return str(json.loads(slack_body(run))["text"])  # type: ignore[arg-type] # of either kind
