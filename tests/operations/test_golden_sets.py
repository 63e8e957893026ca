"""Golden sets: labels are added by version, whole or not at all, and measure runs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from handlers.dispatch.errors import Redeliver
from tests.files import files_in
from tests.harness import LocalHarness, call, calls, id_of, ran
from tests.imports import REPO
from troupe import operations
from troupe.backends.local.operations import add_analysis
from troupe.operations.backend import InvalidOperation
from troupe.operations.clear_history import clear_history, forget
from troupe.operations.empty_request import Nothing
from troupe.operations.quality import golden_add, golden_request
from troupe.operations.quality.golden_add import GoldenAdded, add_golden
from troupe.operations.quality.golden_check import check_golden
from troupe.operations.quality.golden_sets import list_golden
from troupe.operations.run_requests import Preview, Requested

PERSON = "tok_000000"
"""The caller of the first two transcripts."""


def add(
    harness: LocalHarness, lines: Sequence[dict[str, Any]], golden: str = "tones", **options: Any
) -> GoldenAdded:
    file = harness.home / "labels.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return add_golden(harness.backend, golden, str(file), **options)


def tone(number: int, value: Any = "calm") -> dict[str, Any]:
    return {"interactionId": f"int-{number}", "call_tone": value}


def refusal(harness: LocalHarness, lines: Sequence[dict[str, Any]], **options: Any) -> str:
    before = stored(harness)
    with pytest.raises(InvalidOperation) as refused:
        add(harness, lines, **options)
    assert before == stored(harness), "nothing may be half added"
    return str(refused.value)


def stored(harness: LocalHarness, golden: str = "tones") -> list[tuple[Any, ...]]:
    return harness.sql(
        "SELECT version, record_id, labels FROM golden_labels WHERE golden = ? ORDER BY ALL", golden
    )


# Adding


def test_labels_are_stored_by_record_with_their_person(harness: LocalHarness) -> None:
    harness.load(calls(3))
    added = add(harness, [tone(0, "Angry"), tone(2, {"not": "calm"}), tone(1, None)])
    assert (added.version, added.added, added.records) == (1, True, 3)
    assert added.normalised == {"call_tone": 1}
    (column,) = added.columns
    assert column.values == {"angry": 1, "not calm": 1, "none": 1}
    rows = harness.sql(
        "SELECT record_id, phone_number_token, labels, analysis, label_columns FROM golden_labels"
    )
    assert sorted(rows) == sorted(
        (id_of(call(number)), f"tok_{number // 2:06d}", labels, "call_review_v1", "call_tone")
        for number, labels in (
            (0, '{"call_tone":"angry"}'),
            (1, '{"call_tone":null}'),
            (2, '{"call_tone":{"not":"calm"}}'),
        )
    )


def test_the_same_labels_again_change_nothing(harness: LocalHarness) -> None:
    harness.load(calls(2))
    add(harness, [tone(0), tone(1)])
    again = add(harness, [tone(1), tone(0)])
    assert (again.version, again.added, again.known, again.changed) == (1, False, True, 0)
    assert len(stored(harness)) == 2


def test_other_labels_make_a_version_that_replaces_the_whole_set(harness: LocalHarness) -> None:
    harness.load(calls(3))
    add(harness, [tone(0), tone(1)])
    added = add(harness, [tone(1), tone(2, "angry")])
    assert (added.version, added.records, added.changed, added.dropped) == (2, 2, 1, 1)
    assert [version for version, _, _ in stored(harness)] == [1, 1, 2, 2]


def test_an_extension_keeps_other_records_and_other_columns(harness: LocalHarness) -> None:
    harness.load(calls(3))
    add(harness, [tone(0), tone(1)])
    resolved = {"interactionId": "int-1", "agent_response_resolved": True}
    added = add(harness, [resolved, tone(2)], extend=True)
    assert (added.version, added.records, added.changed, added.dropped) == (2, 3, 2, 0)
    newest = {id_: json.loads(labels) for version, id_, labels in stored(harness) if version == 2}
    assert newest == {
        id_of(call(0)): {"call_tone": "calm"},
        id_of(call(1)): {"call_tone": "calm", "agent_response_resolved": True},
        id_of(call(2)): {"call_tone": "calm"},
    }
    (columns,) = {
        c for (c,) in harness.sql("SELECT label_columns FROM golden_labels WHERE version = 2")
    }
    assert columns == "call_tone,agent_response_resolved"
    again = add(harness, [resolved, tone(2)], extend=True)
    assert again.known
    assert len(stored(harness)) == 5


def test_a_whole_set_and_the_same_set_by_extension_are_equal(harness: LocalHarness) -> None:
    harness.load(calls(2))
    add(harness, [tone(0)])
    add(harness, [tone(1)], extend=True)
    assert add(harness, [tone(0), tone(1)]).known


def test_a_dry_run_adds_nothing(harness: LocalHarness) -> None:
    harness.load(calls(1))
    added = add(harness, [tone(0)], dry_run=True)
    assert (added.version, added.added, added.known) == (1, False, False)
    assert stored(harness) == []


def test_unknown_records_are_named_by_line_and_may_be_left_out(harness: LocalHarness) -> None:
    harness.load(calls(1))
    problem = refusal(harness, [tone(0), tone(7)])
    assert "labels.jsonl, line 2: no record of the source has interactionId 'int-7'" in problem
    assert "--allow-missing" in problem
    added = add(harness, [tone(0), tone(7)], allow_missing=True)
    assert (added.records, added.missing) == (1, 1)
    assert "no record is in the source" in refusal(harness, [tone(7)], allow_missing=True)


def test_an_id_of_several_records_is_refused(harness: LocalHarness) -> None:
    harness.load([call(0), call(1, interactionId="int-0")])
    problem = refusal(harness, [tone(0)])
    assert "line 1: 2 records of the source have interactionId 'int-0'" in problem
    added = add(harness, [tone(0) | {"referenceId": "REF-1"}])
    assert added.records == 1
    assert stored(harness)[0][1] == id_of(call(1, interactionId="int-0"))


def test_a_token_that_is_ambiguous_is_not_shown(harness: LocalHarness) -> None:
    harness.load(calls(2))
    problem = refusal(harness, [{"phone_number_token": PERSON, "call_tone": "calm"}])
    assert "2 records of the source have this phone_number_token" in problem
    assert PERSON not in problem


def test_two_keys_of_one_record_with_other_labels_are_refused(harness: LocalHarness) -> None:
    harness.load([call(0, referenceId=None)])
    lines: list[dict[str, Any]] = [
        {"interactionId": "int-0", "referenceId": None, "call_tone": "calm"},
        {"interactionId": "int-0", "referenceId": "", "call_tone": "angry"},
    ]
    assert "line 2: line 1 has other labels" in refusal(harness, lines)


@pytest.mark.parametrize("name", ["", "Tones", "a b", "-a", "a_b", "x" * 41, "tönes", "a@1", "a\n"])
def test_a_name_is_of_few_characters(harness: LocalHarness, name: str) -> None:
    harness.load(calls(1))
    assert "invalid golden set" in refusal(harness, [tone(0)], golden=name)


def test_an_unknown_analysis_is_refused(harness: LocalHarness) -> None:
    harness.load(calls(1))
    assert "unknown analysis other_v1" in refusal(harness, [tone(0)], analysis="other_v1")


def test_a_set_is_extended_for_its_own_analysis_alone(harness: LocalHarness) -> None:
    harness.load(calls(1))
    assert "to extend: leave out --extend" in refusal(harness, [tone(0)], extend=True)
    add(harness, [tone(0)])
    problem = refusal(harness, [tone(0)], extend=True, analysis="other_v1")
    assert "has labels of call_review_v1, not of other_v1" in problem


def test_a_set_that_is_too_large_is_refused_with_the_remedy(
    harness: LocalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.load(calls(3))
    monkeypatch.setattr(golden_add, "MOST_BYTES", 400)
    problem = refusal(harness, [tone(0), tone(1), tone(2)])
    assert "split the file into 2 parts or more, and add all but the first with --extend" in problem
    add(harness, [tone(0), tone(1)])
    assert add(harness, [tone(2)], extend=True).records == 3


def test_of_two_who_add_at_the_same_time_each_gets_a_version(
    harness: LocalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second has read the versions before the first one is there."""
    harness.load(calls(2))
    sets = harness.backend.dependencies.tracking.golden_sets
    read = type(sets).versions
    stale = [[], [], read(sets, "tones")]
    add(harness, [tone(0)])
    monkeypatch.setattr(
        type(sets),
        "versions",
        lambda self, golden=None: stale.pop() if stale else read(self, golden),
    )
    added = add(harness, [tone(1)])
    assert (added.added, added.version) == (True, 2)
    assert [version for version, _, _ in stored(harness)] == [1, 2]


