"""Comparing two sides: what agrees, what differs, and what cannot be compared."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from tests.harness import LocalHarness, calls, id_of
from troupe.backends.local.operations import add_analysis
from troupe.operations.backend import InvalidOperation
from troupe.operations.quality.compare import compare
from troupe.quality.comparison import ColumnComparison, Comparison

MakeHarness = Callable[..., LocalHarness]
SHIPPED = Path(__file__).parents[2] / "analysis" / "call_review_v1"
COMPLIANCE = Path(__file__).parents[2] / "docs" / "examples" / "compliance_check_v1"
OUTPUT = "transcription_analyzed_transcripts"
ROWS = calls(10)
IDS = sorted(id_of(row) for row in ROWS)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> LocalHarness:
    """Ten records of `first`, under call_review_v1, all with the same answer; v2 is installed."""
    home = tmp_path_factory.mktemp("compared")
    harness = LocalHarness(home / "home")
    harness.load(ROWS)
    harness.run("first")
    folder = copytree(SHIPPED, home / "call_review_v2")
    settings = (folder / "analysis.json").read_text(encoding="utf-8")
    (folder / "analysis.json").write_text(
        settings.replace("call_review_v1", "call_review_v2"), encoding="utf-8"
    )
    add_analysis(harness.backend, str(folder))
    update(
        harness,
        "call_tone = 'calm', call_sentiment_outgoing = 'positive', "
        "agent_response_resolved = true, call_summary = 'The modem was broken', "
        "products = [{'name': 'Modem', 'context': NULL}], cost = 0.5",
    )
    harness.close()
    return harness


@pytest.fixture
def harness(compared: LocalHarness, tmp_path: Path) -> Iterator[LocalHarness]:
    copied = compared.copy(tmp_path / "home")
    yield copied
    copied.close()


def update(harness: LocalHarness, changes: str) -> None:
    """Change the stored rows: columns, and where."""
    harness.sql(f"UPDATE {OUTPUT} SET {changes}")  # noqa: S608


def add_version(harness: LocalHarness, changes: str, where: str = "true") -> None:
    """Store the rows again under call_review_v2, with other values."""
    harness.sql(
        f"INSERT INTO {OUTPUT} SELECT * REPLACE ('call_review_v2' AS analysis, 'second' AS run_id"  # noqa: S608
        f"{', ' + changes if changes else ''}) FROM {OUTPUT} "
        f"WHERE analysis = 'call_review_v1' AND {where}"
    )


def versions(harness: LocalHarness, *columns: str, **options: Any) -> Comparison:
    """Compare both versions. Each column takes 7 ms."""
    return compare(
        harness.backend, "call_review_v1", "call_review_v2", columns=columns or None, **options
    )


def column(comparison: Comparison, name: str) -> ColumnComparison:
    return next(each for each in comparison.columns if each.column == name)


def labelled(harness: LocalHarness, *labels: dict[str, Any]) -> str:
    file = harness.home.parent / "labels.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in labels), encoding="utf-8")
    return f"labels:{file}"


# Two versions


def test_equal_answers_agree_in_every_column(harness: LocalHarness) -> None:
    """All records are identical, and none is listed."""
    add_version(harness, "")

    found = versions(harness)

    assert (10, 10, []) == (found.records, found.identical, found.differing)
    assert {1.0} == {each.agreement for each in found.columns if each.kind != "text"}
    assert {None} == {each.agreement for each in found.columns if each.kind == "text"}
    assert 15 == len(found.columns)


def test_the_column_that_differs_is_found_with_its_pairs_and_records(harness: LocalHarness) -> None:
    """Agreement, interval, confusion, example and both values of each record."""
    add_version(harness, f"IF(record_id < '{IDS[3]}', 'angry', call_tone) AS call_tone")

    found = versions(harness)

    tone = column(found, "call_tone")
    assert (10, 7, 0.7) == (tone.judged, tone.agreed, tone.agreement)
    assert (0.397, 0.892) == (round(tone.low or 0, 3), round(tone.high or 0, 3))
    assert tone.too_few
    assert tone.needed is not None
    assert 300 < tone.needed < 385
    pairs = {(cell.a, cell.b): (cell.records, cell.example) for cell in tone.cells}
    assert {("calm", "calm"): (7, IDS[3]), ("calm", "angry"): (3, IDS[0])} == pairs
    assert IDS[:3] == [each.record_id for each in found.differing]
    assert [("call_tone", "calm", "angry")] == [
        (v.column, v.a, v.b) for v in found.differing[0].values
    ]
    assert [] == [
        each
        for each in found.columns
        if each.column != "call_tone" and each.agreement not in (1, None)
    ]
    assert 7 == found.identical


def test_records_with_the_most_differing_columns_come_first(harness: LocalHarness) -> None:
    """No more than asked for."""
    add_version(
        harness,
        f"'angry' AS call_tone, record_id <> '{IDS[8]}' AS agent_response_resolved",
        f"record_id >= '{IDS[7]}'",
    )

    found = versions(harness, "call_tone", "agent_response_resolved", limit=2)

    assert [IDS[8], IDS[7]] == [each.record_id for each in found.differing]
    assert (3, 7, 0) == (found.records, found.a.only_here, found.b.only_here)


def test_a_missing_value_agrees_with_a_missing_value_alone(harness: LocalHarness) -> None:
    """None is a value of its own in the confusion."""
    update(harness, f"call_tone = NULL WHERE record_id < '{IDS[4]}'")
    add_version(harness, f"IF(record_id < '{IDS[2]}', NULL, 'calm') AS call_tone")

    tone = column(versions(harness, "call_tone"), "call_tone")

    assert (8, 4, 2) == (tone.agreed, tone.none_a, tone.none_b)
    assert {(None, None): 2, (None, "calm"): 2, ("calm", "calm"): 6} == {
        (cell.a, cell.b): cell.records for cell in tone.cells
    }


def test_lists_are_compared_as_sets_without_case_and_order(harness: LocalHarness) -> None:
    """By the names of their entries; an entry that one side lacks differs."""
    update(
        harness, "products = [{'name': 'Modem', 'context': 'a'}, {'name': 'Line', 'context': 'b'}]"
    )
    add_version(
        harness,
        f"IF(record_id < '{IDS[5]}', [{{'name': 'line', 'context': 'c'}}, {{'name': 'MODEM', 'context': NULL}}], "
        "[{'name': 'Modem', 'context': 'a'}, {'name': 'Router', 'context': 'x'}]) AS products",
    )

    products = column(versions(harness, "products"), "products")

    assert products.amounts is not None
    assert (10, 5) == (products.judged, products.agreed)
    assert pytest.approx((5 * 1 + 5 / 3) / 10) == products.amounts.overlap
    assert (2.0, 2.0) == (products.amounts.a, products.amounts.b)


def test_an_empty_list_agrees_with_an_empty_or_absent_one(harness: LocalHarness) -> None:
    """BigQuery stores no absent list."""
    update(harness, "products = []")
    add_version(harness, "NULL AS products")

    products = column(versions(harness, "products"), "products")

    assert (10, 10) == (products.agreed, products.none_b)


def test_two_texts_are_never_said_to_agree_or_differ(harness: LocalHarness) -> None:
    """Lengths and words in common are shown; a text that is missing on one side differs."""
    add_version(
        harness,
        f"IF(record_id < '{IDS[9]}', 'the MODEM works', call_summary) AS call_summary, "
        f"IF(record_id < '{IDS[2]}', NULL, 'x') AS agent_response_summary",
    )
    update(harness, "agent_response_summary = 'x' WHERE run_id = 'first'")

    found = versions(harness, "call_summary", "agent_response_summary")

    summary, answer = column(found, "call_summary"), column(found, "agent_response_summary")
    assert summary.amounts is not None
    assert (None, 9) == (summary.agreement, summary.unjudged)
    # modem, broken against modem, works: one of three; and one equal text.
    assert pytest.approx((9 / 3 + 1) / 10) == summary.amounts.overlap
    assert 20.0 == summary.amounts.a
    assert IDS[:2] == [each.record_id for each in found.differing]
    assert (0, 2) == (answer.none_a, answer.none_b)


def test_texts_of_differing_records_are_shown_on_request_alone(harness: LocalHarness) -> None:
    """So are their transcripts, which are personal data."""
    add_version(harness, "NULL AS agent_response_summary, 'angry' AS call_tone")
    update(harness, "agent_response_summary = 'Call Ada' WHERE run_id = 'first'")

    columns = ("agent_response_summary", "call_tone", "call_summary")
    hidden, shown = (versions(harness, *columns, limit=1, show=show) for show in (False, True))

    assert "Ada" not in repr(hidden)
    assert "broken" not in repr(hidden)
    assert "(8 characters)" in repr(hidden)
    assert "Call Ada" in repr(shown)
    assert "is broken, thanks" in (shown.differing[0].transcript or "")


def test_marks_costs_and_tokens_are_of_the_records_in_common(harness: LocalHarness) -> None:
    """Means per record, on each side."""
    update(harness, f"cost = 99, prompt_tokens = 999 WHERE record_id = '{IDS[0]}'")
    add_version(
        harness,
        "0.25 AS cost, 7 AS prompt_tokens, 2 AS output_tokens, 1 AS thoughts_tokens, ['call_tone'] AS nulled_fields, "
        "['language_code'] AS normalised_fields, 'partial' AS grade, 'm2' AS model",
        f"record_id > '{IDS[0]}'",
    )

    found = versions(harness, "call_tone", "language_code")

    assert (0.5, 0.25, 7.0, 3.0) == (
        found.a.cost,
        found.b.cost,
        found.b.prompt_tokens,
        found.b.answer_tokens,
    )
    assert ({"partial": 9}, ["m2"]) == (found.b.grades, found.b.models)
    assert (True, False) == (found.a.simulated, found.b.simulated)
    assert (0, 9) == (column(found, "call_tone").nulled_a, column(found, "call_tone").nulled_b)
    assert 9 == column(found, "language_code").normalised_b


def test_of_a_record_with_two_rows_of_a_version_the_newest_counts(harness: LocalHarness) -> None:
    """A run that asks changed transcripts again has both until it ends."""
    add_version(harness, "'angry' AS call_tone, analysed_at + INTERVAL 1 DAY AS analysed_at")
    add_version(harness, "'formal' AS call_tone")

    tone = column(versions(harness, "call_tone"), "call_tone")

    assert [("calm", "angry", 10)] == [(cell.a, cell.b, cell.records) for cell in tone.cells]


def test_a_run_is_compared_by_its_own_rows(harness: LocalHarness) -> None:
    """A version by all of its rows."""
    add_version(harness, "'angry' AS call_tone")

    found = compare(harness.backend, "run:first", "analysis:call_review_v2", columns=["call_tone"])

    assert ("run", "analysis", 10) == (found.a.kind, found.b.kind, found.records)
    assert ["call_tone"] == [each.column for each in found.columns]


def test_columns_of_other_analyses_are_compared_where_they_fit(harness: LocalHarness) -> None:
    """The others are named with the reason."""
    add_analysis(harness.backend, str(COMPLIANCE))
    harness.run("checks", analysis="compliance_check_v1")

    with pytest.raises(InvalidOperation, match="no column in common"):
        compare(harness.backend, "first", "checks")


# Labels


def test_answers_are_judged_by_labels(harness: LocalHarness) -> None:
    """Accuracy, precision and recall, on what is labelled alone."""
    tones = ["calm"] * 3 + ["angry"] * 2
    labels = labelled(
        harness,
        *({"record_id": id_, "call_tone": tone} for id_, tone in zip(IDS, tones, strict=False)),
        {"record_id": IDS[6], "agent_response_resolved": False},
        {"record_id": "f" * 32, "call_tone": "calm"},
    )

    found = compare(harness.backend, "first", labels)

    tone, resolved = column(found, "call_tone"), column(found, "agent_response_resolved")
    assert (5, 3, 1, 0) == (tone.judged, tone.agreed, resolved.judged, resolved.agreed)
    assert (6, 4, 1) == (found.records, found.a.only_here, found.b.only_here)
    scores = {score.value: (score.precision, score.recall) for score in tone.scores}
    assert {"calm": (0.6, 1.0), "angry": (None, 0.0)} == scores
    assert {"call_tone", "agent_response_resolved"} == {each.column for each in found.columns}
    assert "only first has it" == found.not_compared[0].why


def test_a_rejected_value_disagrees_only_with_itself(harness: LocalHarness) -> None:
    """Any other answer is not judged; precision knows the rejected answer as wrong."""
    labels = labelled(
        harness,
        {"record_id": IDS[0], "call_tone": {"not": "calm"}},
        {"record_id": IDS[1], "call_tone": {"not": "angry"}},
        {"record_id": IDS[2], "call_tone": "calm"},
    )

    tone = column(compare(harness.backend, labels, "first"), "call_tone")

    assert (2, 1, 1, 1) == (tone.judged, tone.agreed, tone.rejected, tone.unjudged)
    assert [("calm", 0.5, 1.0)] == [
        (each.value, each.precision, each.recall) for each in tone.scores
    ]


def test_a_label_of_several_records_is_refused(harness: LocalHarness) -> None:
    """One label would count several times."""
    (token,) = {row["phone_number_token"] for row in ROWS[:2]}
    labels = labelled(harness, {"phone_number_token": token, "call_tone": "calm"})

    with pytest.raises(InvalidOperation, match="phone_number_token names several records"):
        compare(harness.backend, "first", labels)


def test_two_files_with_equal_labels_are_two_sides(harness: LocalHarness) -> None:
    """Two raters may agree on everything."""
    first = labelled(harness, {"record_id": IDS[0], "call_tone": "calm"})
    other = harness.home.parent / "other.jsonl"
    other.write_bytes(Path(first.removeprefix("labels:")).read_bytes())

    found = compare(harness.backend, first, f"labels:{other}")

    assert (1, 1.0) == (found.records, column(found, "call_tone").agreement)
    with pytest.raises(InvalidOperation, match="name two different ones"):
        compare(harness.backend, first, first)


def test_a_label_of_any_value_but_one_judges_every_answer(harness: LocalHarness) -> None:
    """Only an answer without a value is not judged; the right value is unknown to kappa."""
    update(harness, f"call_tone = NULL WHERE record_id = '{IDS[2]}'")
    labels = labelled(
        harness,
        {"record_id": IDS[0], "call_tone": {"other_than": "calm"}},
        {"record_id": IDS[1], "call_tone": {"other_than": "angry"}},
        {"record_id": IDS[2], "call_tone": {"other_than": "angry"}},
        {"record_id": IDS[3], "call_tone": "calm"},
    )

    tone = column(compare(harness.backend, "first", labels), "call_tone")

    assert (3, 2, 1, 1) == (tone.judged, tone.agreed, tone.rejected, tone.unjudged)
    assert [("calm", "calm", "equal"), ("calm", "calm", "rejected")] == sorted(
        (cell.a or "", cell.b or "", cell.relation) for cell in tone.cells if cell.a == cell.b
    )


def test_labels_of_texts_numbers_and_lists_are_read(harness: LocalHarness) -> None:
    """An accepted text agrees, a rejected one disagrees, any other is not judged."""
    labels = labelled(
        harness,
        {
            "record_id": IDS[0],
            "call_summary": "The modem was broken",
            "products": [{"name": "modem"}],
        },
        {"record_id": IDS[1], "call_summary": {"not": "The modem was broken"}, "products": []},
        {
            "record_id": IDS[2],
            "call_summary": "In other words",
            "products": {"not": [{"name": "MODEM"}]},
        },
        {"record_id": IDS[3], "products": {"not": []}},
    )

    found = compare(harness.backend, "first", labels)

    summary, products = column(found, "call_summary"), column(found, "products")
    assert (2, 1, 1, 1) == (summary.judged, summary.agreed, summary.rejected, summary.unjudged)
    assert (3, 1, 1, 1) == (products.judged, products.agreed, products.rejected, products.unjudged)
    assert products.amounts is not None
    assert (0.5, 1.0) == (products.amounts.precision, products.amounts.recall)


def test_a_label_that_says_none_agrees_with_no_value(harness: LocalHarness) -> None:
    """An absent column is no label."""
    update(harness, f"call_tone = NULL WHERE record_id = '{IDS[0]}'")
    labels = labelled(
        harness,
        {"record_id": IDS[0], "call_tone": None},
        {"record_id": IDS[1], "call_tone": None},
        {"record_id": IDS[2], "agent_response_resolved": True},
    )

    tone = column(compare(harness.backend, "first", labels), "call_tone")

    assert {(None, None, "equal"), ("calm", None, "differs")} == {
        (cell.a, cell.b, cell.relation) for cell in tone.cells
    }


def test_a_file_may_name_its_records_by_other_ids(harness: LocalHarness) -> None:
    """By interaction and reference, as the source has them."""
    row = ROWS[4]
    ids = {"interactionId": row["interactionId"], "referenceId": row["referenceId"]}

    found = compare(harness.backend, "first", labelled(harness, ids | {"call_tone": "angry"}))

    assert [id_of(row)] == [each.record_id for each in found.differing]
    assert 1 == found.records


def test_two_files_of_labels_give_the_agreement_of_their_raters(harness: LocalHarness) -> None:
    """With kappa, and without precision, because neither side is right by itself."""
    first = labelled(harness, *({"record_id": id_, "call_tone": "calm"} for id_ in IDS[:4]))
    other = harness.home.parent / "others.jsonl"
    lines = [
        {"record_id": id_, "call_tone": "calm" if id_ < IDS[3] else "angry"} for id_ in IDS[:5]
    ]
    other.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")

    found = compare(harness.backend, first, f"labels:{other}")

    tone = column(found, "call_tone")
    assert (4, 3, []) == (tone.judged, tone.agreed, tone.scores)
    assert tone.kappa is not None
    assert 0 == tone.kappa.value


# Refusals


ONE = {"columns": ["call_tone"]}


@pytest.mark.parametrize(
    ("a", "b", "options", "problem"),
    [
        ("first", "first", {}, "both sides are first"),
        ("first", "run:first", {}, "both sides are first"),
        ("frist", "call_review_v1", {}, "did you mean first"),
        ("first", "analysis:nope_v1", {}, "unknown analysis nope_v1"),
        ("first", "golden:nope", {}, "there is no golden set nope"),
        ("first", "golden:nope@x", {}, "NAME@VERSION"),
        ("first", "what:ever", {}, "invalid side 'what:ever'"),
        ("first", "labels:/no/such/file.jsonl", {}, "/no/such/file.jsonl"),
        ("first", "call_review_v2", ONE, "first has 10 records, call_review_v2 has no record"),
        ("first", "call_review_v2", {"columns": ["tone"]}, "invalid --columns 'tone': neither"),
        ("first", "call_review_v2", {"limit": 101}, "invalid --limit 101: use 0 to 100"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused_with_the_reason(
    harness: LocalHarness, a: str, b: str, options: dict[str, Any], problem: str
) -> None:
    """And with what to do."""
    with pytest.raises(InvalidOperation) as refused:
        compare(harness.backend, a, b, **options)

    assert problem in str(refused.value)


def test_labels_of_other_ids_cannot_be_paired_with_labels(harness: LocalHarness) -> None:
    """Neither has the other's ids."""
    first = labelled(harness, {"record_id": IDS[0], "call_tone": "calm"})
    other = harness.home.parent / "others.jsonl"
    other.write_text('{"interactionId": "int-1", "call_tone": "calm"}\n', encoding="utf-8")

    with pytest.raises(InvalidOperation, match="give both the same ids"):
        compare(harness.backend, first, f"labels:{other}")


def test_more_labels_than_a_request_holds_are_to_be_added_first(
    harness: LocalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BigQuery takes 10 MB."""
    monkeypatch.setattr("troupe.operations.quality.compare_sides.LARGEST_LABELS", 10)

    with pytest.raises(InvalidOperation, match="troupe golden add"):
        compare(
            harness.backend, "first", labelled(harness, {"record_id": IDS[0], "call_tone": "calm"})
        )
