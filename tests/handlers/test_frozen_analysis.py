"""A run keeps the analysis that it was planned with, whatever is installed later."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import analysis.definition
from handlers.dispatch.errors import Redeliver
from handlers.runs.plans import analysis_of
from tests.files import files_in
from tests.harness import LocalHarness, calls, id_of, ran
from troupe import operations
from troupe.backends.local.operations import add_analysis
from troupe.operations import dead_letters
from troupe.operations.backend import InvalidOperation
from troupe.operations.costs import costs
from troupe.operations.explain import explain
from troupe.operations.histories import RecordHistory, RunHistory
from troupe.report.text.summary import summary_lines
from troupe.standin.corrupt import Corruption, Kind

MakeHarness = Callable[..., LocalHarness]

NAME = "compliance_check_v1"
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / NAME
ROWS = calls(8)
HALF_IS_LOST = Corruption(
    share=0.0, poison=frozenset(id_of(row) for row in ROWS[:4]), poison_kind=Kind.LOST
)
EDITED = "Everything is always compliant."


def edit(harness: LocalHarness, file: str, old: str, new: str) -> None:
    """Edit a file of the installed analysis without giving it a new name."""
    path = harness.home / "analyses" / NAME / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def edit_prompt(harness: LocalHarness) -> None:
    edit(harness, "system.md", "\n", f"\n{EDITED}\n")


def edit_settings(harness: LocalHarness, **changed: Any) -> None:
    path = harness.home / "analyses" / NAME / "analysis.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changed), encoding="utf-8")


def started(make_harness: MakeHarness) -> LocalHarness:
    """A run whose first attempt is closed with half of its records open, before a restart."""
    harness = make_harness(corruption=HALF_IS_LOST)
    harness.begin_after(half_answered)
    return harness


def half_answered(harness: LocalHarness) -> None:
    add_analysis(harness.backend, str(EXAMPLE))
    harness.load(ROWS)
    harness.request("r1", analysis=NAME, breaker=100)
    while "results-processed" not in harness.topics():
        if harness.backend.deliver_next() is None and not harness.backend.service.step():
            harness._jump()
    assert (4, 1) == harness.sql("SELECT open, attempt FROM attempt_closings")[0]


def request_files(harness: LocalHarness, run_id: str = "r1") -> list[str]:
    """The request files of a run, in the order of their names."""
    files = [file for file in files_in(harness.home, "**/*.jsonl") if f"__{run_id}__" in file.name]
    return [file.read_text(encoding="utf-8") for file in files]


def instructions(harness: LocalHarness, run_id: str = "r1") -> set[str]:
    """The system instructions that a run sent."""
    return {
        json.loads(line)["request"]["systemInstruction"]["parts"][0]["text"]
        for file in request_files(harness, run_id)
        for line in file.splitlines()
    }


def planned(harness: LocalHarness, run_id: str = "r1") -> str:
    found = harness.one("SELECT prompt_fingerprint FROM run_plans WHERE run_id = ?", run_id)
    assert isinstance(found, str)
    return found


def test_a_prompt_that_is_edited_between_attempts_is_not_sent(make_harness: MakeHarness) -> None:
    """Both attempts ask the same; the next run asks what is installed then."""
    harness = started(make_harness)
    edit_prompt(harness)
    harness.restart(corruption=Corruption(share=0.0))

    harness.play(report_of="r1")

    totals = harness.books("r1")
    assert (8, True, True) == (totals["analysed"], totals["ok"], totals["completed"])
    assert 2 == len(request_files(harness))
    assert 1 == len(instructions(harness))
    assert EDITED not in "".join(request_files(harness))
    found = harness.sql(
        "SELECT attempt, prompt_fingerprint, count(*) FROM compliance_checks GROUP BY ALL ORDER BY 1"
    )
    assert [(1, planned(harness), 4), (2, planned(harness), 4)] == found

    harness.load(calls(2, start=50))
    harness.analyse("r2", analysis=NAME)
    assert all(EDITED in text for text in instructions(harness, "r2"))
    assert planned(harness, "r2") != planned(harness)


def test_a_redelivery_after_an_edit_writes_the_same_request_file(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died after the upload; another content would be an object conflict."""
    harness = make_harness()
    add_analysis(harness.backend, str(EXAMPLE))
    harness.load(ROWS)
    write = harness.backend.bucket.write_once

    def dies_after_writing(*args: Any) -> None:
        write(*args)
        raise Redeliver("died after the upload")

    monkeypatch.setattr(harness.backend.bucket, "write_once", dies_after_writing)
    harness.request("r1", analysis=NAME)
    while not request_files(harness):
        harness.backend.deliver_next()
    before = request_files(harness)
    edit_prompt(harness)
    edit_settings(harness, max_output_tokens=512)
    harness.restart()

    harness.play()

    assert before == request_files(harness)
    assert [] == dead_letters.list_dead_letters(harness.backend).letters
    assert 8 == harness.books("r1")["analysed"]


