"""Columns by name, by usual synonyms, and by --map."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.transcript_files.making import rows_of
from troupe.transcript_files.columns import COLUMNS, SYNONYMS, read_map, word
from troupe.transcript_files.errors import BadFile, BadOption
from troupe.transcript_files.names import plain


def read(folder: Path, *rows: dict[str, Any], mapped: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    file = folder / "calls.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return rows_of(file, *mapped)


def refused(folder: Path, *rows: dict[str, Any], mapped: tuple[str, ...] = ()) -> str:
    with pytest.raises(BadFile) as bad:
        read(folder, *rows, mapped=mapped)
    return str(bad.value)


def test_names_are_compared_without_case_and_signs(tmp_path: Path) -> None:
    """`_`, `-` and blanks mean nothing."""
    row = {"Phone-Number Token": "t", "REFERENCE_ID": "r", "interaction id": "i", "Transcript": "x"}

    assert [
        {"phone_number_token": "t", "referenceId": "r", "interactionId": "i", "transcript": "x"}
    ] == read(tmp_path, row)


@pytest.mark.parametrize("name", ["conversation_id", "call_id", "interactionid", "ContactId", "id"])
def test_usual_names_of_the_id_are_known(tmp_path: Path, name: str) -> None:
    assert [{"interactionId": "7", "transcript": "x"}] == read(tmp_path, {name: 7, "text": "x"})


def test_no_name_means_two_columns() -> None:
    """And each is written as names are compared."""
    names = [name for lines in SYNONYMS.values() for line in lines for name in line.split()]
    names += [plain(column) for column in COLUMNS]

    assert len(names) == len(set(names))
    assert names == [plain(name) for name in names]


def test_our_own_name_counts_more_than_another_and_a_better_one_more_than_a_vague_one(
    tmp_path: Path,
) -> None:
    """What was not taken is reported as not used."""
    row = {"id": 1, "conversation_id": 2, "interactionId": 3, "text": "x", "transcription": "y"}

    assert [{"interactionId": "3", "transcript": "y"}] == read(tmp_path, row)


def test_two_names_that_fit_equally_are_refused_with_the_remedy(tmp_path: Path) -> None:
    """Which one is meant is unknown; the option says it."""
    row = {"call_id": 1, "conversation_id": 2, "text": "x"}

    assert (
        "line 1: interactionId may be in call_id or in conversation_id: choose one with "
        "--map call_id=interactionId"
    ) in refused(tmp_path, row)
    assert [{"interactionId": "2", "transcript": "x"}] == read(
        tmp_path, row, mapped=("conversation_id=interactionId",)
    )


def test_a_column_is_taken_from_one_name_in_all_rows(tmp_path: Path) -> None:
    """Rows whose ids come from different columns would be mixed up."""
    rows = {"call_id": 1, "text": "x"}, {"conversation_id": 2, "text": "x"}

    assert "line 2: interactionId is in call_id in earlier rows" in refused(tmp_path, *rows)


def test_a_vaguer_name_is_not_taken_where_the_better_one_is_null(tmp_path: Path) -> None:
    """An export leaves nulls out."""
    rows = (
        {"interactionId": "i", "id": 1, "text": "x"},
        {"id": 2, "referenceId": "r", "text": "y"},
    )

    assert [
        {"interactionId": "i", "transcript": "x"}, {"referenceId": "r", "transcript": "y"}
    ] == read(tmp_path, *rows)  # fmt: skip


def test_a_column_is_mapped_by_name_or_by_path(tmp_path: Path) -> None:
    """Our names are compared without case and signs too."""
    row = {"Anruf": {"Nr": 7, "Text": [{"speaker": "agent", "text": "x"}]}, "a=b": "t", "id": "no"}
    mapped = ("Anruf.Nr=interaction_id", "Anruf.Text=Transcript", "a=b=phone-number-token")

    assert [
        {"phone_number_token": "t", "interactionId": "7", "transcript": "AGENT: x"}
    ] == read(tmp_path, row, mapped=mapped)  # fmt: skip


@pytest.mark.parametrize(
    ("pairs", "problem"),
    [
        (
            ["text"],
            "invalid --map 'text': use COLUMN=OURS, where OURS is one of phone_number_token",
        ),
        (["text=body"], "invalid --map 'text=body': use COLUMN=OURS"),
        (["=transcript"], "invalid --map '=transcript'"),
        (["a=transcript", "b=transcript"], "'b=transcript': transcript is mapped twice"),
    ],
)
def test_an_invalid_map_is_named(pairs: list[str], problem: str) -> None:
    with pytest.raises(BadOption, match=problem.replace("'", ".")):
        read_map(pairs)


def test_a_mapped_name_that_is_in_no_row_is_named_with_those_that_are(tmp_path: Path) -> None:
    row = {"id": 1, "text": "x"}

    assert "--map txt=transcript: there is no txt; it has id, text;" in refused(
        tmp_path, row, mapped=("txt=transcript",)
    )


def test_a_mapped_path_that_ends_early_in_every_row_is_named(tmp_path: Path) -> None:
    """A misspelt property would be null in silence."""
    row = {"id": 1, "text": "x", "customer": {"phone": "t"}}
    mapped = ("customer.fone=phone_number_token",)

    assert "--map customer.fone=phone_number_token: there is no customer.fone" in refused(
        tmp_path, row, mapped=mapped
    )
    rows = read(
        tmp_path,
        row,
        row | {"id": 2, "customer": None},
        mapped=("customer.phone=" + mapped[0].partition("=")[2],),
    )
    assert ["t", None] == [each.get("phone_number_token") for each in rows]


def test_the_rows_of_an_interface_s_list_are_read(tmp_path: Path) -> None:
    """Also when their columns are mapped."""
    listed = {"data": [{"id": 1, "words": "x"}, {"id": 2, "words": "y"}], "next": None}

    rows = read(tmp_path, listed, mapped=("words=transcript",))
    assert ["x", "y"] == [row["transcript"] for row in rows]


def test_a_file_without_transcripts_or_ids_is_refused_with_its_names(tmp_path: Path) -> None:
    """It is probably another file, or has names that are not known."""
    assert "there is no column for transcript; it has id, words; name it with --map" in refused(
        tmp_path, {"id": 1, "words": "x"}
    )
    assert (
        "line 1: there is no column for interactionId or referenceId; it has nr, text"
        in refused(tmp_path, {"nr": 1, "text": "x"})
    )


def test_names_that_may_be_content_are_not_shown(tmp_path: Path) -> None:
    """They may be the first row of a table without a header."""
    text = refused(tmp_path, {"My name is Jane Doe and": 1, "text": "x", "y" * 50: 2})

    assert "Jane" not in text
    assert "it has text;" in text


def test_ids_keep_all_their_digits_or_are_refused(tmp_path: Path) -> None:
    """A whole number with a decimal point is that number, as pandas writes it."""
    rows = [{"id": i, "text": "x"} for i in (7, 7.0, -3, 2.0**53, 12345678901234567890123, "007")]

    assert ["7", "7", "-3", str(2**53), "12345678901234567890123", "007"] == [
        row["interactionId"] for row in read(tmp_path, *rows)
    ]
    assert word(float("nan")) is None
    for number in (1.5, 1e17):
        assert "line 1: id: " in refused(tmp_path, {"id": number, "text": "x"})


def test_a_row_for_each_turn_is_refused(tmp_path: Path) -> None:
    """One row would hide all others of its conversation."""
    rows = [{"call_id": 1, "speaker": who, "text": f"I am the {who}"} for who in ("agent", "bot")]

    assert "it has a row for each turn (column speaker)" in refused(tmp_path, *rows)
    assert 2 == len(read(tmp_path, rows[0], rows[0])), "a copy of a row is none of another turn"


def test_names_that_are_data_need_no_memory(tmp_path: Path) -> None:
    """Thousands of different properties are one file, and are read."""
    rows = [{"id": n, "text": "x", f"k{n}": 1} for n in range(3_000)]

    assert 3_000 == len(read(tmp_path, *rows))
