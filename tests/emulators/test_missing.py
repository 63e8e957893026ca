"""A missing emulator skips a test, or fails it where emulators are required."""

from pathlib import Path

import pytest

from scripts import emulators
from tests.emulators.fixtures import cannot
from tests.emulators.servers import Missing, local_bigquery


def test_a_missing_emulator_skips_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """By default, with the reason."""
    monkeypatch.delenv("TROUPE_REQUIRE_EMULATORS", raising=False)

    with pytest.raises(pytest.skip.Exception, match="not there"):
        cannot("not there")


def test_a_missing_emulator_fails_the_test_where_it_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With TROUPE_REQUIRE_EMULATORS=1."""
    monkeypatch.setenv("TROUPE_REQUIRE_EMULATORS", "1")

    with pytest.raises(pytest.fail.Exception, match="not there"):
        cannot("not there")


def test_an_emulator_that_is_not_installed_names_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And the folder that was searched."""
    monkeypatch.setattr(emulators, "FOLDER", tmp_path)

    server = local_bigquery(tmp_path, "http://127.0.0.1:1")
    with pytest.raises(Missing, match=r"scripts/emulators\.py install") as missing, server:
        pass

    assert str(tmp_path) in str(missing.value)


def test_a_python_of_another_version_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nor a missing one; the error names the version and the variable."""
    monkeypatch.setenv("TROUPE_EMULATOR_PYTHON", str(tmp_path / "python3.13"))
    monkeypatch.setattr(emulators, "FOLDER", tmp_path)

    assert emulators.find_python() is None
    with pytest.raises(RuntimeError, match=r"3\.13.*TROUPE_EMULATOR_PYTHON"):
        emulators.install()
