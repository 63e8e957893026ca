"""Your own analysis: a folder of four files, another question, and a table of its own."""

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from analysis import AnalysisError
from handlers.summary.column_counts import HiddenColumn
from handlers.summary.run_summary import RunSummary
from tests.files import files_in
from tests.harness import LocalHarness, calls, id_of
from tests.report.samples import page_of
from troupe import operations
from troupe.backends.local.operations import add_analysis
from troupe.cli.app import app
from troupe.operations.backend import InvalidOperation
from troupe.operations.explain import explain
from troupe.operations.histories import RecordHistory

MakeHarness = Callable[..., LocalHarness]

COMPLIANCE = Path(__file__).parents[2] / "docs" / "examples" / "compliance_check_v1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the example that a test may change."""
    copy = tmp_path / "mine" / COMPLIANCE.name
    copy.mkdir(parents=True)
    for file in files_in(COMPLIANCE):
        (copy / file.name).write_bytes(file.read_bytes())
    return copy


def change(folder: Path, file: str, old: str, new: str) -> None:
    """Replace a text in a file that contains it."""
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))


def test_two_analyses_of_the_same_transcripts_run_beside_each_other(
    make_harness: MakeHarness,
) -> None:
    """Each analysis has its own rows, totals and history."""
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
    history = explain(harness.backend, id_of(calls(1)[0]))
    assert isinstance(history, RecordHistory)
    assert 2 == len(history.rows)
    kept = harness.one("SELECT report FROM run_reports WHERE run_id = 'checks'")
    summary = operations.report(harness.backend, "checks").summary
    for each in (msgspec.json.decode(kept, type=RunSummary), summary):
        counts = each.column_counts
        assert ["risk", "identity_checked", "score", "findings"] == [
            chart.column for chart in counts.charts if chart.counts
        ]
        assert [HiddenColumn(column="verdict", why="free text")] == counts.left_out
    assert "Answers by column" in page_of(summary)


def test_an_attempt_without_answers_closes_with_columns_of_its_own(
    make_harness: MakeHarness,
) -> None:
    """Nothing was staged, and the closing still uses the columns of the analysis."""
    harness = make_harness()
    harness.load(calls(4))
    add_analysis(harness.backend, str(COMPLIANCE))
    harness.request("checks", analysis="compliance_check_v1")
    harness.play_until("job-submitted", "checks")
    for job in harness.backend.service.created_since(harness.clock().replace(year=2020), {}):
        harness.backend.service.cancel(job.name)
    harness.play()

    assert (4, True) == tuple(harness.books("checks")[k] for k in ("analysed", "ok"))
    assert 2 == harness.one("SELECT count(*) FROM attempt_closings")


def test_another_process_knows_an_added_analysis(make_harness: MakeHarness) -> None:
    """The state folder keeps a copy."""
    harness = make_harness()
    harness.load(calls(3))
    add_analysis(harness.backend, str(COMPLIANCE))
    harness.restart()

    assert 3 == harness.run("checks", analysis="compliance_check_v1")["analysed"]


def test_a_changed_analysis_needs_a_new_version(make_harness: MakeHarness, folder: Path) -> None:
    """Adding the same content again is accepted."""
    harness = make_harness()
    add_analysis(harness.backend, str(folder))
    add_analysis(harness.backend, str(folder))
    change(folder, "system.md", "Guess nothing.", "Guess.")

    with pytest.raises(InvalidOperation, match=r"compliance_check_v1/system.md .* new version"):
        add_analysis(harness.backend, str(folder))


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ('"compliance_checks"', '"events"', "Troupe's"),
        ('"compliance_checks"', '"transcription_analyzed_transcripts"', "different columns"),
        (
            '"compliance_checks"',
            '"checks_staging_1"',
            "the table checks_staging_1 belongs to the local backend",
        ),
        ('"risk": "risk"', '"cost": "risk"', "every row has"),
        ('"risk": "risk"', '"Risk": "risk"', "lower-case letters"),
        ('"compliance_checks"', '"a`; DROP"', "lower-case letters"),
    ],
)
def test_reserved_tables_and_columns_are_refused(
    make_harness: MakeHarness, folder: Path, old: str, new: str, error: str
) -> None:
    """Before anything is stored."""
    change(folder, "analysis.json", old, new)
    harness = make_harness()

    with pytest.raises(InvalidOperation, match=error):
        add_analysis(harness.backend, str(folder))
    with pytest.raises(AnalysisError):
        harness.backend.analyses.load("compliance_check_v1")


