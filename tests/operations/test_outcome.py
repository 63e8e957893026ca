"""One function judges a run: its word, how bad it is, its exit code and what follows."""

from typing import Any

import pytest

from tests.report.samples import at, error, run
from troupe.operations.later_rows import LaterRows
from troupe.operations.outcome import Outcome, exit_code, outcome_of, word_of


def over(analysed: int = 1000, **changes: Any) -> Outcome:
    """The outcome of a run of 1,000 records that is over."""
    errors = changes.pop("errors", [])
    balanced, rows = changes.pop("balanced", True), changes.pop("later", ())
    ended = run(analysed, completed_at=at(60), **changes)
    return outcome_of(ended, errors, balanced=balanced, later=rows)


@pytest.mark.parametrize(
    ("changes", "word", "severity", "code"),
    [
        ({}, "completed", "good", 0),
        ({"analysed": 999, "failed": 1}, "completed with failures", "warn", 3),
        ({"analysed": 999, "released": 1}, "completed with failures", "warn", 3),
        ({"analysed": 0, "failed": 1000}, "completed with failures", "bad", 3),
        ({"analysed": 0, "records": 0}, "empty", "open", 0),
        ({"analysed": 500, "released": 500, "stopped_for": "operator"}, "stopped", "bad", 4),
        ({"analysed": 500, "released": 500, "stopped_for": "outage"}, "stopped", "bad", 4),
        ({"stopped_for": "budget"}, "stopped", "bad", 4),
        ({"balanced": False}, "completed", "bad", 1),
        ({"balanced": False, "stopped_for": "breaker"}, "stopped", "bad", 1),
    ],
)
def test_a_run_that_is_over_has_a_word_a_severity_and_a_code(
    changes: dict[str, Any], word: str, severity: str, code: int
) -> None:
    """Only a run whose every record has a row is a success, or one that had none to ask."""
    outcome = over(**changes)

    assert (word, severity, code) == (outcome.word, outcome.severity, outcome.exit_code())


def test_a_run_that_is_not_over_is_no_failure_yet() -> None:
    """Its failed records may be the only ones."""
    moving = outcome_of(run(10, failed=5))
    stopping = outcome_of(run(10, failed=5, stopped_for="breaker"))

    assert ("running", 0) == (moving.word, moving.exit_code())
    assert ("stopping", 0) == (stopping.word, stopping.exit_code())
    assert word_of(run(0, dry_run=True)) == "dry run"


def test_a_share_of_failures_may_be_allowed() -> None:
    """By the percentage that the user gives; it excuses neither a stop nor wrong totals."""
    two_per_cent = over(980, failed=15, released=5)

    assert [3, 3, 0, 0] == [two_per_cent.exit_code(share) for share in (0, 1.9, 2, 100)]
    assert 4 == over(0, released=1000, stopped_for="outage").exit_code(100)
    assert 1 == over(balanced=False).exit_code(100)


def test_the_worst_of_several_runs_decides() -> None:
    """Wrong totals before a stop, a stop before failures."""
    good, failed = over(), over(999, failed=1)
    stopped, wrong = over(stopped_for="age"), over(balanced=False)

    assert 0 == exit_code([])
    assert 0 == exit_code([good])
    assert 3 == exit_code([good, failed])
    assert 4 == exit_code([failed, stopped, good])
    assert 1 == exit_code([failed, stopped, wrong])


def commands(outcome: Outcome) -> list[str]:
    return [step.command for step in outcome.next]


def test_one_type_of_error_is_named_in_the_command() -> None:
    """Of several types all records are sent again."""
    exhausted = error("attempts_exhausted", cause="truncated", records=3)
    one = over(997, failed=3, errors=[exhausted])
    two = over(996, failed=4, errors=[exhausted, error("blocked")])

    named = "troupe reprocess --run r1 --error-type attempts_exhausted --dry-run"
    assert [named] == commands(one)
    assert ["troupe reprocess --run r1 --dry-run"] == commands(two)
    assert ["troupe reprocess --run r1 --dry-run"] == commands(over(997, failed=3))


def later(ending: str, records: int, name: str | None = None, run_id: str = "r2") -> LaterRows:
    """Rows of a later run."""
    return LaterRows(ending=ending, error_type=name, cause=None, run_id=run_id, records=records)


def test_records_that_a_later_run_analysed_are_left_out_of_what_follows() -> None:
    """The run keeps its word; code, severity and commands are those of the records that are left."""
    rows = [later("failed", 3, "blocked"), later("released", 2)]
    errors = [error("blocked", records=3), error("truncated", records=1)]
    all_ = over(995, failed=3, released=2, later=rows)
    some = over(994, failed=4, released=2, errors=errors, later=rows)
    stopped = over(995, failed=3, released=2, stopped_for="budget", later=rows)

    assert ("completed with failures", "good", 0) == (all_.word, all_.severity, all_.exit_code())
    assert ["troupe report r1 --html r1.html"] == commands(all_) == commands(stopped)
    assert (1, "warn", 3, 5, ["r2"]) == (
        some.left, some.severity, some.exit_code(), some.analysed_since, some.later_runs
    )  # fmt: skip
    assert ["troupe reprocess --run r1 --error-type truncated --dry-run"] == commands(some)
    assert 4 == stopped.exit_code()


def test_what_reading_rules_can_mend_is_read_again_first() -> None:
    """It costs nothing; a run that read again proposes no third reading."""
    errors = [error("attempts_exhausted", cause="incomplete_answer", records=3)]

    assert "troupe reread r1 --dry-run" == commands(over(997, failed=3, errors=errors))[0]
    again = over(997, failed=3, errors=errors, mode="reread")
    assert not any("reread" in command for command in commands(again))


def test_released_records_are_taken_by_the_next_run_of_their_analysis() -> None:
    """After a spent budget with a larger one."""
    own = over(0, released=1000, stopped_for="budget", analysis="checks_v1")

    assert ["troupe request --dry-run"] == commands(over(0, released=1000, stopped_for="outage"))
    assert ["troupe request --analysis checks_v1 --budget AMOUNT --dry-run"] == commands(own)


def test_rows_that_the_plan_left_out_are_no_failures_of_the_run() -> None:
    """Their errors are stored under its id."""
    errors = [error("empty_transcript", replan=True, records=7), error("truncated", retryable=True)]

    assert [] == over(errors=errors).failures


def test_simulated_answers_are_marked() -> None:
    """Also beside those of a model, in a run that two workers answered."""
    marks = {name: over(answered_by=name).simulated for name in ("stand-in", "gemma3, stand-in")}

    assert {"stand-in": True, "gemma3, stand-in": True} == marks
    assert not over(answered_by="gemini-3.5-flash-lite").simulated
    assert not over(answered_by=None).simulated
