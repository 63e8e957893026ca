"""Bring your own analysis: a folder of four files, another kind of question, a table of its own."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis import AnalysisError
from tests.harness import LocalHarness, calls, id_of
from troupe import operations
from troupe.backends.local.operations import add_analysis
from troupe.cli.app import app
from troupe.operations.backend import InvalidOperation
from troupe.operations.explain import explain
from troupe.report import render_html

MakeHarness = Callable[..., LocalHarness]

COMPLIANCE = Path(__file__).parents[2] / "docs" / "examples" / "compliance_check_v1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy to spoil."""
    copy = tmp_path / "mine" / COMPLIANCE.name
    copy.mkdir(parents=True)
    for file in COMPLIANCE.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    return copy


def change(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))


def test_checks_on_chats_run_beside_reviews_of_calls(make_harness: MakeHarness) -> None:
    """The same transcripts, each analysis with rows, books and history of its own."""
    harness = make_harness()
    harness.load(calls(12))
    add_analysis(harness.backend, str(COMPLIANCE))

    reviews = harness.run("reviews")
    checks = harness.run("checks", analysis="compliance_check_v1")

    assert (12, 12, True, True) == (
        reviews["analysed"], checks["analysed"], reviews["ok"], checks["ok"],
    )  # fmt: skip
    assert 12 == harness.one("SELECT count(*) FROM transcription_analyzed_transcripts")
    rows = harness.sql("SELECT verdict, risk, run_id, cost FROM compliance_checks")
    assert 12 == len(rows)
    assert all(verdict and risk in ("none", "low", "high") for verdict, risk, _, _ in rows)
    assert {("checks", True)} == {(run, cost > 0) for _, _, run, cost in rows}
    assert 0 == harness.run("again", analysis="compliance_check_v1")["planned"]
    assert 2 == len(explain(harness.backend, id_of(calls(1)[0]))["rows"])
    kept = json.loads(harness.one("SELECT report FROM run_reports WHERE run_id = 'checks'"))
    summary = operations.report(harness.backend, "checks")["summary"]
    for told in (kept, summary):
        assert {"risk", "identity_checked", "score", "findings"} == {
            row["kind"] for row in told["insights"]
        }
        assert [{"column": "verdict", "why": "free text"}] == told["column_counts"]["left_out"]
    assert "The analysis at a glance" in render_html(summary)


def test_an_attempt_without_answers_closes_with_columns_of_its_own(
    make_harness: MakeHarness,
) -> None:
    """Nothing was staged, and the closing still knows the types."""
    harness = make_harness()
    harness.load(calls(4))
    add_analysis(harness.backend, str(COMPLIANCE))
    harness.request("checks", analysis="compliance_check_v1")
    while "job-submitted" not in harness.topics("checks"):
        harness.backend.deliver_next()
    for job in harness.backend.service.created_since(harness.clock().replace(year=2020), {}):
        harness.backend.service.cancel(job.name)
    harness.play()

    assert (4, True) == tuple(harness.books("checks")[k] for k in ("analysed", "ok"))
    assert 2 == harness.one("SELECT count(*) FROM attempt_closings")


def test_another_process_knows_what_was_added(make_harness: MakeHarness) -> None:
    """A copy is kept in the state folder; what becomes of the original does not matter."""
    harness = make_harness()
    harness.load(calls(3))
    add_analysis(harness.backend, str(COMPLIANCE))
    harness.restart()

    assert 3 == harness.run("checks", analysis="compliance_check_v1")["analysed"]


def test_a_change_is_a_new_version(make_harness: MakeHarness, folder: Path) -> None:
    """Rows of one name answer one question."""
    harness = make_harness()
    add_analysis(harness.backend, str(folder))
    add_analysis(harness.backend, str(folder))
    change(folder, "system.md", "Guess nothing.", "Guess.")

    with pytest.raises(InvalidOperation, match=r"compliance_check_v1/system.md .* new version"):
        add_analysis(harness.backend, str(folder))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"compliance_checks"', '"events"', "Troupe's"),
        ('"compliance_checks"', '"transcription_analyzed_transcripts"', "different columns"),
        ('"compliance_checks"', '"checks_staging_1"', "the table checks_staging_1 is the laptop's"),
        ('"risk": "risk"', '"cost": "risk"', "every row has"),
        ('"risk": "risk"', '"Risk": "risk"', "lower-case letters"),
        ('"compliance_checks"', '"a`; DROP"', "lower-case letters"),
    ],
)
def test_tables_and_columns_of_others_are_refused(
    make_harness: MakeHarness, folder: Path, old: str, new: str, told: str
) -> None:
    """Before anything is stored under their names."""
    change(folder, "analysis.json", old, new)
    harness = make_harness()

    with pytest.raises(InvalidOperation, match=told):
        add_analysis(harness.backend, str(folder))
    with pytest.raises(AnalysisError):
        harness.backend.analyses.load("compliance_check_v1")


