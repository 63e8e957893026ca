"""Call attributes in the plan: read with their types, filtered, frozen, counted, and stored."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from analysis import Analysis, Request, load_analysis, render
from events import Condition, RunRequested
from handlers.runs.attributes import reading_of
from handlers.runs.plan_params import plan_params
from tests.analysis.own import NAME, files_of
from tests.tracking.harness import TrackingHarness, all_good, call, id_of
from tracking import Plan, Source
from tracking.attributes import ARRAYS, UnfitAttribute, attribute_sql, column_problems

TYPES = {
    "queue": "text", "agent": "text", "seconds": "integer", "score": "number", "vip": "boolean",
    "ended_at": "time",
}  # fmt: skip
COLUMNS = {
    "queue": "VARCHAR", "agent": "BIGINT", "seconds": "BIGINT", "score": "DOUBLE", "vip": "BOOLEAN",
    "ended_at": "TIMESTAMP",
}  # fmt: skip
USER = (
    "<q-{{record}}>{{queue}} {{score}} {{queue}}</q-{{record}}>"
    "<t-{{record}}>{{transcript}}</t-{{record}}>"
)
NOTHING: dict[str, Any] = dict.fromkeys(TYPES)
ENDED = datetime(2026, 3, 1, 12, 5, 30, tzinfo=UTC)


def analysis_with(types: dict[str, str] = TYPES, **settings: Any) -> Analysis:
    files = files_of({}, attributes=types, **settings)
    used = files | ({"user.md": USER} if {"queue", "score"} <= types.keys() else {})
    return load_analysis(NAME, used)


ANALYSIS = analysis_with()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> TrackingHarness:
    """A source table with further columns."""
    harness = TrackingHarness(Path(tmp_path_factory.mktemp("tracking")))
    for name, type_ in COLUMNS.items():
        harness.warehouse.db.execute(
            f'ALTER TABLE transcription_pass_2 ADD COLUMN "{name}" {type_}'
        )
    return harness


@pytest.fixture
def harness(made: TrackingHarness) -> TrackingHarness:
    made.empty()
    return made


def asked(number: int = 1, **columns: Any) -> dict[str, Any]:
    usual = {
        "queue": "billing", "agent": 7, "seconds": 61, "score": 0.5, "vip": True, "ended_at": ENDED,
    }  # fmt: skip
    return call(number) | usual | columns


def plan(
    harness: TrackingHarness, analysis: Analysis = ANALYSIS, run_id: str = "r1", **request: Any
) -> Plan:
    """Plan a run, after a preview that must say the same."""
    asked_for = RunRequested(run_id=run_id, **request)
    params, reading = plan_params(asked_for, "m1", analysis), reading_of(asked_for, analysis)
    preview = harness.tracking.preview_plan(params, reading)
    made = plan_alone(harness, asked_for, analysis)
    assert (preview["records"], preview["outside_filter"], preview["bytes"]) == (
        made.records, made.outside_filter, made.bytes,
    )  # fmt: skip
    return made


def plan_alone(
    harness: TrackingHarness, asked_for: RunRequested, analysis: Analysis = ANALYSIS
) -> Plan:
    harness.clock.pass_(1)
    params, reading = plan_params(asked_for, "m1", analysis), reading_of(asked_for, analysis)
    harness.tracking.plan_run(asked_for.run_id, params, reading)
    made = harness.tracking.plan_of(asked_for.run_id)
    assert made is not None
    return made


def frozen(harness: TrackingHarness, run_id: str = "r1") -> list[Any]:
    rows = harness.sql(
        "SELECT attributes FROM batch_records WHERE run_id = ? ORDER BY record_id", run_id
    )
    return [None if text is None else json.loads(text) for (text,) in rows]


# What is frozen


def test_attributes_are_frozen_as_a_json_object_in_the_order_of_the_analysis(
    harness: TrackingHarness,
) -> None:
    """A whole number that is declared as text is text, a time is in UTC with its zone."""
    harness.source([asked()])
    plan(harness)

    (values,) = frozen(harness)
    assert list(TYPES) == list(values)
    assert values == {
        "queue": "billing", "agent": "7", "seconds": 61, "score": 0.5, "vip": True,
        "ended_at": "2026-03-01T12:05:30Z",
    }  # fmt: skip


def test_a_missing_value_is_null(harness: TrackingHarness) -> None:
    """And a number that JSON cannot write counts as missing."""
    harness.source([asked(1, **NOTHING), asked(2, score=float("nan"))])
    plan(harness)

    missing = [{name for name, value in row.items() if value is None} for row in frozen(harness)]
    assert sorted([{"score"}, {*TYPES}], key=len) == sorted(missing, key=len)


def test_an_analysis_without_attributes_freezes_none(harness: TrackingHarness) -> None:
    """The column is null; nothing is read of the source's further columns."""
    harness.source([asked()])
    plan(harness, load_analysis("call_review_v1"))

    assert [None] == frozen(harness)


