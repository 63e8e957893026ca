"""Commands end with the code of how their runs ended, and say what follows."""

import json
from pathlib import Path

import duckdb
import pytest

from tests.cli.command import Command, finished
from tests.endpoint.server import serving
from tests.endpoint.test_worker import GOOD
from troupe.backends.local.backend import LocalBackend


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A folder with a run that has rows and failed records."""
    command = Command(tmp_path_factory.mktemp("failed") / "home")
    command.load(12)
    command("request", "--run-id", "r1", "--max-attempts", "1", "--breaker", "100")
    output = command("work", "--idle-timeout", "0", "--corrupt-percent", "90", code=3)
    assert "troupe: run r1 completed with failures: " in output
    assert "`troupe reprocess --run r1" in output
    return command


def test_failed_records_are_no_success_for_any_command(failed: Command) -> None:
    """One word, one code and one command that follows, wherever the run is shown."""
    verified, watched = failed("verify", "r1", code=3), failed("status", "r1", "--watch", code=3)
    shown, reported = failed("status", "r1"), failed("report", "r1")

    for text in (verified, watched, shown, reported):
        assert "completed with failures" in text.lower()
        assert "`troupe reprocess --run r1" in text
    assert "completed with failures" in failed("status")
    assert failed("verify", code=3)


def test_a_share_of_failures_may_be_allowed(failed: Command) -> None:
    """The run is the same; only the code changes."""
    assert "completed with failures" not in failed("verify", "r1", "--fail-over", "100")
    assert failed("status", "r1", "--watch", "--fail-over", "100")
    assert "invalid" in failed("verify", "--fail-over", "nan", code=2).lower()


def test_what_a_later_run_analysed_is_no_failure_any_more(failed: Command, tmp_path: Path) -> None:
    """No command that has nothing to do is advised, and the code is that of what is left."""
    command = failed.copy(tmp_path / "home")
    count = command.json("verify", "r1", code=3)["failed"]
    command("reprocess", "--run", "r1", "--run-id", "again")
    command("work", "--idle-timeout", "0")

    texts = [command("verify", "r1"), command("status", "r1"), command("report", "r1")]
    texts.append(command("status", "r1", "--watch"))
    outcome = command.json("report", "r1")["outcome"]

    assert count
    assert (count, count, ["again"]) == (
        outcome["failed"], outcome["analysed_since"], outcome["later_runs"]
    )  # fmt: skip
    for text in texts:
        assert "reprocess --run r1" not in text
        assert "reread r1" not in text
    for text in texts:
        assert f"{count} of them have a row since, from run again" in text
    assert command("verify")
    left_out = command("reprocess", "--run", "r1", "--dry-run")
    assert f"{count} analysed already" in left_out
    assert "keep their row" in left_out


def test_a_worker_shows_no_run_that_was_over_before(failed: Command) -> None:
    """It has not touched it."""
    assert "r1" not in failed("work", "--idle-timeout", "0")


def test_a_worker_judges_its_own_runs_alone(failed: Command) -> None:
    """What failed before it began was reported before."""
    assert "troupe: run r1" not in failed("work", "--idle-timeout", "0")


def test_the_outcome_is_in_every_json(failed: Command) -> None:
    """Word, mark of simulated answers, and commands; and the same in each."""
    status = failed.json("status", "r1")["outcomes"][0]
    report = failed.json("report", "r1")["outcome"]
    verify = failed.json("verify", "r1", code=3)["outcome"]
    watch = json.loads(
        failed("status", "r1", "--watch", "--json", code=3, piped=True).splitlines()[-1]
    )["outcome"]

    assert "completed with failures" == status["word"]
    assert status["simulated"]
    assert status["failed"] > 0
    assert status == report == verify == watch


def test_simulated_answers_are_marked_wherever_they_are_shown(failed: Command) -> None:
    """Terminal, page, costs and rows; and no amount is presented as paid."""
    failed("report", "r1", "--html", str(failed.home.parent / "r1.html"))
    page = (failed.home.parent / "r1.html").read_text(encoding="utf-8")

    for text in (failed("status", "r1"), failed("report", "r1"), failed("costs"), page):
        assert "Simulated: the built-in stand-in wrote these answers, not a model." in text
        assert "would have cost $" in text
        assert "The invoice decides" not in text
    assert "Simulated: " in failed("status", "r1", "--watch", code=3)
    with duckdb.connect(str(failed.home / "warehouse.duckdb"), read_only=True) as db:
        rows = db.execute("SELECT DISTINCT model FROM transcription_analyzed_transcripts")
        assert [("stand-in",)] == rows.fetchall()


def test_an_own_endpoint_is_named_and_no_price_is_invented(tmp_path: Path) -> None:
    """Neither the model of the analysis nor its price is what answered."""
    command = Command(tmp_path / "home")
    command.load(2)
    command("request", "--run-id", "r1")
    with serving(lambda _: GOOD) as server:
        done = command(
            "work", "--idle-timeout", "0", "--model-url", server.url, "--model-name", "gemma3"
        )

    costs, report = command("costs"), command("report", "r1")
    for text in (costs, report):
        assert "gemma3" in text
        assert "$" not in text
        assert "Simulated" not in text
    assert "Simulated" not in done
    assert "cost unknown" in done
    assert "Unknown: no price of gemma3 is known." in report
    assert not command.json("status", "r1")["outcomes"][0]["simulated"]


def test_a_budget_in_dollars_is_refused_for_an_own_endpoint(tmp_path: Path) -> None:
    """It could not be kept; the worker ends with the code of a refusal."""
    command = Command(tmp_path / "home")
    command.load(2)
    command("request", "--run-id", "r1", "--budget", "5")
    with serving(lambda _: GOOD) as server:
        output = command(
            "work", "--idle-timeout", "0", "--model-url", server.url, "--model-name", "gemma3",
            code=1,
        )  # fmt: skip

        assert "its price is not known: omit the budget, or give budget_tokens" in output
        assert [] == server.posts


def test_a_cancelled_run_has_a_code_of_its_own(tmp_path: Path) -> None:
    """Its records were released; the next run takes them."""
    command = Command(tmp_path / "home")
    command.load(9)
    command("request", "--run-id", "r1", "--canary", "3", "--rows-per-batch", "3")
    backend = LocalBackend(command.home)
    backend.wake()
    backend.deliver_next()  # the worker that planned the run ended before it sent a request
    backend.close()
    command("cancel", "r1")

    output = command("work", "--idle-timeout", "0", code=4)

    assert "run r1 stopped: an operator cancelled it" in output
    assert "`troupe request --dry-run` shows the next run" in output
    assert "stopped" in command("verify", "r1", code=4)


def test_a_request_that_would_be_empty_is_not_made(tmp_path: Path) -> None:
    """It says why and ends with 0; with an option with 5."""
    command = finished(tmp_path / "home")

    output = command("request", "--run-id", "r2")
    coded = command("request", "--fail-empty", code=5)

    assert "nothing to do: every record of the source (4) is analysed by call_review_v1" in output
    assert "`troupe load FILE`" in output
    assert "--allow-empty" in output
    assert "no record is pending" in coded
    assert ["r1"] == [run["run_id"] for run in command.json("status")["runs"]]
    assert "nothing" == command.json("request")["kind"]
    assert "nothing to do: no record of run r1" in command("reprocess", "--run", "r1")
    assert "nothing to do: every record of run r1 has a row" in command("reread", "r1")
    assert "requested run r3" in command("request", "--run-id", "r3", "--allow-empty")
    command("work", "--idle-timeout", "0")
    assert "Empty: nothing was asked." in command("report", "r3")


def test_a_model_without_a_price_is_warned_about(tmp_path: Path) -> None:
    """On standard error, so that JSON stays JSON."""
    command = Command(tmp_path / "home")
    command.load(2)

    assert "no price of the model gpt-4 is known" in command("request", "--model", "gpt-4")
    assert "requested" == command.json("request", "--model", "gpt-4")["kind"]