def test_a_version_whose_records_were_all_forgotten_is_not_used_again(
    harness: LocalHarness,
) -> None:
    """Its transaction ran, so the next one has the next number."""
    harness.load(calls(3))
    add(harness, [tone(0)])
    forget(harness.backend, PERSON, sure=True)
    added = add(harness, [tone(2)])
    assert (added.added, added.version) == (True, 2)


def test_a_conflict_says_that_nothing_was_added(
    harness: LocalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.load(calls(1))

    def conflicts(*_: object) -> bool:
        raise Redeliver("a concurrent transaction conflicts")

    sets = type(harness.backend.dependencies.tracking.golden_sets)
    monkeypatch.setattr(sets, "add", conflicts)
    assert "give the command again, which adds it once" in refusal(harness, [tone(0)])


# Listing and checking


def test_the_newest_versions_are_listed_or_all_of_one_set(harness: LocalHarness) -> None:
    harness.load(calls(2))
    add(harness, [tone(0)])
    add(harness, [tone(1)])
    add(harness, [tone(1)], golden="others")
    newest = [(each.golden, each.version) for each in list_golden(harness.backend).sets]
    assert newest == [("others", 1), ("tones", 2)]
    of_one = [(each.golden, each.version) for each in list_golden(harness.backend, "tones").sets]
    assert of_one == [("tones", 2), ("tones", 1)]
    (first,) = list_golden(harness.backend, "tones@1").sets
    assert (first.version, first.columns, first.records) == (1, ["call_tone"], 1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tomes", "did you mean tones?"),
        ("tones@9", "has the versions 1 to 1, and no version 9"),
        ("tones@x", "use NAME or NAME@VERSION, such as tones@2"),
        ("tones@0", "use NAME or NAME@VERSION"),
        ("tones@", "use NAME or NAME@VERSION"),
        ("unlike", "`troupe golden list` lists the sets"),
    ],
)
def test_an_unknown_set_or_version_is_named(
    harness: LocalHarness, name: str, expected: str
) -> None:
    harness.load(calls(1))
    add(harness, [tone(0)])
    for operation in (list_golden, check_golden):
        with pytest.raises(InvalidOperation) as refused:
            operation(harness.backend, name)
        assert expected in str(refused.value)


