"""A mistake of the one who gives a command is told in a line, with what to do, and ends with 2."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.harness import calls
from troupe.backends.local.backend import LocalBackend
from troupe.cli.app import app


def told(*words: str) -> str:
    """What a command said that ended for a mistake, and not with a traceback."""
    said = CliRunner().invoke(app, list(words))
    assert (2, SystemExit) == (said.exit_code, type(said.exception)), said.output
    assert said.output.startswith("troupe: ")
    assert 1 == len(said.output.splitlines())
    return said.output


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder that nobody owns."""
    LocalBackend(tmp_path / "home").close()
    return tmp_path / "home"


def test_a_page_that_cannot_be_written_is_told_before_the_query(home: Path) -> None:
    """No folder of this name, or a folder itself."""
    words = ("report", "first", "--home", str(home), "--html")

    assert f"there is no folder {home / 'none'}" in told(*words, str(home / "none" / "a.html"))
    assert f"{home} is a folder: name a file in it" in told(*words, str(home))


def test_the_demo_knows_before_it_begins_where_its_report_goes(tmp_path: Path) -> None:
    """Not after the whole run."""
    home = tmp_path / "home"

    said = told("demo", "--home", str(home), "--report", str(tmp_path / "none" / "r.html"))

    assert f"there is no folder {tmp_path / 'none'}" in said
    assert not home.exists()


def test_a_file_is_no_state_folder(tmp_path: Path) -> None:
    """The names of file and folder are easily mixed up."""
    file = tmp_path / "calls.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in calls(1)), encoding="utf-8")

    for home, why in ((file, "a file is there"), (file / "home", "Not a directory")):
        for words in (("load", str(file)), ("work",)):
            said = told(*words, "--home", str(home))

            assert f"{home} cannot be a state folder: {why}; name another with --home" in said


def test_a_warehouse_that_is_no_database_is_named(home: Path) -> None:
    """And the folder is not left owned by who could not open it."""
    (home / "warehouse.duckdb").write_text("not a database")

    for words in (("status",), ("work",), ("status",)):
        said = told(*words, "--home", str(home))

        assert f"{home / 'warehouse.duckdb'} cannot be opened" in said
        assert "put a copy that is whole in its place" in said


def test_a_deployment_without_credentials_says_how_to_log_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the words of the doctor."""
    pytest.importorskip("google.cloud.bigquery", reason="needs the clients: troupe[gcp]")
    told_settings = {
        "TROUPE_PROJECT": "p", "TROUPE_DATASET": "d", "TROUPE_STAGING_DATASET": "s",
        "TROUPE_BUCKET": "b", "TROUPE_BIGQUERY_LOCATION": "EU", "TROUPE_VERTEX_LOCATION": "eu",
    }  # fmt: skip
    for name in ("BIGQUERY_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    file = tmp_path / "deployment.json"
    file.write_text(json.dumps(told_settings))

    said = told("--backend", "gcp", "--terraform", str(file), "status")

    assert "no credentials that work (DefaultCredentialsError)" in said
    assert "gcloud auth application-default login" in said


def test_a_deployment_that_was_not_written_down_says_how(tmp_path: Path) -> None:
    """Missing, a folder, or no text at all."""
    pytest.importorskip("google.cloud.bigquery", reason="needs the clients: troupe[gcp]")
    missing, binary = tmp_path / "deployment.json", tmp_path / "plan"
    binary.write_bytes(b"\xff\xfe")

    for file in (missing, binary, tmp_path):
        said = told("--backend", "gcp", "--terraform", str(file), "status")

        assert f"{file} cannot be read" in said
        assert f"terraform output -json > {file.name}" in said
