"""Files of labels: what is read, what is refused, and what an error says."""

import gzip
import json
from pathlib import Path

import duckdb
import pytest

from analysis import Analysis, load_analysis
from tests.files import files_in
from tests.imports import REPO
from troupe.quality.labels import MOST_PROBLEMS, BadLabels, Labels, read_labels

RECORD = "0123456789abcdef" * 2
REVIEW = load_analysis("call_review_v1")


def labels_of(folder: Path, content: str, name: str = "labels.jsonl") -> Labels:
    (folder / name).write_text(content, encoding="utf-8")
    return read_labels(folder / name, REVIEW, name)


def problem_of(folder: Path, content: str, name: str = "labels.jsonl") -> str:
    with pytest.raises(BadLabels) as refused:
        labels_of(folder, content, name)
    return str(refused.value)


def test_a_line_of_json_labels_any_columns(tmp_path: Path) -> None:
    line = {"record_id": RECORD, "call_tone": "calm", "products": [{"name": "router"}]}
    labels = labels_of(tmp_path, json.dumps(line))
    assert labels.key_columns == ("record_id",)
    assert labels.columns == ("call_tone", "products")
    (row,) = labels.rows
    assert row.key == (RECORD,)
    assert row.line == 1
    assert row.values == {"call_tone": "calm", "products": [{"name": "router", "context": None}]}
    assert labels.normalised == {}


def test_null_is_a_label_and_an_absent_column_is_none(tmp_path: Path) -> None:
    (row,) = labels_of(tmp_path, '{"interactionId": "a", "call_tone": null}').rows
    assert row.values == {"call_tone": None}
    (row,) = labels_of(tmp_path, '{"interactionId": "a", "products": null}').rows
    assert row.values == {"products": []}


def test_a_rejected_value_is_checked_like_a_label(tmp_path: Path) -> None:
    (row,) = labels_of(tmp_path, '{"interactionId": "a", "call_tone": {"not": "Angry"}}').rows
    assert row.values == {"call_tone": {"not": "angry"}}
    assert "did you mean 'angry'?" in problem_of(
        tmp_path, '{"interactionId": "a", "call_tone": {"not": "angri"}}'
    )


def test_a_label_may_take_any_value_but_one(tmp_path: Path) -> None:
    """Of a column with few values; it is checked like a label, also in a cell."""
    (row,) = labels_of(
        tmp_path, '{"interactionId": "a", "call_tone": {"other_than": "Angry"}}'
    ).rows
    assert row.values == {"call_tone": {"other_than": "angry"}}
    (row,) = labels_of(
        tmp_path, 'interaction_id;call_tone\na;"{""other_than"": ""calm""}"\n', "labels.csv"
    ).rows
    assert row.values == {"call_tone": {"other_than": "calm"}}
    for column, value in (("call_summary", '"x"'), ("products", "[]"), ("call_tone", "null")):
        line = f'{{"interactionId": "a", "{column}": {{"other_than": {value}}}}}'
        assert "other_than needs a value of a closed set" in problem_of(tmp_path, line)


def test_equivalents_become_what_the_schema_has_and_are_counted(tmp_path: Path) -> None:
    labels = labels_of(
        tmp_path,
        '{"interactionId": "a", "call_sentiment_outgoing": "Positive", "language_code": "English"}\n'
        '{"interactionId": "b", "call_sentiment_outgoing": "positive", "language_code": "EN"}\n',
    )
    assert [row.values for row in labels.rows] == [
        {"call_sentiment_outgoing": "positive", "language_code": "en"}
    ] * 2
    assert labels.normalised == {"call_sentiment_outgoing": 1, "language_code": 2}


def test_a_cell_of_csv_becomes_what_the_schema_has(tmp_path: Path) -> None:
    labels = labels_of(
        tmp_path,
        "interaction_id;agent_response_resolved;products;call_tone;comment\n"
        'a;TRUE;"[{""name"": ""router""}]";;no label\n'
        'b;;;null;\nc;"{""not"": true}";;;\n',
        "labels.csv",
    )
    assert labels.key_columns == ("interactionId",)
    assert [row.values for row in labels.rows] == [
        {"agent_response_resolved": True, "products": [{"name": "router", "context": None}]},
        {"call_tone": None},
        {"agent_response_resolved": {"not": True}},
    ]
    assert [row.line for row in labels.rows] == [2, 3, 4]
    assert labels.unused == ("comment",)
    assert labels.normalised == {}


def test_parquet_and_packed_files_are_read(tmp_path: Path) -> None:
    file = tmp_path / "labels.parquet"
    duckdb.execute(
        "COPY (SELECT * FROM (VALUES ('a', 'r1', true, [{'name': 'x'}]), ('b', NULL, NULL, NULL))"
        ' AS t("interactionId", "referenceId", agent_response_resolved, products))'
        " TO $file (FORMAT parquet)",
        {"file": str(file)},
    )
    labels = read_labels(file, REVIEW)
    assert labels.key_columns == ("interactionId", "referenceId")
    assert [row.key for row in labels.rows] == [("a", "r1")], "a row without labels is no label"
    assert labels.rows[0].values["products"] == [{"name": "x", "context": None}]
    packed = tmp_path / "labels.jsonl.gz"
    packed.write_bytes(gzip.compress(b'{"interactionId": 7, "call_tone": "calm"}'))
    assert read_labels(packed, REVIEW).rows[0].key == ("7",)