def test_a_run_whose_analysis_is_removed_is_finished_and_shown(make_harness: MakeHarness) -> None:
    """Its handlers, and the commands that concern it, need no installed analysis."""
    harness = started(make_harness)
    shutil.rmtree(harness.home / "analyses" / NAME)
    harness.restart(corruption=Corruption(share=0.0))

    harness.play()

    assert 8 == harness.books("r1")["analysed"]
    assert [] == dead_letters.list_dead_letters(harness.backend).letters
    assert 8 == operations.report(harness.backend, "r1").summary.endings.analysed
    assert operations.status(harness.backend, "r1").details is not None
    assert [NAME] == [each.analysis for each in costs(harness.backend).analyses]
    history = explain(harness.backend, id_of(ROWS[0]))
    assert isinstance(history, RecordHistory)
    assert ["compliance_checks"] == [row.table for row in history.rows]
    assert history.plans[0].limits is not None
    with pytest.raises(InvalidOperation, match=f"unknown analysis {NAME}"):
        operations.request(harness.backend, {"run_id": "r2", "analysis": NAME})


def test_an_output_table_that_is_extended_during_a_run_takes_its_rows(
    make_harness: MakeHarness,
) -> None:
    """A column that the run does not know stays null."""
    harness = started(make_harness)
    settings = json.loads((harness.home / "analyses" / NAME / "analysis.json").read_text("utf-8"))
    edit_settings(harness, columns=settings["columns"] | {"mood": "mood"})
    edit(harness, "schema.json", '"properties": {', '"properties": {"mood": {"type": "STRING"},')
    harness.restart(corruption=Corruption(share=0.0))
    assert "mood" in {
        name for (name,) in harness.sql("SELECT column_name FROM duckdb_columns() "
                                        "WHERE table_name = 'compliance_checks'")
    }  # fmt: skip

    harness.play(report_of="r1")

    assert 8 == harness.books("r1")["analysed"]
    assert [(1, 0, 4), (2, 0, 4)] == harness.sql(
        "SELECT attempt, count(mood), count(verdict) FROM compliance_checks GROUP BY ALL ORDER BY 1"
    )


