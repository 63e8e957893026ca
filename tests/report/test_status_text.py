"""How runs stand, and what to do about whatever stands still."""

from typing import Any

import pytest

from tests.report.samples import at, batch, error, run, totals
from troupe.report import choreography_lines, status_lines


def test_no_runs_are_said_in_one_line() -> None:
    """Every key may be absent."""
    assert status_lines({}) == ["No runs."]


def test_one_run_is_told_at_length() -> None:
    """Its figures, its batches, its jobs, its errors and its books."""
    batches = [batch(1, "completed"), batch(2, "submitted", 4000), batch(3, "waiting", None)]
    jobs = [{"name": "projects/p/jobs/77", "state": "JOB_STATE_RUNNING", "age_seconds": 4000}]
    books = totals(planned=1000, analysed=500, open=500, completed=False)
    found = run(batches=batches, jobs=jobs, errors=[error("truncated")], reconciliation=books)
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
        "      1 truncated: The answer was cut off; retry with a larger output limit.",
        (
            "  The books balance: 1,000 planned = 500 analysed + 0 failed + 0 released"
            " + 500 open. Nothing is doubled, half stored or paid twice."
        ),
    ]

    assert expected == status_lines({"runs": [found]})


def test_what_is_known_of_one_run_may_stand_beside_it() -> None:
    """As the owner of a state folder answers."""
    batches, errors = [batch(1, "planned")], [error("truncated")]
    jobs = [{"name": "a1", "state": "running", "age_seconds": 60.0}]
    beside = {"batches": batches, "errors": errors, "jobs": jobs, "reconciliation": totals()}

    assert status_lines({"runs": [run(**beside)]}) == status_lines({"runs": [run()], **beside})
    assert status_lines({"jobs": jobs}) == ["No runs.", "  jobs: 1", "    a1: running, 1 m old"]


def test_several_runs_are_a_table() -> None:
    """Aligned, one a line; an unknown cost is the word."""
    runs = [run(), run(run_id="nightly-7", analysed=1000, cost=None, completed_at=at(60))]
    expected = [
        "r1         running    500 of 1,000 records    50 %   0 failed  cost $0.25",
        "nightly-7  completed  1,000 of 1,000 records  100 %  0 failed  cost unknown",
    ]

    assert expected == status_lines({"runs": runs})


def test_a_run_that_has_answered_nothing_has_no_cost_yet() -> None:
    """Which is neither zero nor unknown."""
    assert "; no cost yet" in status_lines({"runs": [run(analysed=0, cost=None)]})[2]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("breaker", "too many records failed"),
        ("budget", "its budget was spent; raise it"),
        ("operator", "an operator cancelled it"),
        ("job_refused", "the service refused a job for good"),
        ("age", "it was open for too long; start a run"),
    ],
)
def test_a_stopped_run_says_why_and_what_to_do(reason: str, said: str) -> None:
    """In words, not in names."""
    text = "\n".join(status_lines({"runs": [run(stopped_for=reason)]}))

    assert "Run r1: stopping" in text
    assert f"  stopped: {said}" in text
    assert "its jobs are being cancelled" in text


@pytest.mark.parametrize("state", ["planned", "uploaded", "ended", "processed"])
def test_a_batch_that_nobody_handles_says_what_to_do(state: str) -> None:
    """Seconds are fine, hours are not."""
    young = status_lines({"runs": [run(batches=[batch(1, state, 5)])]})
    old = status_lines({"runs": [run(batches=[batch(1, state, 7200)])]})

    assert "nobody does it" not in "\n".join(young)
    assert "nobody does it: see that a worker or service runs" in "\n".join(old)


def test_a_job_may_take_days() -> None:
    """It waits for Vertex; only past its limit the tick asks for its end."""

    def told(seconds: int, **known: Any) -> str:
        row = batch(1, "submitted", seconds) | known
        return "\n".join(status_lines({"runs": [run(batches=[row])]}))

    assert "batch 1, attempt 1: waiting for Vertex 3 h 12 m, limit 72 h" in told(11_520)
    assert "limit 96 h" in told(11_520, job_state="running")
    assert "over the limit of 72 h: the tick asks the service to cancel its job" in told(400_000)


def test_the_limits_are_those_of_the_backend_that_answers() -> None:
    """A laptop may have another patience than the cloud."""
    status = {"runs": [run(batches=[batch(1, "submitted", 60)])], "limits": {"pending_hours": 2}}

    assert "limit 2 h" in "\n".join(status_lines(status))