@pytest.mark.parametrize("newest", [1, 2])
def test_copies_of_a_record_count_with_the_row_that_was_chosen(
    harness: TrackingHarness, newest: int
) -> None:
    """The newest one decides, in the filter and in what is frozen, whatever the other has."""
    times = {newest: "2026-03-01 13:00:00", 3 - newest: "2026-03-01 12:00:00"}
    harness.source(
        [
            asked(queue="billing", event_timestamp=times[1]),
            asked(queue="sales", event_timestamp=times[2]),
        ]
    )
    made = plan(harness, attributes=[Condition(attribute="queue", one_of=["billing"])])

    assert (int(newest == 1), 1) == (made.records, made.duplicate)
    assert [row["queue"] for row in frozen(harness)] == ["billing"] * made.records


@pytest.mark.parametrize("newest", ["billing", "sales"])
def test_the_newest_copy_of_a_record_gives_its_attributes(
    harness: TrackingHarness, newest: str
) -> None:
    """Also where an older one comes first in any order of the values."""
    harness.source(
        asked(queue=queue, event_timestamp=f"2026-03-01 {13 if queue == newest else 12}:00:00")
        for queue in ("billing", "sales")
    )
    plan(harness)

    assert [newest] == [row["queue"] for row in frozen(harness)]


def test_copies_that_differ_in_attributes_alone_are_chosen_alike_by_preview_and_plan(
    harness: TrackingHarness,
) -> None:
    """Their text, time, provider and direction are equal, so the attributes decide."""
    harness.source([asked(queue=queue) for queue in ("sales", "billing", "support")])
    made = plan(harness)

    assert (1, 2) == (made.records, made.duplicate)
    assert "billing" == frozen(harness)[0]["queue"]


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"queue": 'a "quoted"\n\u2028\t\x01 queue ü 😊' * 9},
        {"queue": None, "score": None},
        {"score": 1e300},
        {"score": 60.0},
    ],
)
def test_the_planned_bytes_are_at_least_those_of_the_line(
    harness: TrackingHarness, columns: dict[str, Any]
) -> None:
    """Values in the prompt are counted, each as often as it is filled in."""
    harness.source([asked(**columns)])
    made = plan(harness)

    (attributes,) = harness.sql("SELECT attributes FROM batch_records")
    line = b"".join(
        render(ANALYSIS, [Request("0" * 32, "hello there", ANALYSIS.output_cap, *attributes)])
    )
    assert len(line) <= made.bytes <= len(line) + 2 * len(attributes[0].encode())


def test_attributes_count_against_the_largest_request(harness: TrackingHarness) -> None:
    """A file has a limit, whichever part of a line is long."""
    harness.source([asked(queue="x" * 600), asked(2)])
    made = plan(harness, analysis_with(max_transcript_bytes=1_000))

    assert (1, 1) == (made.records, made.request_too_large)


# Conditions


