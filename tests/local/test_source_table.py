"""A source table of the user's own, with columns of other names."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from tests.cli.command import Command
from tests.harness import LocalHarness, calls
from tracking import Source
from troupe.backends.defaults import BadSetting, read_source
from troupe.backends.local.backend import LocalBackend, LocalSettings
from troupe.backends.local.state_folder import InvalidHome
from troupe.cli.app import app

OWN = {
    "TROUPE_SOURCE_TABLE": "our_calls",
    "TROUPE_SOURCE_PHONE_NUMBER_TOKEN": "caller",
    "TROUPE_SOURCE_INTERACTION_ID": "nr",
    "TROUPE_SOURCE_TRANSCRIPT": "text",
    "TROUPE_SOURCE_EVENT_TIMESTAMP": "began",
}
TABLE = (
    "CREATE TABLE our_calls (nr BIGINT, referenceId VARCHAR, caller VARCHAR, text VARCHAR, "
    "direction VARCHAR, provider VARCHAR, began TIMESTAMP, extra VARCHAR)"
)


def create_table(home: Path, sql: str = TABLE) -> None:
    with duckdb.connect(str(home / "warehouse.duckdb")) as db:
        db.execute(sql)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    LocalHarness(tmp_path / "home", LocalSettings(source=Source())).close()
    return tmp_path / "home"


@pytest.fixture
def harness(home: Path) -> Iterator[LocalHarness]:
    create_table(home)
    made = LocalHarness(home, LocalSettings(source=read_source(OWN)))
    yield made
    made.close()


def test_a_run_reads_the_table_under_its_own_names(harness: LocalHarness) -> None:
    """Rows that a file brought, and rows that were there."""
    rows = [row | {"interactionId": number} for number, row in enumerate(calls(3))]
    harness.load(rows)
    harness.sql(
        "INSERT INTO our_calls VALUES (7, 'r', 'tok', 'CUSTOMER: Hello.', NULL, NULL, NULL, 'x')"
    )

    books = harness.run()

    assert (4, 4, 0) == (books["planned"], books["analysed"], books["failed"])
    assert [("0",), ("1",), ("2",), ("7",)] == harness.sql(
        'SELECT "interactionId" FROM transcription_analyzed_transcripts ORDER BY 1'
    )
    assert 0 == harness.one("SELECT COUNT(*) FROM transcription_pass_2")


def test_a_table_or_column_that_is_missing_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By every command, in one line, and the folder is not left locked."""
    for name, value in OWN.items():
        monkeypatch.setenv(name, value)
    words = ["status", "--home", str(home)]

    done = CliRunner().invoke(app, words)
    assert (1, ("troupe: the warehouse has no table our_calls: create it there, or unset "
               "TROUPE_SOURCE_TABLE\n")) == (done.exit_code, done.output)  # fmt: skip
    create_table(home, TABLE.replace("text VARCHAR, ", ""))
    done = CliRunner().invoke(app, words)
    assert (1, ("troupe: our_calls has no column text (for transcript): name it with "
               "TROUPE_SOURCE_<COLUMN>\n")) == (done.exit_code, done.output)  # fmt: skip
    with pytest.raises(InvalidHome, match="has no column text"):
        LocalBackend(home)
    create_table(home, "ALTER TABLE our_calls ADD COLUMN text VARCHAR")
    assert 0 == CliRunner().invoke(app, words).exit_code


def test_a_table_of_a_project_is_not_looked_for_on_a_laptop(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell that was set up for a deployment names one, with its columns."""
    for name, value in (OWN | {"TROUPE_SOURCE_TABLE": "project.dataset.calls"}).items():
        monkeypatch.setenv(name, value)

    assert Source() == LocalSettings().source
    assert 0 == CliRunner().invoke(app, ["status", "--home", str(home)]).exit_code


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("TROUPE_SOURCE_TABLE", 'a"b', "invalid table"),
        ("TROUPE_SOURCE_TRANSCRIPT", 'text"; DROP', "invalid column"),
        ("TROUPE_SOURCE_COLOUR", "red", "source has no column colour: use phone_number_token"),
    ],
)
def test_an_invalid_name_is_refused_with_its_variable(
    home: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, problem: str
) -> None:
    """Before it comes into a statement."""
    with pytest.raises(BadSetting, match=f"{variable} is .*{problem}"):
        read_source({variable: value})
    monkeypatch.setenv(variable, value)
    assert f"troupe: {variable} is" in Command(home)("status", code=2)