def test_a_check_counts_labels_and_says_which_are_few(harness: LocalHarness) -> None:
    harness.load(calls(40))
    text = {"interactionId": "int-39", "call_summary": "A line of Ann was broken."}
    add(harness, [*(tone(n) for n in range(38)), tone(38, "angry"), text])
    checked = check_golden(harness.backend, "tones")
    assert checked.problems == []
    summary, tones = checked.columns
    assert (summary.column, summary.labels, summary.values) == ("call_summary", 1, {})
    assert (tones.labels, tones.values) == (39, {"calm": 38, "angry": 1})
    assert checked.warnings[0].startswith("call_summary: 1 labels are few")
    assert checked.warnings[1:] == ["call_tone: few labels of angry (1)"]
    add(harness, [tone(n) for n in range(30)], golden="same")
    (warning,) = check_golden(harness.backend, "same").warnings
    assert "all labels are calm" in warning
    add(harness, [tone(n, {"not": "calm"}) for n in range(30)], golden="wrong")
    warnings = check_golden(harness.backend, "wrong").warnings
    assert any("30 of 30 labels only reject a value" in each for each in warnings)


def test_a_check_finds_records_that_are_gone_and_labels_that_do_not_fit(
    harness: LocalHarness,
) -> None:
    harness.load(calls(2))
    add(harness, [tone(0), tone(1)])
    harness.sql("DELETE FROM transcription_pass_2 WHERE \"interactionId\" = 'int-1'")
    harness.sql("UPDATE golden_labels SET labels = '{\"call_tone\": \"loud\"}' WHERE record_id = ?",
                id_of(call(0)))  # fmt: skip
    problems = {
        each.problem: each.examples for each in check_golden(harness.backend, "tones").problems
    }
    assert problems["the record is not in the source"] == [id_of(call(1))]
    (misfit,) = problems.keys() - {"the record is not in the source"}
    assert misfit.startswith("call_tone: 'loud' is refused (not one of its enum)")
    assert problems[misfit] == [id_of(call(0))]