@pytest.mark.parametrize(
    ("condition", "taken"),
    [
        ({"attribute": "queue", "one_of": ["billing"]}, {1}),
        ({"attribute": "queue", "one_of": ["billing", "sales"]}, {1, 2}),
        ({"attribute": "queue", "one_of": ["x' OR TRUE --"]}, set()),
        ({"attribute": "agent", "one_of": ["7"]}, {1, 2}),
        ({"attribute": "seconds", "one_of": [61, 600]}, {1, 2}),
        ({"attribute": "seconds", "from": 61}, {1, 2}),
        ({"attribute": "seconds", "from": 62}, {2}),
        ({"attribute": "seconds", "below": 600}, {1}),
        ({"attribute": "seconds", "from": 61, "below": 600}, {1}),
        ({"attribute": "score", "from": 0.5}, {1}),
        ({"attribute": "score", "below": 1}, {1, 2}),
        ({"attribute": "vip", "one_of": [False]}, {2}),
        ({"attribute": "ended_at", "from": "2026-03-01T13:05:30+01:00"}, {1, 2}),
        ({"attribute": "ended_at", "below": "2026-03-01T12:05:31Z"}, {1}),
        ({"attribute": "ended_at", "one_of": ["2026-03-01T12:05:30Z"]}, {1}),
    ],
)
def test_a_condition_takes_the_calls_whose_value_fits(
    harness: TrackingHarness, condition: dict[str, Any], taken: set[int]
) -> None:
    """In the attribute's type; a call without a value is outside of the filter."""
    rows = {
        1: asked(1),
        2: asked(
            2, queue="sales", seconds=600, score=0.25, vip=False, ended_at=ENDED.replace(hour=13)
        ),
        3: asked(3, **NOTHING),
    }
    harness.source(rows.values())
    fields = {("from_" if name == "from" else name): value for name, value in condition.items()}
    made = plan_alone(harness, RunRequested(run_id="r1", attributes=[Condition(**fields)]))

    ids = {id_of(rows[number]) for number in taken}
    assert ids == {name for (name,) in harness.sql("SELECT record_id FROM batch_records")}
    assert (len(taken), 3 - len(taken)) == (made.records, made.outside_filter)
    assert not made.whole


def test_all_conditions_must_fit(harness: TrackingHarness) -> None:
    """Of one attribute and of several."""
    harness.source([asked(1), asked(2, queue="sales"), asked(3, seconds=5)])
    conditions = [
        Condition(attribute="queue", one_of=["billing"]),
        Condition(attribute="seconds", from_=60),
    ]

    assert 1 == plan(harness, attributes=conditions).records


@pytest.mark.parametrize(
    ("condition", "reason", "named"),
    [
        (Condition(attribute="team", one_of=["a"]), "unknown_attribute", "no attribute team"),
        (Condition(attribute="queue", one_of=[7]), "attribute_type", "use a text"),
        (Condition(attribute="queue", from_="a"), "attribute_type", "no order"),
        (Condition(attribute="seconds", from_=1.5), "attribute_type", "use a whole number"),
        (Condition(attribute="seconds", one_of=[True]), "attribute_type", "use a whole number"),
        (Condition(attribute="seconds", one_of=[2**63]), "attribute_type", "use a whole number"),
        (Condition(attribute="score", below="1"), "attribute_type", "use a number"),
        (Condition(attribute="vip", one_of=["true"]), "attribute_type", "use true or false"),
        (Condition(attribute="vip", below=True), "attribute_type", "no order"),
        (Condition(attribute="ended_at", from_="2026-03-01T00:00:00"), "attribute_type", "zone"),
        (Condition(attribute="ended_at", from_="soon"), "attribute_type", "such as"),
    ],
)
def test_a_condition_that_does_not_fit_the_analysis_is_refused(
    condition: Condition, reason: str, named: str
) -> None:
    """With the attribute and what to use."""
    with pytest.raises(UnfitAttribute, match=named) as refused:
        attribute_sql(TYPES, [condition], {})

    assert reason == refused.value.reason


def test_no_value_of_a_condition_becomes_part_of_a_statement() -> None:
    """Names are checked, values are parameters of their type."""
    values: dict[str, Any] = {"text": "a'b", "integer": 12345, "number": 678.5, "boolean": True}
    types = {f"a_{kind}": kind for kind in values}
    sql = attribute_sql(
        types, [Condition(attribute=f"a_{kind}", one_of=[v]) for kind, v in values.items()], {}
    )

    text = " ".join(sql.names.values())
    assert not any(str(value) in text for value in ("a'b", 12345, 678.5))
    assert {kind: [value] for kind, value in values.items()} == {
        kind: sql.params[ARRAYS[kind]] for kind in values
    }


# The source


def test_a_source_without_an_attribute_or_of_another_type_is_named(
    harness: TrackingHarness,
) -> None:
    """Names of columns are compared without case, as tables do."""
    problems = harness.tracking.source_problems(TYPES | {"team": "text", "QUEUE": "integer"})

    assert ["unknown_attribute", "attribute_type"] == [reason for reason, _ in problems]
    assert "has no column team" == problems[0][1]
    assert "has QUEUE as STRING, where an attribute of type integer needs INTEGER" == problems[1][1]
    assert [] == harness.tracking.source_problems(TYPES)


