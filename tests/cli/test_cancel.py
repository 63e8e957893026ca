"""The command cancel: one run, or all of them."""

from pathlib import Path

from tests.cli.command import Command


def test_all_open_runs_are_shown_and_stopped(tmp_path: Path) -> None:
    """Numbers first; the worker ends with the code of a stopped run, and a repetition with 0."""
    command = Command(tmp_path / "home")
    command.load(9)
    command("request", "--run-id", "r1", "--canary", "3")

    shown = command("cancel", "--all", "--dry-run")
    before = command.json("status")["requests"]
    done = command("cancel", "--all")
    command("work", "--idle-timeout", "0", code=1)
    again = command("cancel", "--all")

    assert "would request 1 run to stop: 0 jobs to cancel, 0 records to release" in shown
    assert "r1: requested, not planned yet: it is refused" in shown
    assert "nothing was changed" in shown
    assert ["r1"] == [each["run_id"] for each in before]
    assert done.startswith("requested 1 run to stop")
    assert "nothing to cancel: no run is open that nothing has stopped" in again


def test_the_result_is_json_for_scripts(tmp_path: Path) -> None:
    """Without a state folder it is an error; with nothing open it is empty lists."""
    command = Command(tmp_path / "home")
    missing = command("cancel", "--all", code=2)
    command.load(1)

    assert "there is no state folder" in missing
    assert command.json("cancel", "--all") == {
        "dry_run": False,
        "runs": [],
        "requests": [],
        "stopping": [],
    }


def test_a_requested_cancellation_is_shown_until_a_worker_carries_it_out(tmp_path: Path) -> None:
    """By whom and when; a run that is not planned yet as well."""
    command = Command(tmp_path / "home")
    command.load(3)
    command("request", "--run-id", "r1")
    before = command("status", "r1")
    command("cancel", "r1")
    shown, result = command("status", "r1"), command.json("status", "r1")
    command("work", "--idle-timeout", "0", code=1)

    assert "Cancellation requested" not in before
    assert ", by the command line; a worker carries it out" in shown
    assert "the command line" == result["cancellation"]["by"]
    assert "Cancellation requested" not in command("status", "r1")
