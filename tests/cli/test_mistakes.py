"""A user's mistake ends the command with 2 and one line that names it and its remedy."""

import io
import json
import re
import sys
from pathlib import Path
from shutil import copytree

import pytest
from typer.testing import CliRunner

from tests.harness import calls
from troupe.backends.local.backend import LocalBackend
from troupe.cli.app import app
from troupe.cli.option_errors import name_options


def error_of(*words: str, code: int = 2) -> str:
    """Run a command that must end with this code and one line of error; return the line."""
    done = CliRunner().invoke(app, list(words))
    assert (code, SystemExit) == (done.exit_code, type(done.exception)), done.output
    assert done.output.startswith("troupe: ")
    assert 1 == len(done.output.splitlines()), done.output
    return done.output


def usage_error_of(*words: str) -> str:
    """Run a command that the parser must refuse; return its text without the frame."""
    done = CliRunner().invoke(app, list(words))
    assert 2 == done.exit_code, done.output
    return " ".join(done.output.replace("│", " ").split())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder that no process owns."""
    home = tmp_path_factory.mktemp("made") / "home"
    LocalBackend(home).close()
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return Path(copytree(made, tmp_path / "home"))


def test_an_option_that_an_error_names_already_stays_as_it_is() -> None:
    """Fields become options, and options stay."""
    text = name_options(
        "give changed or of_run; `--changed` needs --run", {"changed": 1, "of_run": 1}
    )

    assert text == "give --changed or --run; `--changed` needs --run"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--limit", "0"), "invalid --limit 0: use a whole number >= 1"),
        (("--rows-per-batch", "0"), "invalid --rows-per-batch 0: use a whole number >= 1"),
        (("--mode", "tset"), "invalid --mode 'tset': use one of test, production, incremental"),
        (("--run-id", "First Run"), "invalid --run-id 'First Run': use 1 to 40"),
        (("--provider", "a", "--provider", "!"), "invalid --provider 'a', '!': use 1 to 100"),
        (("--record-id", "7"), "invalid --record-id '7': use a record id of 32"),
        (("--analysis", "A"), "invalid --analysis 'A': use an analysis name"),
        (("--model", "!"), "invalid --model '!': use a model name"),
        (("--budget", "-1"), "invalid --budget -1.0: use a number > 0"),
        (("--budget", "nan"), "invalid --budget nan: use a number, e.g. 20"),
        (("--breaker", "inf"), "invalid --breaker inf: use a number, e.g. 20"),
        (("--breaker", "101"), "invalid --breaker 101.0: use a number <= 100"),
        (("--event-time-to", "2026-13-01"), "invalid --event-time-to '2026-13-01': use RFC 3339"),
        (
            ("--event-time-from", "2026-01-31T00:00:00"),
            "invalid --event-time-from '2026-01-31T00:00:00': the time zone is missing",
        ),
        (
            (
                "--event-time-from",
                "2026-02-01T00:00:00Z",
                "--event-time-to",
                "2026-01-31T00:00:00Z",
            ),
            "--event-time-from is not before --event-time-to",
        ),
        (("--mode", "test"), "--limit is missing"),
        (("--mode", "single"), "--record-id is empty"),
        (("--record-id", "0" * 32), "--record-id is not allowed in mode production"),
        (("--analysis", "nothing_v1"), "unknown analysis nothing_v1: use one of"),
    ],
)
def test_an_error_of_a_request_names_the_option_that_was_typed(
    home: Path, words: tuple[str, ...], problem: str
) -> None:
    """Not the field of the request, and no JSON path."""
    output = error_of("request", *words, "--home", str(home))

    assert problem in output
    assert "$." not in output
    assert not re.search("[a-z]_[a-z]", re.sub(r"\w+_v\d", "", output))


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "nothing is selected: give --run, --error-type, --record-id or --changed"),
        (("--batch", "1", "--error-type", "truncated"), "--batch needs --run"),
        (("--run", "first", "--batch", "0"), "invalid --batch 0: use a whole number >= 1"),
        (("--error-type", "nope"), "--error-type: no record has nope: choose from"),
        (("--run", "first"), "run first is not planned here; `troupe status` lists the runs"),
    ],
)
def test_an_error_of_reprocess_names_the_option_that_was_typed(
    home: Path, words: tuple[str, ...], problem: str
) -> None:
    """Some options have another name than their field."""
    assert problem in error_of("reprocess", *words, "--home", str(home))


@pytest.mark.parametrize("command", ["list", "replay"])
def test_a_wrong_time_of_dead_letters_is_refused(home: Path, command: str) -> None:
    """With the form to use."""
    output = error_of("dead-letters", command, "--since", "x", "--home", str(home))

    assert "invalid --since 'x': use RFC 3339, e.g. 2026-01-31T00:00:00Z" in output


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("status", "--backend", "aws"), "Invalid value for '--backend'"),
        (("status", "--backend=aws"), "Invalid value for '--backend'"),
        (("status", "--backend"), "Option '--backend' requires an argument."),
        (("status", "--hom", "x"), "No such option"),
        (("statsu",), "No such command 'statsu'. Did you mean 'status'"),
        (("work", "--corrupt-percent", "101"), "Invalid value for '--corrupt-percent'"),
        (("work", "--idle-timeout", "soon"), "Invalid value for '--idle-timeout'"),
        (("--home", "x"), "Missing command."),
    ],
)
def test_the_parser_names_the_option_or_the_command(words: tuple[str, ...], problem: str) -> None:
    """Wherever the option stands."""
    assert problem in usage_error_of(*words)


@pytest.mark.parametrize(
    "words",
    [
        ("show", "none"), ("discard", "none", "--reason", "a test"),
    ],
)  # fmt: skip
def test_an_unknown_dead_letter_is_named(home: Path, words: tuple[str, ...]) -> None:
    """With the command that lists them."""
    output = error_of("dead-letters", *words, "--home", str(home))

    assert "no dead letter none" in output
    assert "`troupe dead-letters list`" in output


@pytest.mark.parametrize(
    "words",
    [
        ("status",), ("verify",), ("report",), ("explain",), ("cancel",), ("costs",),
        ("clear-history", "--run"),
    ],
)  # fmt: skip
def test_an_unknown_run_or_analysis_is_named(home: Path, words: tuple[str, ...]) -> None:
    """Also one with characters that no id has."""
    for name in ("r404", "no such/run", "'; --"):
        assert name in error_of(*words, name, "--home", str(home))
    assert "Argument '\\udcff' is not UTF-8." in usage_error_of(*words, "\udcff")


def test_a_page_that_cannot_be_written_is_named_before_the_query(home: Path) -> None:
    """Its folder is missing, or it is a folder itself."""
    words = ("report", "first", "--home", str(home), "--html")

    missing = error_of(*words, str(home / "none" / "a.html"))
    folder = error_of(*words, str(home))

    assert f"invalid --html {home / 'none' / 'a.html'}: there is no folder" in missing
    assert f"invalid --html {home}: it is a folder; name a file in it" in folder


def test_the_demo_checks_its_report_file_before_it_begins(tmp_path: Path) -> None:
    """Not after the whole run."""
    home = tmp_path / "home"

    output = error_of("demo", "--home", str(home), "--report", str(tmp_path / "none" / "r.html"))

    assert f"there is no folder {tmp_path / 'none'}" in output
    assert not home.exists()


def test_a_file_that_cannot_be_read_is_named(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing, a folder, or not a text."""
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfea")
    (tmp_path / "empty").mkdir()

    for file in (tmp_path / "none", tmp_path / "empty", binary):
        publish = ("publish", "run-requested", str(file), "--home", str(home))
        assert f"invalid FILE {file}: it cannot be read (" in error_of(*publish)
        assert str(file) in error_of("load", str(file), "--home", str(home))
        demo = ("demo", "--transcripts", str(file), "--home", str(home))
        report = ("--report", str(tmp_path / "r.html"))
        assert str(file) in CliRunner().invoke(app, [*demo, *report]).output

    standard_input = io.TextIOWrapper(io.BytesIO(b"\xff"), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", standard_input)
    done = CliRunner().invoke(app, ["publish", "run-requested", "-"], input=b"\xff")
    assert (2, SystemExit) == (done.exit_code, type(done.exception)), done.output


def test_an_unknown_topic_is_named_with_the_known_ones(home: Path, tmp_path: Path) -> None:
    """Not published anywhere."""
    file = tmp_path / "request.json"
    file.write_text("{}")

    output = error_of("publish", "run-request", str(file), "--home", str(home))

    assert "run-request" in output
    assert "run-requested" in output


def test_what_read_cannot_use_is_named(tmp_path: Path) -> None:
    """The analysis, the lookup file, the prediction file or the folder."""
    file, text = tmp_path / "predictions.jsonl", tmp_path / "text"
    file.write_text("")
    text.write_text("no JSON\n")
    read = ("read", str(file), "--out", str(tmp_path / "out"))

    assert "invalid --analysis nothing_v1" in error_of(*read, "--analysis", "nothing_v1")
    assert f"invalid --lookup {text}, line 1" in error_of(*read, "--lookup", str(text))
    text.write_text('{"phone_number_token": 1, "interactionId": 2, "interactionId": 3}\n')
    twice = f"invalid --lookup {text}, line 1: interactionId is given twice"
    assert twice in error_of(*read, "--lookup", str(text))
    assert f"{tmp_path / 'none'}: No such file" in error_of(
        *read, "--lookup", str(tmp_path / "none")
    )
    assert str(text) in error_of("read", str(file), "--out", str(text))


@pytest.mark.parametrize("command", ["check", "schema", "add"])
def test_a_folder_without_an_analysis_is_named(home: Path, tmp_path: Path, command: str) -> None:
    """Missing or empty."""
    for folder in (tmp_path / "none_v1", tmp_path):
        done = CliRunner().invoke(app, ["analysis", command, str(folder), "--home", str(home)])

        assert done.exit_code in (1, 2)
        assert isinstance(done.exception, SystemExit), done.output
        assert folder.name in done.output


def test_a_file_is_no_state_folder(tmp_path: Path) -> None:
    """The path of a file was given as the folder."""
    file = tmp_path / "calls.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in calls(1)), encoding="utf-8")

    for home, why in ((file, "a file is there"), (file / "home", "Not a directory")):
        for words in (("load", str(file)), ("work",)):
            output = error_of(*words, "--home", str(home), code=1)

            assert f"{home} cannot be a state folder: {why}; name another with --home" in output


def test_a_warehouse_that_is_no_database_is_named(home: Path) -> None:
    """And the command that could not open it does not keep owning the folder."""
    (home / "warehouse.duckdb").write_text("not a database")

    for words in (("status",), ("work",), ("status",)):
        output = error_of(*words, "--home", str(home), code=1)

        assert f"{home / 'warehouse.duckdb'} cannot be opened" in output
        assert "restore it from a copy" in output


def test_an_endpoint_that_cannot_be_used_is_named(home: Path) -> None:
    """Its model is missing, its URL is wrong, or no server listens."""
    work = ("work", "--home", str(home), "--model-url")

    assert "--model-name is missing" in error_of(*work, "http://127.0.0.1:9")
    assert "invalid --model-url ftp://x" in error_of(*work, "ftp://x", "--model-name", "m")
    closed = error_of(*work, "http://127.0.0.1:9", "--model-name", "m")
    assert "--model-url http://127.0.0.1:9 does not answer" in closed


@pytest.mark.parametrize("words", [("demo",), ("work",), ("load", "x"), ("analysis", "add", "x")])
def test_commands_of_the_local_backend_refuse_a_deployment(words: tuple[str, ...]) -> None:
    """Before anything of Google's is needed."""
    output = error_of(*words, "--backend", "gcp")

    assert "works with --backend local only" in output


def test_a_deployment_without_credentials_names_the_command_to_log_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the text of the doctor."""
    pytest.importorskip("google.cloud.bigquery", reason="needs the clients: troupe[gcp]")
    settings = {
        "TROUPE_PROJECT": "p", "TROUPE_DATASET": "d", "TROUPE_STAGING_DATASET": "s",
        "TROUPE_BUCKET": "b", "TROUPE_BIGQUERY_LOCATION": "EU", "TROUPE_VERTEX_LOCATION": "eu",
    }  # fmt: skip
    for name in ("BIGQUERY_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    file = tmp_path / "deployment.json"
    file.write_text(json.dumps(settings))

    output = error_of("--backend", "gcp", "--terraform", str(file), "status")

    assert "no valid credentials (DefaultCredentialsError)" in output
    assert "gcloud auth application-default login" in output


def test_a_terraform_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Missing, a folder, or not a text; before or after the command."""
    pytest.importorskip("google.cloud.bigquery", reason="needs the clients: troupe[gcp]")
    missing, binary = tmp_path / "deployment.json", tmp_path / "plan"
    binary.write_bytes(b"\xff\xfea")
    (tmp_path / "empty").mkdir()

    for file in (missing, binary, tmp_path):
        options = ("--backend", "gcp", "--terraform", str(file))
        for words in ((*options, "status"), ("status", *options), ("doctor", *options)):
            output = error_of(*words)

            assert f"invalid --terraform {file}: it cannot be read" in output
            assert f"terraform output -json > {file.name}" in output
