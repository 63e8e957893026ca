"""The status of runs as lines: what holds them up, and what to do."""

from typing import Any

import pytest

from tests.report.samples import (
    LIMITS,
    at,
    batch,
    details,
    error,
    run,
    status,
    totals,
)
from troupe.operations.run_status import Worker
from troupe.report.text.choreography import choreography_lines
from troupe.report.text.status import status_lines


def text_of(*batches: Any, **changes: Any) -> str:
    """The status of one run with these batches."""
    found = details(batches=list(batches), **changes)
    return "\n".join(status_lines(status(run(), details=found)))


def test_no_runs_are_one_line() -> None:
    """An empty status has no other."""
    assert status_lines(status()) == ["No runs."]


def test_one_run_is_shown_in_full() -> None:
    """Its figures, its batches, its jobs, its errors and its totals."""
    found = details(
        batches=[batch(1, "completed"), batch(2, "submitted", 4000), batch(3, "waiting", None)],
        errors=[error("truncated")],
        reconciliation=totals(planned=1000, analysed=500, open=500, completed=False),
    )
    jobs = [{"name": "projects/p/jobs/77", "state": "JOB_STATE_RUNNING", "age_seconds": 4000}]
    expected = [
        "Run r1: running; call_review_v1, gemini-3.5-flash-lite, production",
        "  planned 2026-11-21 12:00:00 UTC",
        (
            "  500 of 1,000 records over (50 %) in 3 batches: 500 analysed, 0 failed,"
            " 0 released, 500 open; cost $0.25"
        ),
        "  batches: 1 completed, 1 submitted, 1 waiting",
        "    batch 2, attempt 1: waiting for Vertex 1 h 6 m, limit 72 h",
        "    1 batch not begun, until batches in flight have ended; nothing to do",
        "  jobs: 1",
        "    77: running, 1 h 6 m old",
        "  errors       1",
        f"      1 truncated: {error_hint('truncated')}",
        (
            "  The totals balance: 1,000 planned = 500 analysed + 0 failed + 0 released"
            " + 500 open. Nothing is doubled, half stored or paid twice."
        ),
        "  next         `troupe status r1 --watch` shows how far it is, and what holds it up",
    ]

    assert expected == status_lines(status(run(batches=3), details=found, jobs=jobs))


def error_hint(name: str) -> str:
    from analysis import ERRORS

    return ERRORS[name].hint


def test_jobs_are_listed_without_a_run() -> None:
    """A job may be left of a run that is over."""
    jobs = [{"name": "a1", "state": "running", "age_seconds": 60.0}]

    assert status_lines(status(jobs=jobs)) == ["No runs.", "  jobs: 1", "    a1: running, 1 m old"]


def test_several_runs_are_a_table() -> None:
    """Aligned, one a line; an unknown cost is the word."""
    runs = [run(), run(1000, run_id="nightly-7", cost=None, completed_at=at(60))]
    expected = [
        "r1         running    500 of 1,000 records    50 %   0 failed  cost $0.25",
        "nightly-7  completed  1,000 of 1,000 records  100 %  0 failed  cost unknown",
    ]

    assert expected == status_lines(status(*runs))


def test_of_several_runs_a_stopped_one_shows_why() -> None:
    """Below the table."""
    lines = status_lines(status(run(), run(run_id="r2", stopped_for="breaker")))

    assert "Run r2:" in lines
    assert any(line.startswith("  stopped: too many records failed") for line in lines)


def test_a_run_that_has_answered_nothing_has_no_cost_yet() -> None:
    """Which is neither zero nor unknown."""
    assert "; no cost yet" in status_lines(status(run(0, cost=None)))[2]


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("breaker", "too many records failed"),
        ("budget", "its budget was spent; raise it"),
        ("operator", "an operator cancelled it"),
        ("job_refused", "the service refused a job for good"),
        ("age", "it was open for too long; start a run"),
    ],
)
def test_a_stopped_run_shows_why_and_what_to_do(reason: str, text: str) -> None:
    """As a sentence, not by the name of the reason."""
    shown = "\n".join(status_lines(status(run(stopped_for=reason))))

    assert "Run r1: stopping" in shown
    assert f"  stopped: {text}" in shown
    assert "its jobs are being cancelled" in shown


@pytest.mark.parametrize("state", ["planned", "uploaded", "ended", "processed"])
def test_a_batch_that_no_handler_continues_is_overdue(state: str) -> None:
    """Handlers need seconds, not hours."""
    assert "overdue" not in text_of(batch(1, state, 5))
    assert "is overdue: check that a worker or service runs" in text_of(batch(1, state, 7200))


def test_a_job_may_take_days() -> None:
    """Only past its limit the tick cancels it."""

    def text(seconds: int, **known: Any) -> str:
        return text_of(batch(1, "submitted", seconds, **known))

    assert "batch 1, attempt 1: waiting for Vertex 3 h 12 m, limit 72 h" in text(11_520)
    assert "limit 96 h" in text(11_520, job_state="running")
    assert "over the limit of 72 h: the tick cancels its job" in text(400_000)


def test_the_limits_are_those_of_the_backend_that_answers() -> None:
    """A local backend may have other limits than a deployment."""
    found = status(
        run(),
        details=details(batches=[batch(1, "submitted", 60)]),
        limits=LIMITS | {"pending_hours": 2},
    )

    assert "limit 2 h" in "\n".join(status_lines(found))