def test_a_batch_whose_event_was_dead_lettered_is_stuck_and_names_the_command() -> None:
    """So is one that the tick has given up."""
    held = {"handler": "submit-job", "cause": "import_refused", "letter_id": "f1"}
    lost = {"handler": "submit-job", "cause": "stuck_event", "letter_id": "f2"}
    batches = [batch(1, "uploaded") | {"held_up": held}, batch(2, "uploaded") | {"held_up": lost}]
    text = "\n".join(status_lines({"runs": [run(batches=batches)]}))

    assert (
        "stuck: handler submit-job dead-lettered (import_refused), "
        "see `troupe dead-letters show f1`" in text
    )
    assert (
        "stuck: handler submit-job republished as often as allowed, "
        "see `troupe dead-letters show f2`" in text
    )


def test_canary_and_breaker_tell_what_they_saw_and_how_to_go_on() -> None:
    """Counts, limits and commands."""
    course = {
        "canary": {"records": 20, "is_over": True, "analysed": 8, "failed": 12},
        "breaker": {"records_over": 20, "failed_over": 12, "limit": 20.0},
        "budget": {"limit": 5.0, "spent": 0.25, "in_flight": 1},
    }
    text = "\n".join(status_lines({"runs": [run(stopped_for="breaker", course=course)]}))

    assert "canary: batch 1 with 20 records is over: 8 analysed, 12 failed" in text
    assert "breaker: 12 of 20 records over have failed (60 %), limit 20 %" in text
    assert "`troupe reprocess --run r1` what failed" in text
    assert "budget: $0.25 of $5.00 spent; 1 batch under way" in text


def test_batches_wait_for_the_first_one() -> None:
    """The canary is not a standstill."""
    batches = [batch(1, "submitted"), batch(2, "waiting", None), batch(3, "waiting", None)]
    lines = status_lines({"runs": [run(batches=batches)]})

    assert "    2 batches not begun, until the first batch has gone well; nothing to do" in lines


@pytest.mark.parametrize(
    ("outcome", "advice"),
    [
        ("waited", "nothing to do: the next tick tells it again"),
        ("republished", "look at the handler's log"),
        ("dead_lettered", "see `troupe dead-letters show f`"),
        ("replayed", "look at the handler's log"),
    ],
)
def test_an_event_that_stands_still_says_why(outcome: str, advice: str) -> None:
    """The reason as stored, and the advice for its kind."""
    waiting = {
        "event_id": "f",
        "topic": "jsonl-uploaded",
        "handler": "submit-job",
        "outcome": outcome,
        "reason": "claim 1 may still bring its job",
        "recorded_at": at(0),
    }
    text = "\n".join(status_lines({"runs": [run(waiting=[waiting])]}))

    assert "  stands still:" in text
    assert "claim 1 may still bring its job" in text
    assert advice in text


def test_refusals_errors_and_dead_letters_are_listed() -> None:
    """With what to do about each."""
    status = {
        "refusals": [{"run_id": "r2", "reason": "over_budget", "detail": "at least 3 dollars"}],
        "system_errors": [
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
        "dead_letters": [{"handler": "process-results", "cause": "output_missing", "count": 3}],
    }
    expected = [
        "No runs.",
        "Refused requests:",
        "  r2: over budget: at least 3 dollars",
        "System errors:",
        (
            "  2026-11-21 12:00:00 UTC stuck_event (submit-job) in run r1, batch 2, attempt 1"
            " - f was republished 4 times"
            " - No handler finished this event; read the handler's log, then replay."
        ),
        "Dead letters:",
        (
            "  3 of process-results: output_missing. The job succeeded without output; check"
            " bucket and permissions. Then replay or discard."
        ),
    ]

    assert expected == status_lines(status)


def test_a_missing_worker_is_told_where_one_is_needed() -> None:
    """In the cloud nobody asks for one."""
    assert status_lines({"runs": [run()], "worker": None})[-1] == (
        "No worker is running, so nothing moves: start one with `troupe work`."
    )
    assert status_lines({"worker": None})[-1] == "No worker is running; nothing needs one."
    assert status_lines({"worker": {"pid": 7}})[-1] == "A worker is running, process 7"
    assert "worker" not in "\n".join(status_lines({"runs": [run()]}))


def test_the_score_is_an_aligned_table() -> None:
    """What follows stands one below the other."""
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
        "report-written  nobody    -",
    ]

    assert expected == choreography_lines(rows)
    assert choreography_lines([]) == ["The score is empty."]