@pytest.mark.parametrize(
    ("kind", "fits", "unfit"),
    [
        ("text", ["STRING", "INTEGER", "BOOLEAN", "DATE"], ["FLOAT", "JSON", "REPEATED STRING"]),
        ("integer", ["INTEGER"], ["STRING", "FLOAT", "NUMERIC"]),
        ("number", ["FLOAT", "INTEGER", "NUMERIC", "BIGNUMERIC"], ["STRING", "BOOLEAN"]),
        ("boolean", ["BOOLEAN"], ["STRING", "INTEGER"]),
        ("time", ["TIMESTAMP"], ["DATETIME", "DATE", "STRING"]),
    ],
)
def test_an_attribute_is_read_from_columns_that_lose_nothing(
    kind: str, fits: list[str], unfit: list[str]
) -> None:
    """A time needs a zone, a whole number no rounding."""
    found = {t: [*column_problems({"a": kind}, {"a": t}, {})] for t in (*fits, *unfit)}

    assert unfit == [type_ for type_, problems in found.items() if problems]


def test_direction_and_provider_are_attributes_under_the_source_s_own_names() -> None:
    """The configuration names the column; the analysis says what it means."""
    names = Source(columns={"direction": "call_dir"}).names()
    sql = attribute_sql({"direction": "text"}, [], names)

    assert "CAST(`call_dir` AS STRING) AS `direction`" in sql.names["attribute_values"]


# Redaction

REDACT = {"rules": [{"name": "digits", "pattern": "[0-9]{4,}", "replacement": "[NUMBER]"}]}


def redacting(**files: Any) -> Analysis:
    texts = files_of({}, attributes=TYPES) | {"user.md": USER}
    return load_analysis(NAME, texts | {"redact.json": json.dumps(REDACT | files)})


def test_text_among_the_attributes_is_redacted_before_it_is_frozen(
    harness: TrackingHarness,
) -> None:
    """By the rules of the transcript, foreign digits folded; of other types nothing is left to redact."""
    harness.source([asked(queue="call ٠١٧١ 123456", agent=98765, seconds=12345)])
    made = plan(harness, redacting())

    (values,) = frozen(harness)
    assert ("call [NUMBER] [NUMBER]", "[NUMBER]", 12345) == (
        values["queue"], values["agent"], values["seconds"],
    )  # fmt: skip
    assert "123456" not in harness.everything().replace(
        str(harness.sql("FROM transcription_pass_2")), ""
    )
    assert 1 == made.records


def test_redaction_that_is_off_leaves_attributes_as_they_are(harness: TrackingHarness) -> None:
    """As it leaves transcripts."""
    harness.source([asked(queue="call 123456")])
    plan(harness, redacting(redact="off"))

    assert "call 123456" == frozen(harness)[0]["queue"]


def test_conditions_see_the_source_as_it_is(harness: TrackingHarness) -> None:
    """A value that is not sent may decide what is sent."""
    harness.source([asked(1, queue="123456"), asked(2, queue="654321")])
    made = plan(harness, redacting(), attributes=[Condition(attribute="queue", one_of=["123456"])])

    assert (1, 1) == (made.records, made.outside_filter)
    assert ["[NUMBER]"] == [row["queue"] for row in frozen(harness)]


def test_the_bytes_of_redacted_attributes_are_counted(harness: TrackingHarness) -> None:
    """A replacement may be longer than what it replaces."""
    harness.source([asked(queue="1234", score=None)])
    made = plan(harness, redacting())

    (attributes,) = harness.sql("SELECT attributes FROM batch_records")
    line = b"".join(
        render(ANALYSIS, [Request("0" * 32, "hello there", ANALYSIS.output_cap, *attributes)])
    )
    assert b"[NUMBER]" in line
    assert len(line) <= made.bytes


# After the plan


def test_rows_have_the_attributes_of_their_plan(harness: TrackingHarness) -> None:
    """Of every record; what the source has by then does not matter."""
    rows = [asked(1), asked(2, queue="sales")]
    harness.source(rows)
    plan(harness, analysis_with({"queue": "text"}))
    harness.warehouse.db.execute("UPDATE transcription_pass_2 SET queue = 'late'")
    harness.close(all_good([call(1), call(2)]))

    stored = harness.sql("SELECT record_id, attributes FROM transcription_analyzed_transcripts")
    assert all(text for _, text in stored)
    assert {id_of(row): {"queue": row["queue"]} for row in rows} == {
        record_id: json.loads(text) for record_id, text in stored
    }
    assert {"billing", "sales"} == {row["queue"] for row in frozen(harness)}