def test_a_batch_whose_event_was_dead_lettered_is_stuck_and_names_the_command() -> None:
    """So is one whose event is no longer republished."""
    held = {"handler": "submit-job", "cause": "import_refused", "letter_id": "f1"}
    lost = {"handler": "submit-job", "cause": "stuck_event", "letter_id": "f2"}
    text = text_of(batch(1, "uploaded", held_up=held), batch(2, "uploaded", held_up=lost))

    assert (
        "stuck: handler submit-job dead-lettered (import_refused), "
        "see `troupe dead-letters show f1`" in text
    )
    assert (
        "stuck: handler submit-job republished as often as allowed, "
        "see `troupe dead-letters show f2`" in text
    )


def test_canary_breaker_and_budget_show_their_counts_and_the_next_command() -> None:
    """Counts, limits and commands."""
    safeguards = {
        "canary": {"records": 20, "is_over": True, "analysed": 8, "failed": 12},
        "breaker": {"records_over": 20, "failed_over": 12, "limit": 20.0},
        "budget": {
            "limit": 5.0, "spent": 0.25, "in_flight": 1, "limit_tokens": None, "tokens": 9,
            "a_day": None, "tokens_a_day": None, "today": 0.25, "tokens_today": 9,
        },
    }  # fmt: skip
    found = status(run(stopped_for="breaker"), details=details(safeguards=safeguards))
    text = "\n".join(status_lines(found))

    assert "canary: batch 1 with 20 records is over: 8 analysed, 12 failed" in text
    assert "breaker: 12 of 20 records over have failed (60 %), limit 20 %" in text
    assert "`troupe reprocess --run r1` what failed" in text
    assert "budget: $0.25 of $5.00 spent; 1 batch under way" in text


def test_batches_wait_for_the_first_one() -> None:
    """The canary holds nothing up."""
    text = text_of(batch(1, "submitted"), batch(2, "waiting", None), batch(3, "waiting", None))

    assert "    2 batches not begun, until the first batch has succeeded; nothing to do" in text


@pytest.mark.parametrize(
    ("outcome", "advice"),
    [
        ("waited", "nothing to do: the next tick republishes it"),
        ("republished", "read the handler's log"),
        ("dead_lettered", "see `troupe dead-letters show f`"),
        ("replayed", "read the handler's log"),
    ],
)
def test_an_unfinished_delivery_shows_its_reason(outcome: str, advice: str) -> None:
    """The reason as recorded, and the advice for its outcome."""
    waiting = {
        "event_id": "f",
        "topic": "jsonl-uploaded",
        "handler": "submit-job",
        "outcome": outcome,
        "generation": 0,
        "not_before": None,
        "reason": "claim 1 may still bring its job",
        "recorded_at": at(0),
    }
    text = text_of(waiting=[waiting])

    assert "  unfinished deliveries:" in text
    assert "claim 1 may still bring its job" in text
    assert advice in text


def test_refusals_errors_and_dead_letters_are_listed() -> None:
    """With what to do about each."""
    found = status(
        refusals=[{"run_id": "r2", "reason": "over_budget", "detail": "at least 3 dollars"}],
        system_errors=[
            {
                "error_type": "stuck_event",
                "cause": "submit-job",
                "run_id": "r1",
                "batch": 2,
                "attempt": 1,
                "detail": "f was republished 4 times",
                "hint": None,
                "created_at": at(0),
            }
        ],
        dead_letters=[
            {
                "handler": "process-results",
                "cause": "output_missing",
                "count": 3,
                "oldest_seconds": 60.0,
            }
        ],
    )
    expected = [
        "No runs.",
        "Refused requests:",
        "  r2: over budget: at least 3 dollars",
        "System errors:",
        (
            "  2026-11-21 12:00:00 UTC stuck_event (submit-job) in run r1, batch 2, attempt 1"
            f" - f was republished 4 times - {error_hint('stuck_event')}"
        ),
        "Dead letters:",
        (
            f"  3 of process-results: output_missing. {error_hint('output_missing')}"
            " Then `troupe dead-letters replay --handler process-results`."
        ),
    ]

    assert expected == status_lines(found)


def test_a_missing_worker_is_reported_where_one_is_needed() -> None:
    """Where the worker is not known, no line mentions it."""
    assert status_lines(status(run(), worker=None))[-1] == (
        "No worker is running, so nothing moves: start one with `troupe work`."
    )
    assert status_lines(status(worker=None))[-1] == "No worker is running; none is needed."
    assert status_lines(status(worker=Worker(pid=7)))[-1] == "A worker is running, process 7"
    assert "worker" not in "\n".join(status_lines(status(run())))


def test_a_message_that_is_no_event_can_be_discarded_only() -> None:
    """A replay would find nothing to publish."""
    group = {"handler": "h", "cause": "unreadable", "count": 1, "oldest_seconds": 1.0}
    shown = "\n".join(status_lines(status(dead_letters=[group | {"is_replayable": False}])))

    assert "`troupe dead-letters discard ID --reason TEXT`" in shown
    assert "replay" not in shown


def test_the_event_flow_is_an_aligned_table() -> None:
    """The events that follow are listed one below the other."""
    rows: list[dict[str, Any]] = [
        {
            "event": "run-requested",
            "handler": "plan-run",
            "does": "freeze which transcripts belong to which batch of the run",
            "follows": ["run-planned", "batch-planned", "run-refused"],
        },
        {"event": "report-written", "handler": None, "does": "", "follows": []},
    ]
    expected = [
        "event           handler   what follows   what it does",
        "-----           -------   ------------   ------------",
        "run-requested   plan-run  run-planned    freeze which transcripts belong to which",
        "                          batch-planned  batch of the run",
        "                          run-refused",
        "report-written  -         -",
    ]

    assert expected == choreography_lines(rows)
    assert choreography_lines([]) == ["The event flow is empty."]