def test_a_set_is_checked_against_another_analysis(harness: LocalHarness) -> None:
    harness.load(calls(1))
    add(harness, [tone(0)])
    add_analysis(harness.backend, str(REPO / "docs/examples/compliance_check_v1"))
    (problem,) = check_golden(harness.backend, "tones", "compliance_check_v1").problems
    assert problem.problem == "compliance_check_v1 has no column call_tone"


# Persons


def test_forgetting_a_person_deletes_their_labels_from_every_version(harness: LocalHarness) -> None:
    harness.load(calls(3))
    add(harness, [tone(0), tone(2)])
    add(harness, [tone(0), tone(1), tone(2)])
    assert forget(harness.backend, PERSON).golden_labels == 2
    assert forget(harness.backend, PERSON, sure=True).golden_labels == 2
    assert {id_ for _, id_, _ in stored(harness)} == {id_of(call(2))}
    assert forget(harness.backend, PERSON).golden_labels == 0


def test_labels_of_a_person_who_left_the_source_are_forgotten(
    harness: LocalHarness,
) -> None:
    harness.load(calls(3))
    add(harness, [tone(0), tone(2)])
    harness.sql("DELETE FROM transcription_pass_2")
    assert forget(harness.backend, PERSON, sure=True).golden_labels == 1
    assert [id_ for _, id_, _ in stored(harness)] == [id_of(call(2))]


def test_labels_stay_when_history_is_cleared(harness: LocalHarness) -> None:
    harness.begin_after(ran, 2)
    add(harness, [tone(0)])
    assert clear_history(harness.backend, "r1", sure=True).cleared
    assert len(stored(harness)) == 1


# Requesting


def request(harness: LocalHarness, golden: str, **fields: Any) -> Any:
    return operations.request(harness.backend, fields, golden=golden)


def test_just_the_records_of_a_set_are_requested(harness: LocalHarness) -> None:
    harness.load(calls(5))
    add(harness, [tone(1), tone(3)])
    answer = request(harness, "tones", run_id="r1")
    assert isinstance(answer, Requested)
    assert answer.golden is not None
    assert (answer.golden.records, answer.golden.asked, answer.golden.left_out) == (2, 2, {})
    harness.play()
    rows = harness.sql("SELECT record_id FROM transcription_analyzed_transcripts")
    assert {id_ for (id_,) in rows} == {id_of(call(1)), id_of(call(3))}
    again = request(harness, "tones", run_id="r1")
    assert isinstance(again, Requested)
    assert again.known


def test_records_that_are_analysed_already_are_not_asked_again(harness: LocalHarness) -> None:
    harness.begin_after(ran, 2)
    harness.load(calls(3, start=2))
    add(harness, [tone(1), tone(3)])
    preview = operations.request(harness.backend, {}, dry_run=True, golden="tones@1")
    assert isinstance(preview, Preview)
    assert preview.records == 1
    assert preview.golden is not None
    assert (preview.golden.asked, preview.golden.left_out) == (1, {"processed": 1})
    request(harness, "tones", run_id="r2")
    harness.play()
    answer = request(harness, "tones")
    assert isinstance(answer, Nothing)
    assert answer.why == (
        "no record of golden set tones version 1 is pending: of 2, 2 analysed already"
    )
    assert [step.command for step in answer.next] == [
        "troupe compare call_review_v1 golden:tones@1"
    ]


def test_records_of_a_set_that_left_the_source_are_counted(harness: LocalHarness) -> None:
    harness.load(calls(3))
    add(harness, [tone(0), tone(1)])
    harness.sql("DELETE FROM transcription_pass_2 WHERE \"interactionId\" = 'int-1'")
    answer = request(harness, "tones", run_id="r1")
    assert (answer.golden.asked, answer.golden.missing) == (1, 1)


