"""Two reviewers of one sample: how far they agree, and where they do not."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.quality.review_samples import REVIEW
from troupe.quality.agreement import Agreement, agreement, agreement_lines
from troupe.quality.labels import read_labels
from troupe.quality.statistics import wilson

TONE, DONE, SUMMARY, PRODUCTS = "call_tone", "agent_response_resolved", "call_summary", "products"


def agreed(
    folder: Path, first: list[dict[str, Any]], second: list[dict[str, Any]], *, show: bool = False
) -> Agreement:
    """Compare two files, whose lines are the labels of records 0, 1, …"""
    files = []
    for name, lines in (("first", first), ("second", second)):
        file = folder / f"{name}.jsonl"
        rows = ({"record_id": f"{at:032x}"} | line for at, line in enumerate(lines) if line)
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        files.append(read_labels(file, REVIEW))
    return agreement(files[0], files[1], REVIEW, show=show)


def test_a_closed_column_has_a_share_an_interval_and_kappa(tmp_path: Path) -> None:
    """As in the textbook: 20 yes and 15 no of both, 5 and 10 apart."""
    pairs = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15

    found = agreed(tmp_path, [{DONE: a} for a, _ in pairs], [{DONE: b} for _, b in pairs])

    (column,) = found.columns
    assert (DONE, 50, 35, 0) == (column.column, column.judged, column.agreed, column.undecided)
    assert column.kappa is not None
    assert pytest.approx((0.4, *wilson(35, 50))) == (column.kappa.value, column.low, column.high)
    assert 15 == len(found.disagreements)


def test_a_rejection_is_compared_with_the_value_that_it_rejects(tmp_path: Path) -> None:
    """Two that reject the same agree; with another value it cannot be compared."""
    calm, not_calm = {TONE: "calm"}, {TONE: {"not": "calm"}}
    first: list[dict[str, Any]] = [calm, not_calm, not_calm, not_calm]
    second: list[dict[str, Any]] = [not_calm, calm, not_calm, {TONE: "angry"}]

    found = agreed(tmp_path, first, second)

    (column,) = found.columns
    assert (3, 1, 1) == (column.judged, column.agreed, column.undecided)
    assert [f"{0:032x}", f"{1:032x}"] == [each.record for each in found.disagreements]


def test_any_value_but_one_agrees_with_every_other(tmp_path: Path) -> None:
    """As it judges answers; beside a rejection it says too little."""
    other: dict[str, Any] = {TONE: {"other_than": "calm"}}

    found = agreed(
        tmp_path, [other] * 4, [{TONE: "calm"}, {TONE: "angry"}, {TONE: {"not": "calm"}}, other]
    )

    (column,) = found.columns
    assert (3, 2, 1) == (column.judged, column.agreed, column.undecided)


def test_none_is_a_value_and_a_missing_label_is_not_judged(tmp_path: Path) -> None:
    """A column that one of them left out is not listed."""
    found = agreed(
        tmp_path, [{TONE: None}, {TONE: "calm", DONE: True}], [{TONE: None}, {TONE: None}]
    )

    assert [(TONE, 2, 1)] == [(each.column, each.judged, each.agreed) for each in found.columns]


def test_texts_agree_word_by_word_and_have_no_kappa(tmp_path: Path) -> None:
    """Two texts may both be right. They are shown only on request: they are of conversations."""
    first: list[dict[str, Any]] = [
        {SUMMARY: "A call."},
        {SUMMARY: {"not": "Secret."}},
        {SUMMARY: "A"},
    ]
    second: list[dict[str, Any]] = [{SUMMARY: "A call."}, {SUMMARY: "Secret."}, {SUMMARY: "B"}]

    hidden, shown = (agreed(tmp_path, first, second, show=show) for show in (False, True))

    assert (2, 1, None) == (
        hidden.columns[0].judged, hidden.columns[0].agreed, hidden.columns[0].kappa,
    )  # fmt: skip
    assert "Secret" not in "\n".join(agreement_lines(hidden))
    assert "Secret" in "\n".join(agreement_lines(shown))


def test_lists_agree_without_order_and_case(tmp_path: Path) -> None:
    """As they do where answers are judged."""
    first = [{PRODUCTS: [{"name": "Router"}, {"name": "line"}]}]
    second = [{PRODUCTS: [{"name": "line"}, {"name": "router"}]}]

    (column,) = agreed(tmp_path, first, second).columns

    assert (PRODUCTS, 1, 1) == (column.column, column.judged, column.agreed)


def test_files_without_a_common_record_are_refused(tmp_path: Path) -> None:
    """They are of two samples, or one is the wrong file."""
    with pytest.raises(ValueError, match="no record is in both files"):
        agreed(tmp_path, [{TONE: "calm"}], [{}, {TONE: "calm"}])


def test_records_of_one_file_alone_are_counted(tmp_path: Path) -> None:
    """Only what both have is compared."""
    found = agreed(
        tmp_path, [{TONE: "calm"}, {TONE: "calm"}, {}], [{TONE: "calm"}, {}, {DONE: True}]
    )

    assert (1, 1, 1) == (found.both, found.only_first, found.only_second)


def test_the_token_of_a_person_is_not_shown(tmp_path: Path) -> None:
    """Other ids of the record are."""
    files = []
    for tone in ("calm", "angry"):
        file = tmp_path / f"{tone}.csv"
        file.write_text(f"phone_number_token,interactionId,call_tone\ntok_1,i1,{tone}\n")
        files.append(read_labels(file, REVIEW))

    found = agreement(files[0], files[1], REVIEW, show=True)

    assert ["i1"] == [each.record for each in found.disagreements]


def test_files_with_other_ids_cannot_be_compared(tmp_path: Path) -> None:
    """The error names the ids of both."""
    by_record, by_call = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    by_record.write_text(json.dumps({"record_id": "0" * 32, DONE: True}), encoding="utf-8")
    by_call.write_text(json.dumps({"interactionId": "i1", DONE: True}), encoding="utf-8")

    with pytest.raises(ValueError, match=r"the ids record_id, and the second interactionId"):
        agreement(read_labels(by_record, REVIEW), read_labels(by_call, REVIEW), REVIEW, show=False)