def version_2(folder: Path, *changes: tuple[str, str]) -> Path:
    """A copy with the next number, and these changes of its settings."""
    copy = folder.with_name("compliance_check_v2")
    copy.mkdir()
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    change(copy, "analysis.json", "compliance_check_v1", "compliance_check_v2")
    for old, new in changes:
        change(copy, "analysis.json", old, new)
    return copy


def test_an_analysis_that_was_refused_leaves_nothing_behind(
    make_harness: MakeHarness, folder: Path
) -> None:
    """Other columns in the table of the version before: the folder opens as it did."""
    harness = make_harness()
    add_analysis(harness.backend, str(folder))
    other = version_2(folder, ('"score": "score"', '"points": "score"'))

    with pytest.raises(
        InvalidOperation, match="different columns; give one of them a table of its own"
    ):
        add_analysis(harness.backend, str(other))
    harness.restart()

    assert ["call_review_v1", "compliance_check_v1"] == harness.backend.analyses.names
    change(other, "analysis.json", '"compliance_checks"', '"compliance_points"')
    assert "compliance_points" == add_analysis(harness.backend, str(other))["table"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([('"score": "score"', '"points": "score"')], "compliance_checks with different columns"),
        ([('"compliance_checks"', '"run_plans"')], "the table run_plans is Troupe's"),
    ],
)
def test_check_says_what_add_would_say(
    make_harness: MakeHarness, folder: Path, changes: list[tuple[str, str]], told: str
) -> None:
    """Also of what only the state folder knows."""
    harness = make_harness()
    add_analysis(harness.backend, str(folder))
    bad = version_2(folder, *changes)
    words = ["analysis", "check", str(bad), "--home", str(harness.home)]

    said = CliRunner().invoke(app, words)

    assert 1 == said.exit_code
    assert told in said.output
    with pytest.raises(InvalidOperation, match=told):
        add_analysis(harness.backend, str(bad))
    change(folder, "system.md", "Guess nothing.", "Guess.")
    changed = CliRunner().invoke(app, [*words[:2], str(folder), *words[3:]])
    assert "a change is a new version" in changed.output


def test_an_analysis_that_was_spoilt_in_its_place_is_named(
    make_harness: MakeHarness, folder: Path
) -> None:
    """No command opens the folder, and every one says why and what to do."""
    harness = make_harness()
    add_analysis(harness.backend, str(folder))
    harness.close()
    (harness.home / "analyses" / folder.name / "user.md").unlink()

    for words in (["status"], ["work"], ["analysis", "list"], ["analysis", "check", str(folder)]):
        said = CliRunner().invoke(app, [*words, "--home", str(harness.home)])

        assert (2, SystemExit) == (said.exit_code, type(said.exception))
        assert f"an analysis in {harness.home / 'analyses'} cannot be used" in said.output
        assert "compliance_check_v1/user.md is missing" in said.output
        assert "put back what was added" in said.output


def test_check_says_all_that_is_wrong_at_once(folder: Path) -> None:
    """Each with its file, before anything is spent."""
    change(folder, "analysis.json", '"score": "score",', "")
    change(folder, "analysis.json", '"summary": "verdict"', '"summary": "sentence"')
    change(folder, "analysis.json", '"risk": "risk"', '"risk": "riskLevel"')

    told = CliRunner().invoke(app, ["analysis", "check", str(folder)])

    assert 1 == told.exit_code
    for problem in ("'sentence'", "'riskLevel'", "'score'", "'risk'"):
        assert problem in told.output


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ((), ["is not an analysis: it has none of the files analysis.json, schema.json"]),
        (
            ("analysis.json", "user.md"),
            ["compliance_check_v1/schema.json is missing: add it", "/system.md is missing: add it"],
        ),
    ],
)
def test_check_names_every_file_that_is_missing(
    folder: Path, kept: tuple[str, ...], told: list[str]
) -> None:
    """A folder without any of them is not an analysis."""
    for file in folder.iterdir():
        if file.name not in kept:
            file.unlink()
    said = CliRunner().invoke(app, ["analysis", "check", str(folder)])

    assert 1 == said.exit_code
    for part in told:
        assert part in said.output
    gone = CliRunner().invoke(app, ["analysis", "check", str(folder / "nowhere_v1")])
    assert "nowhere_v1 is not an analysis: there is no such folder" in gone.output


def test_a_sound_folder_says_what_it_would_ask_and_store() -> None:
    """And prints its table for Terraform."""
    runner = CliRunner()

    told = runner.invoke(app, ["analysis", "check", str(COMPLIANCE)])
    schema = json.loads(runner.invoke(app, ["analysis", "schema", str(COMPLIANCE)]).output)

    assert 0 == told.exit_code, told.output
    assert "compliance_check_v1 is valid" in told.output
    assert [(column["name"], column["type"], column["mode"]) for column in schema] == [
        tuple(line.split()) for line in told.output.splitlines() if line.startswith("  ")
    ]
    assert {"verdict": "REQUIRED", "findings": "REPEATED", "record_id": "REQUIRED"} == {
        column["name"]: column["mode"]
        for column in schema
        if column["name"] in ("verdict", "findings", "record_id")
    }
