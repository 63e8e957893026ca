"""An emulator that is missing says what to do, and is a failure only where it is required."""

from pathlib import Path

import pytest

from scripts import emulators
from tests.emulators.fixtures import cannot
from tests.emulators.servers import Missing, local_bigquery


def test_a_missing_emulator_is_a_reason_to_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a laptop."""
    monkeypatch.delenv("TROUPE_REQUIRE_EMULATORS", raising=False)

    with pytest.raises(pytest.skip.Exception, match="not there"):
        cannot("not there")


def test_where_emulators_are_required_it_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """As before a change lands."""
    monkeypatch.setenv("TROUPE_REQUIRE_EMULATORS", "1")

    with pytest.raises(pytest.fail.Exception, match="not there"):
        cannot("not there")


def test_an_emulator_that_is_not_installed_names_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And the folder that was looked at."""
    monkeypatch.setattr(emulators, "FOLDER", tmp_path)

    server = local_bigquery(tmp_path, "http://127.0.0.1:1")
    with pytest.raises(Missing, match=r"scripts/emulators\.py install") as missing, server:
        pass

    assert str(tmp_path) in str(missing.value)


def test_a_python_that_does_not_fit_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nor is one that is not there; the error names what was looked for."""
    monkeypatch.setenv("TROUPE_EMULATOR_PYTHON", str(tmp_path / "python3.13"))
    monkeypatch.setattr(emulators, "FOLDER", tmp_path)

    assert emulators.find_python() is None
    with pytest.raises(RuntimeError, match=r"3\.13.*TROUPE_EMULATOR_PYTHON"):
        emulators.install()