def test_a_value_outside_of_the_closed_set_is_refused_with_the_nearest(tmp_path: Path) -> None:
    text = (
        '{"interactionId": "a", "call_tone": "calm"}\n{"interactionId": "b", "call_tone": "angy"}'
    )
    problem = problem_of(tmp_path, text)
    assert problem.startswith("labels.jsonl, line 2: call_tone: 'angy' is refused")
    assert "did you mean 'angry'? allowed are angry, anxious, calm" in problem


def test_a_typo_in_a_column_is_refused_with_the_name_that_is_meant(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, '{"interactionId": "a", "call_tome": "calm"}')
    assert "has no column 'call_tome': did you mean 'call_tone'?" in problem


def test_the_columns_of_our_own_tables_may_stand_beside_labels(tmp_path: Path) -> None:
    line = {"record_id": RECORD, "interactionId": "a", "run_id": "r", "grade": "exact"}
    labels = labels_of(tmp_path, json.dumps(line | {"transcript": "Hi", "call_tone": "calm"}))
    assert labels.key_columns == ("record_id",)
    assert labels.unused == ("interactionId",)


def test_one_record_with_two_labels_is_refused(tmp_path: Path) -> None:
    line = '{"interactionId": "a", "call_tone": "%s"}\n'
    assert labels_of(tmp_path, line % "calm" + line % "calm").repeated == 1
    problem = problem_of(tmp_path, line % "calm" + line % "calm" + line % "angry")
    assert "line 3: line 1 has other labels of the same record" in problem


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "it has no labels of call_review_v1"),
        ("\n\n", "it has no labels of call_review_v1"),
        ('{"call_tone": "calm"}', "there is no id: give record_id"),
        ('{"interactionId": " ", "call_tone": "calm"}', "interactionId blank"),
        ('{"interactionId": ["a"], "call_tone": "calm"}', "interactionId: expected a text"),
        ('{"interactionId": "a"}', "it has no labels of call_review_v1"),
        (
            '{"record_id": "abc", "call_tone": "calm"}',
            "invalid record_id 'abc': use a record id of",
        ),
        ('{"interactionId": "a", "call_tone": 7}', "7 is refused"),
        ('{"interactionId": "a", "call_tone": ["calm"]}', "a list is refused"),
        ('{"interactionId": "a", "call_tone": " "}', 'blank: write null for "none"'),
        ('{"interactionId": "a", "call_summary": null}', "the schema has no null here"),
        ('{"interactionId": "a", "agent_response_resolved": "maybe"}', "use true or false"),
        ('{"interactionId": "a", "products": "router"}', "use a JSON list"),
        ('{"interactionId": "a", "call_tone": "calm", "call_tone": "angry"}', "given twice"),
        ('{"interactionId": "a", "agent_response_resolved": %s}' % ("9" * 5000), "line 1"),
        ("[1, 2]", "line 1"),
        ('{"interactionId": "a", ', "line 1"),
        ("just a text", "this is neither JSON, CSV"),
    ],
)
def test_bad_input_is_refused_by_line(tmp_path: Path, content: str, expected: str) -> None:
    problem = problem_of(tmp_path, content)
    assert problem.startswith("labels.jsonl")
    assert expected in problem


def test_an_error_shows_no_text_of_a_conversation(tmp_path: Path) -> None:
    text_of_call = "my account number is 12345 and my name is Ann"
    line = {"interactionId": "a", "call_tone": text_of_call, "language_code": text_of_call}
    problem = problem_of(tmp_path, json.dumps(line))
    assert f"a text of {len(text_of_call)} characters is refused" in problem
    assert "Ann" not in problem


def test_lines_with_other_ids_are_refused(tmp_path: Path) -> None:
    lines = '{"interactionId": "a", "call_tone": "calm"}\n{"referenceId": "b", "call_tone": "calm"}'
    assert "line 2: its ids are referenceId, and those of earlier lines" in problem_of(
        tmp_path, lines
    )


def test_an_error_lists_so_many_problems_and_stops(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, '{"interactionId": "a", "call_tone": "x"}\n' * 1_000)
    assert len(problem.splitlines()) == MOST_PROBLEMS


def test_the_columns_of_another_analysis_are_its_own(tmp_path: Path) -> None:
    folder = REPO / "docs/examples/compliance_check_v1"
    files = {file.name: file.read_text(encoding="utf-8") for file in files_in(folder, "*")}
    own: Analysis = load_analysis("compliance_check_v1", files)
    file = tmp_path / "labels.csv"
    file.write_text("record_id,risk,score\n" + RECORD + ",medium,007\n")
    labels = read_labels(file, own)
    assert labels.rows[0].values == {"risk": "low", "score": 7}
    assert labels.normalised == {"risk": 1, "score": 1}
    file.write_text("record_id,score\n" + RECORD + ",101\n")
    with pytest.raises(BadLabels, match="use a whole number, at least 0, at most 100"):
        read_labels(file, own)


@pytest.mark.slow
def test_a_hundred_thousand_lines_are_read(tmp_path: Path) -> None:
    """One more line that says something else of the last record is found."""
    line = '{"interactionId": "%d", "call_tone": "Calm"}\n'
    lines = "".join(line % number for number in range(100_000))
    labels = labels_of(tmp_path, lines)
    assert (len(labels.rows), labels.normalised) == (100_000, {"call_tone": 100_000})
    problem = problem_of(tmp_path, lines + '{"interactionId": "99999", "call_tone": "angry"}')
    assert "line 100001: line 100000 has other labels" in problem