def test_a_version_that_builds_other_request_lines_does_not_change_a_run(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgrade or a rollback in the middle of a run: the plan holds the line itself."""
    harness = started(make_harness)
    monkeypatch.setattr(analysis.definition, "request_line", lambda **_: '{"another": "line"}')
    harness.restart(corruption=Corruption(share=0.0))

    harness.play(report_of="r1")

    assert 8 == harness.books("r1")["analysed"]
    assert 1 == len(instructions(harness))


def test_settings_of_a_newer_version_are_named_in_a_dead_letter(make_harness: MakeHarness) -> None:
    """After a rollback; once the newer version is back, a replay finishes the run."""
    harness = started(make_harness)
    kept = harness.one("SELECT analysis_files FROM run_plans")
    files = json.loads(kept)
    files["analysis.json"] = json.dumps(json.loads(files["analysis.json"]) | {"redaction": []})
    harness.sql("UPDATE run_plans SET analysis_files = ?", json.dumps(files))
    harness.restart(corruption=Corruption(share=0.0))

    harness.play()

    (letter,) = dead_letters.list_dead_letters(harness.backend).letters
    assert ("write-jsonl", "analysis_unreadable") == (letter.handler, letter.cause)
    named = f"run r1: {NAME}/analysis.json: Object contains unknown field `redaction`"
    assert letter.detail
    assert letter.detail.startswith(named)
    assert letter.detail.endswith("use the version of Troupe that planned the run, or a newer one")
    for command in (operations.status, operations.report, operations.verify):
        with pytest.raises(InvalidOperation, match="unknown field `redaction`"):
            command(harness.backend, "r1")
    history = explain(harness.backend, "r1")
    assert isinstance(history, RunHistory)
    assert history.plan.limits is None

    harness.sql("UPDATE run_plans SET analysis_files = ?", kept)
    harness.restart()
    dead_letters.replay(harness.backend)
    harness.play()
    assert 8 == harness.books("r1")["analysed"]


def test_a_file_of_a_newer_version_is_named_too(make_harness: MakeHarness) -> None:
    """A newer version may store a further text; leaving it out would ask something else."""
    harness = started(make_harness)
    files = json.loads(harness.one("SELECT analysis_files FROM run_plans"))
    harness.sql("UPDATE run_plans SET analysis_files = ?", json.dumps(files | {"rules.json": ""}))
    harness.restart()

    harness.play()

    (letter,) = dead_letters.list_dead_letters(harness.backend).letters
    assert f"{NAME}/rules.json is unknown to this version of Troupe" in str(letter.detail)


def test_a_capped_run_counts_what_other_runs_have_under_way_by_their_own_plans(
    make_harness: MakeHarness,
) -> None:
    """The analysis of the other run is not installed any more."""
    harness = started(make_harness)
    shutil.rmtree(harness.home / "analyses" / NAME)
    harness.restart(corruption=Corruption(share=0.0))
    harness.load(calls(4, start=50))

    harness.request("r2", budget=5.0)
    harness.play()

    assert 12 == harness.books("r2")["analysed"]
    assert 8 == harness.books("r1")["analysed"]


def test_rows_say_what_was_asked_and_how_it_was_read(make_harness: MakeHarness) -> None:
    """An edit of the prompt changes one of the two; an edit of the reading rules the other."""
    harness = make_harness()
    add_analysis(harness.backend, str(EXAMPLE))
    edits: tuple[Callable[[LocalHarness], None], ...] = (
        lambda _: None,
        edit_prompt,
        lambda each: edit_settings(each, equivalents={"risk": {"severe": "high"}}),
        lambda each: edit_settings(each, max_output_tokens=512),
    )
    for number, change in enumerate(edits):
        change(harness)
        harness.restart()
        harness.load(calls(2, start=2 * number))
        harness.analyse(f"r{number}", analysis=NAME)

    rows = harness.sql(
        "SELECT run_id, prompt_fingerprint, reader_fingerprint FROM compliance_checks "
        "GROUP BY ALL ORDER BY 1"
    )
    first, other_prompt, other_rules, other_limit = rows
    assert 3 == len({prompt for _, prompt, _ in rows})
    assert 2 == len({reader for _, _, reader in rows})
    assert (first[1] == other_prompt[1], first[2] == other_prompt[2]) == (False, True)
    assert (other_prompt[1] == other_rules[1], other_prompt[2] == other_rules[2]) == (True, False)
    assert (other_rules[1] == other_limit[1], other_rules[2] == other_limit[2]) == (False, True)
    assert [(f"r{n}", row[1]) for n, row in enumerate(rows)] == harness.sql(
        "SELECT run_id, prompt_fingerprint FROM run_plans ORDER BY 1"
    )


def test_reports_tell_runs_with_other_prompts_apart(make_harness: MakeHarness) -> None:
    """The analysis has one name, and two prompts."""
    harness = make_harness()
    add_analysis(harness.backend, str(EXAMPLE))
    harness.load(calls(4))
    harness.analyse("r1", analysis=NAME, mode="test", limit=2)
    edit_prompt(harness)
    harness.restart()
    harness.analyse("r2", analysis=NAME)

    report = operations.report(harness.backend, "r2")
    summary = report.summary
    (reader,) = {row.readers for row in summary.readings}
    text = summary_lines(summary, report.outcome)

    assert (planned(harness, "r2"), 1) == (summary.prompt_fingerprint, summary.money.other_prompts)
    assert text[0].startswith(f"Run r2: {NAME} (prompt {planned(harness, 'r2')})")
    assert any(line.split() == ["reader", reader] for line in text)
    assert any("2 runs (1 with another prompt)" in line for line in text)
    assert {planned(harness, "r1"), planned(harness, "r2")} == {
        each.prompt_fingerprint for each in costs(harness.backend).analyses
    }


def test_the_analysis_of_a_plan_is_made_once_in_a_process(make_harness: MakeHarness) -> None:
    """By its text: the plan of another run with the same analysis gives the same object."""
    harness = make_harness()
    harness.begin_after(ran, 2)
    harness.analyse("r2")
    tracking = harness.backend.dependencies.tracking
    first, second = tracking.plan_of("r1"), tracking.plan_of("r2")
    assert first is not None
    assert second is not None

    assert analysis_of(first) is analysis_of(second)