def test_a_set_names_the_records_and_the_mode(
    harness: LocalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.load(calls(2))
    add(harness, [tone(0), tone(1)])
    for fields, expected in (
        ({"mode": "test", "limit": 1}, "--golden cannot be combined with --mode test"),
        ({"record_ids": [id_of(call(0))]}, "leave out --record-id"),
    ):
        with pytest.raises(InvalidOperation, match=expected):
            request(harness, "tones", **fields)
    with pytest.raises(InvalidOperation, match="there is no golden set unknown"):
        request(harness, "unknown")
    monkeypatch.setattr(golden_request, "MOST_RECORDS", 1)
    with pytest.raises(InvalidOperation, match="has 2 records, and a request holds 1"):
        request(harness, "tones")


# Accuracy


def answers(harness: LocalHarness, run_id: str = "r1") -> dict[str, Any]:
    rows = harness.sql(
        'SELECT "interactionId", call_tone FROM transcription_analyzed_transcripts WHERE run_id = ?',
        run_id,
    )
    return dict(rows)


def test_a_report_has_the_accuracy_of_the_run_by_each_set(harness: LocalHarness) -> None:
    harness.load(calls(6))
    harness.run("r1", mode="single", record_ids=[id_of(call(number)) for number in range(5)])
    harness.sql("UPDATE transcription_analyzed_transcripts SET call_tone = 'formal'")
    wrong, rejected, not_told = (
        tone(1, "calm"),
        tone(2, {"not": "formal"}),
        tone(3, {"not": "calm"}),
    )
    add(harness, [tone(0, "formal"), wrong, rejected, not_told, tone(5, "formal")])
    (accuracy,) = operations.report(harness.backend, "r1").accuracy
    assert (accuracy.golden, accuracy.version) == ("tones", 1)
    assert (accuracy.labelled, accuracy.records) == (5, 4)
    (column,) = accuracy.columns
    assert (column.right, column.judged, column.not_judged) == (1, 3, 1)
    assert (round(column.low, 3), round(column.high, 3)) == (0.061, 0.792)
    (version,) = accuracy.history
    assert (version.analysis, version.is_of_run, version.records) == ("call_review_v1", True, 4)


def test_the_newest_version_of_a_set_counts(harness: LocalHarness) -> None:
    harness.begin_after(ran, 2)
    given = answers(harness)
    add(harness, [tone(0, {"not": given["int-0"]})])
    add(harness, [tone(0, given["int-0"])])
    (accuracy,) = operations.report(harness.backend, "r1").accuracy
    assert (accuracy.version, accuracy.columns[0].right, accuracy.columns[0].judged) == (2, 1, 1)


def copied_analysis(folder: Path, name: str) -> Path:
    """Write a copy of the shipped analysis that asks something else, in a table of its own."""
    copy = folder / name
    copy.mkdir()
    for file in files_in(REPO / "analysis/call_review_v1", "*"):
        text = file.read_text(encoding="utf-8")
        if file.name == "analysis.json":
            text = text.replace("call_review_v1", name).replace(
                "transcription_analyzed_transcripts", name.replace("_v", "_rows_v")
            )
        if file.name == "system.md":
            text += "\nBe exact."
        (copy / file.name).write_text(text, encoding="utf-8")
    return copy


def test_the_history_has_other_analyses_with_these_columns(
    harness: LocalHarness, tmp_path: Path
) -> None:
    harness.begin_after(ran, 3)
    given = answers(harness)
    add(harness, [tone(n, given[f"int-{n}"]) for n in range(3)])
    add_analysis(harness.backend, str(copied_analysis(tmp_path, "call_review_v2")))
    harness.clock.pass_(3600)
    answer = request(harness, "tones", run_id="r2", analysis="call_review_v2")
    assert answer.golden.asked == 3
    harness.play()
    harness.sql(
        "UPDATE call_review_rows_v2 SET call_tone = 'formal' WHERE \"interactionId\" = 'int-0'"
    )
    (accuracy,) = operations.report(harness.backend, "r2").accuracy
    assert [each.right for each in accuracy.columns] == [2 + (given["int-0"] == "formal")]
    names = [(each.analysis, each.is_of_run, each.columns[0].right) for each in accuracy.history]
    assert names == [("call_review_v2", True, 2), ("call_review_v1", False, 3)]


def test_a_report_without_labels_of_its_records_has_no_accuracy(harness: LocalHarness) -> None:
    harness.begin_after(ran, 2)
    harness.load(calls(1, start=2))
    assert operations.report(harness.backend, "r1").accuracy == []
    add(harness, [tone(2)])
    assert operations.report(harness.backend, "r1").accuracy == []
