"""A disk that takes no more ends the worker; nothing becomes a dead letter, and the next one goes on."""

import errno
import os
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import pytest
from typer.testing import CliRunner

from scripts.practice import make
from tests.harness import LocalHarness, calls
from troupe.backends.local.disk import DiskFailure, ending_on_disk_failure
from troupe.cli.app import app
from troupe.exit_codes import ExitCode


def fail(*_: Any) -> NoReturn:
    """Take no more bytes."""
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_delivery_on_a_full_disk_is_not_tried_until_it_is_a_dead_letter(
    harness: LocalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends the worker, and is delivered again by the next one."""
    harness.load(calls(3))
    harness.request()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(DiskFailure):
            harness.play()

    harness.backend.wake()
    harness.play()

    assert 3 == harness.books("r1")["analysed"]
    assert 0 == harness.one("SELECT count(*) FROM dead_letters")


def test_a_transaction_that_a_full_disk_has_ended_is_not_rolled_back_once_more(
    harness: LocalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second error would hide the first one, and the delivery would count as tried."""
    warehouse = harness.backend.warehouse

    def end(name: str, state: str) -> NoReturn:
        warehouse.db.execute("ROLLBACK")
        raise duckdb.IOException("Could not write file: No space left on device")

    monkeypatch.setattr(warehouse, "_end_job", end)

    with pytest.raises(DiskFailure):
        warehouse.run_once("troupe__test__ab12", "BEGIN TRANSACTION; COMMIT TRANSACTION;", {})


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EROFS, "Read-only file system"),
        duckdb.IOException("Could not write file: No space left on device"),
        duckdb.FatalException("the database has been invalidated"),
    ],
)
def test_an_error_of_the_disk_is_no_failure_of_a_delivery(error: Exception) -> None:
    """No `except Exception` of the delivery loop catches it."""
    with pytest.raises(DiskFailure) as raised, ending_on_disk_failure():
        raise error

    assert error is raised.value.__cause__
    assert not isinstance(raised.value, Exception)


@pytest.mark.parametrize(
    "error", [FileNotFoundError(errno.ENOENT, "none"), duckdb.TransactionException("conflict")]
)
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    """They may be retried."""
    with pytest.raises(type(error)), ending_on_disk_failure():
        raise error


def test_work_that_leaves_a_run_to_an_operator_is_no_success(tmp_path: Path) -> None:
    """It names the run and the command, and ends with 1."""
    home = tmp_path / "home"
    make(home)

    done = CliRunner().invoke(app, ["work", "--idle-timeout", "0", "--home", str(home)])

    assert ExitCode.FAILED == done.exit_code, done.output
    assert "2 runs open: first, second, with nothing left to do: `troupe dead-let" in done.output