def version_2(folder: Path, *changes: tuple[str, str]) -> Path:
    """Return a copy with the next number and these changes of its settings."""
    copy = folder.with_name("compliance_check_v2")
    copy.mkdir()
    for file in files_in(folder):
        (copy / file.name).write_bytes(file.read_bytes())
    change(copy, "analysis.json", "compliance_check_v1", "compliance_check_v2")
    for old, new in changes:
        change(copy, "analysis.json", old, new)
    return copy


def test_a_refused_analysis_leaves_the_state_folder_unchanged(
    make_harness: MakeHarness, folder: Path
) -> None:
    """Here, other columns in the table of the version before."""
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
    assert "compliance_points" == add_analysis(harness.backend, str(other)).table


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ([('"score": "score"', '"points": "score"')], "compliance_checks with different columns"),
        ([('"compliance_checks"', '"run_plans"')], "the table run_plans is Troupe's"),
    ],
)
def test_check_reports_what_add_would_refuse(
    make_harness: MakeHarness, folder: Path, changes: list[tuple[str, str]], error: str
) -> None:
    """Including conflicts with analyses of the state folder."""
    harness = make_harness()
    add_analysis(harness.backend, str(folder))
    bad = version_2(folder, *changes)
    args = ["analysis", "check", str(bad), "--home", str(harness.home)]

    result = CliRunner().invoke(app, args)

    assert 1 == result.exit_code
    assert error in result.output
    with pytest.raises(InvalidOperation, match=error):
        add_analysis(harness.backend, str(bad))
    change(folder, "system.md", "Guess nothing.", "Guess.")
    changed = CliRunner().invoke(app, [*args[:2], str(folder), *args[3:]])
    assert "a change is a new version" in changed.output


def test_an_analysis_damaged_in_the_state_folder_is_reported(
    make_harness: MakeHarness, folder: Path
) -> None:
    """Every command reports the file and the remedy."""
    harness = make_harness()
    add_analysis(harness.backend, str(folder))
    harness.close()
    (harness.home / "analyses" / folder.name / "user.md").unlink()

    for args in (["status"], ["work"], ["analysis", "list"], ["analysis", "check", str(folder)]):
        result = CliRunner().invoke(app, [*args, "--home", str(harness.home)])

        assert (1, SystemExit) == (result.exit_code, type(result.exception))
        assert (
            f"an analysis in {harness.home / 'analyses'} cannot be used any more" in result.output
        )
        assert "compliance_check_v1/user.md is missing" in result.output
        assert "restore its files, or move its folder elsewhere" in result.output


def test_check_reports_every_fault_at_once(folder: Path) -> None:
    """Each with its file."""
    change(folder, "analysis.json", '"score": "score",', "")
    change(folder, "analysis.json", '"summary": "verdict"', '"summary": "sentence"')
    change(folder, "analysis.json", '"risk": "risk"', '"risk": "riskLevel"')

    result = CliRunner().invoke(app, ["analysis", "check", str(folder)])

    assert 1 == result.exit_code
    for problem in ("'sentence'", "'riskLevel'", "'score'", "'risk'"):
        assert problem in result.output


@pytest.mark.parametrize(
    ("kept", "errors"),
    [
        ((), ["is not an analysis: it has none of the files analysis.json, schema.json"]),
        (
            ("analysis.json", "user.md"),
            ["compliance_check_v1/schema.json is missing: add it", "/system.md is missing: add it"],
        ),
    ],
)
def test_check_names_every_file_that_is_missing(
    folder: Path, kept: tuple[str, ...], errors: list[str]
) -> None:
    """A folder without any of the files is reported as no analysis."""
    for file in files_in(folder):
        if file.name not in kept:
            file.unlink()
    result = CliRunner().invoke(app, ["analysis", "check", str(folder)])

    assert 1 == result.exit_code
    for error in errors:
        assert error in result.output
    gone = CliRunner().invoke(app, ["analysis", "check", str(folder / "nowhere_v1")])
    assert "nowhere_v1 is not an analysis: there is no such folder" in gone.output


def test_check_prints_the_request_and_columns_of_a_sound_folder() -> None:
    """`analysis schema` prints the same columns for Terraform."""
    runner = CliRunner()

    result = runner.invoke(app, ["analysis", "check", str(COMPLIANCE)])
    schema = json.loads(runner.invoke(app, ["analysis", "schema", str(COMPLIANCE)]).output)

    assert 0 == result.exit_code, result.output
    assert "compliance_check_v1 is valid" in result.output
    assert [(column["name"], column["type"], column["mode"]) for column in schema] == [
        tuple(line.split()) for line in result.output.splitlines() if line.startswith("  ")
    ]
    assert {"verdict": "REQUIRED", "findings": "REPEATED", "record_id": "REQUIRED"} == {
        column["name"]: column["mode"]
        for column in schema
        if column["name"] in ("verdict", "findings", "record_id")
    }
