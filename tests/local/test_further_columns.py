"""`troupe load` keeps further columns of a file: with a type for each, or an error that names them."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.local.fakes import HeldClock
from tests.local.test_load import line
from troupe.backends.local.bucket import LocalBucket
from troupe.backends.local.load import Loaded, NamedFile, load_files, preview_files, read_options
from troupe.backends.local.warehouse import LocalWarehouse
from troupe.transcript_files.errors import BadFile, BadOption
from troupe.transcript_files.further_columns import identifier, split_map


class LoadHarness:
    """A warehouse, and a folder for the files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warehouse = LocalWarehouse(None, HeldClock(), LocalBucket(folder / "bucket"))

    def load(
        self, *files: tuple[str, bytes], mapped: tuple[str, ...] = (), timezone: str = ""
    ) -> Loaded:
        named = []
        for name, content in files:
            (self.folder / name).write_bytes(content)
            named.append(NamedFile(self.folder / name, name))
        options = read_options(mapped, timezone, "")
        preview_files(named, options)
        return load_files(named, options, self.warehouse, self.folder)

    def rows(self, *columns: str) -> list[tuple[Any, ...]]:
        names = ", ".join(f'"{name}"' for name in columns)
        sql = f"SELECT {names} FROM transcription_pass_2 ORDER BY rowid"  # noqa: S608
        return self.warehouse.db.execute(sql).fetchall()

    def types(self) -> dict[str, str]:
        ours = {*line_names(), "event_timestamp"}
        columns = self.warehouse.columns("transcription_pass_2")
        return {name: type_ for name, type_ in columns.items() if name not in ours}


def line_names() -> list[str]:
    return list(json.loads(line()))


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[LoadHarness]:
    made = LoadHarness(tmp_path)
    yield made
    made.warehouse.close()


CSV = (
    "interactionId,transcript,Queue,seconds,score,vip,ended,agent\n"
    "i1,hello,billing,61,12.50,true,2026-03-01T09:53:00+01:00,007\n"
    "i2,hello,sales,-3,7,FALSE,2026-03-01 08:54:00 UTC,12\n"
    "i3,hello,,,,,,\n"
)


def test_columns_of_a_csv_file_get_the_narrowest_type_of_their_values(harness: LoadHarness) -> None:
    """A number with leading zeros is an id, hence text; a time has its zone."""
    loaded = harness.load(("calls.csv", CSV.encode()))

    assert {
        "Queue": "STRING", "seconds": "INTEGER", "score": "FLOAT", "vip": "BOOLEAN",
        "ended": "TIMESTAMP", "agent": "STRING",
    } == harness.types()  # fmt: skip
    assert [
        ("billing", 61, 12.5, True, datetime(2026, 3, 1, 8, 53), "007"),  # noqa: DTZ001
        ("sales", -3, 7.0, False, datetime(2026, 3, 1, 8, 54), "12"),  # noqa: DTZ001
        (None,) * 6,
    ] == harness.rows("queue", "seconds", "score", "vip", "ended", "agent")
    assert [] == loaded.files[0].unused_columns
    assert ("Queue", "text", "Queue") == (
        loaded.files[0].further_columns[0].name, loaded.files[0].further_columns[0].type,
        loaded.files[0].further_columns[0].source,
    )  # fmt: skip


def test_values_of_json_keep_the_types_that_they_have(harness: LoadHarness) -> None:
    """Digits in quotes are text; a column of several types is text; NaN does not occur in JSON."""
    harness.load(
        (
            "calls.jsonl",
            line(1, agent="12", seconds=61, score=1, mixed=1, vip=False)
            + line(2, agent="13", seconds=62.0, score=0.5, mixed="x", vip=None)
            + line(3, mixed=True, seconds=None),
        )
    )

    assert {
        "agent": "STRING", "seconds": "INTEGER", "score": "FLOAT", "mixed": "STRING",
        "vip": "BOOLEAN",
    } == harness.types()  # fmt: skip
    assert [("12", 61, 1.0, "1"), ("13", 62, 0.5, "x"), (None, None, None, "true")] == harness.rows(
        "agent", "seconds", "score", "mixed"
    )


def test_a_whole_number_that_no_column_holds_is_text(harness: LoadHarness) -> None:
    """With all its digits."""
    harness.load(("calls.jsonl", line(1, big=2**63)))

    assert [(str(2**63),)] == harness.rows("big")


def test_objects_lists_and_empty_columns_are_not_kept(harness: LoadHarness) -> None:
    """They are named as not used, also where some rows have a scalar there."""
    loaded = harness.load(
        ("calls.jsonl", line(1, meta={"a": 1}, tags=[1], odd=1) + line(2, odd=[]))
    )

    assert {} == harness.types()
    assert ["meta", "odd", "tags"] == loaded.files[0].unused_columns


def test_another_name_of_a_column_of_ours_is_not_kept(harness: LoadHarness) -> None:
    """It may be the number of a person, which the phone token stands for."""
    loaded = harness.load(("calls.jsonl", line(1, callerNumber="0171 1", messages="x")))

    assert {} == harness.types()
    assert ["callerNumber", "messages"] == loaded.files[0].unused_columns


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("queue", "queue"),
        ("agentTeam", "agentTeam"),
        ("Agent team", "agent_team"),
        ("Gesprächsdauer (s)", "gesprachsdauer_s"),
        ("2nd level", "column_2nd_level"),
        ("  ", None),
        ("待ち", None),
        ("a" * 70, "a" * 63),
    ],
)
def test_a_name_becomes_one_that_a_column_can_have(name: str, made: str | None) -> None:
    """What is left of it without accents and other signs."""
    assert made == identifier(name)


def test_two_names_that_become_one_are_refused_with_the_remedy(harness: LoadHarness) -> None:
    """Nothing is loaded; with --map each has its own."""
    rows = line(1, **{"Agent team": "a", "agent-team": "b"})
    with pytest.raises(BadFile, match=r"calls.jsonl, line 1: .*would both be agent_team.*--map"):
        harness.load(("calls.jsonl", rows))

    harness.load(("calls.jsonl", rows), mapped=("agent-team=second:text",))
    assert [("a", "b")] == harness.rows("agent_team", "second")


def test_map_names_and_types_a_further_column(harness: LoadHarness) -> None:
    """Of a property in an object as well, and of the JSON of a service."""
    loaded = harness.load(
        ("calls.jsonl", line(1, Wait=7, call={"queue": "billing"}) + line(2)),
        mapped=("Wait=wait_seconds:number", "call.queue=queue:text"),
    )

    assert {"wait_seconds": "FLOAT", "queue": "STRING"} == harness.types()
    assert [(7.0, "billing"), (None, None)] == harness.rows("wait_seconds", "queue")
    assert [] == loaded.files[0].unused_columns


@pytest.mark.parametrize(
    ("pair", "named"),
    [
        ("queue=transcrpt", "NAME:TYPE"),
        ("queue=queue:string", "TYPE is one of text"),
        ("queue=call queue:text", "letters, digits"),
        ("queue=transcript:text", "letters, digits"),
        ("=queue:text", "COLUMN=NAME:TYPE"),
    ],
)
def test_a_map_that_is_neither_a_column_of_ours_nor_a_typed_one_is_refused(
    pair: str, named: str
) -> None:
    """A typo of our column is no further column."""
    with pytest.raises(BadOption, match=named):
        read_options([pair], "", "")


def test_a_further_column_is_mapped_once() -> None:
    """As a column of ours is."""
    with pytest.raises(BadOption, match="mapped twice"):
        split_map(["a=queue:text", "b=Queue:text"])


@pytest.mark.parametrize(
    ("mapped", "named"),
    [
        ("queue=queue:integer", "it holds text: use queue:text"),
        ("meta=meta:text", "it holds objects or lists"),
        ("nothing=queue:text", "there is no nothing"),
    ],
)
def test_a_mapped_column_that_is_missing_or_of_another_type_is_refused(
    harness: LoadHarness, mapped: str, named: str
) -> None:
    """Nothing is loaded."""
    with pytest.raises(BadFile, match=named):
        harness.load(("calls.jsonl", line(1, queue="billing", meta={"a": 1})), mapped=(mapped,))

    assert [] == harness.rows("transcript")


# Several files


def test_a_type_that_conflicts_with_the_table_is_refused(harness: LoadHarness) -> None:
    """With file, column and remedy; the rows of the other file are not loaded either."""
    harness.load(("a.jsonl", line(1, agent=7)))
    with pytest.raises(BadFile, match=r"c.jsonl: agent holds .*type text.*has type integer.*--map"):
        harness.load(("b.jsonl", line(2, agent=8)), ("c.jsonl", line(3, agent="A8")))

    assert [(7,)] == harness.rows("agent")
    harness.load(("c.jsonl", line(3, agent="A8")), mapped=("agent=agent_text:text",))
    assert [(7, None), (None, "A8")] == harness.rows("agent", "agent_text")


def test_a_table_takes_narrower_values(harness: LoadHarness) -> None:
    """Text takes all, numbers take whole numbers."""
    harness.load(("a.jsonl", line(1, agent="A", score=0.5)))
    harness.load(("b.jsonl", line(2, agent=7, score=1)))

    assert [("A", 0.5), ("7", 1.0)] == harness.rows("agent", "score")


def test_files_that_are_loaded_together_share_a_type(harness: LoadHarness) -> None:
    """That which fits all of them, whatever their order, and whatever the case of the name."""
    harness.load(("a.jsonl", line(1, agent=7)), ("b.jsonl", line(2, Agent="A8")))

    assert [("7",), ("A8",)] == harness.rows("agent")
    assert {"agent": "STRING"} == harness.types()


def test_the_same_rows_are_loaded_once_however_their_values_are_written(
    harness: LoadHarness,
) -> None:
    """As CSV, where all values are text, and as JSON."""
    first = harness.load(
        ("a.csv", b"interactionId,transcript,queue,seconds,vip\ni1,hello,billing,61,true\n")
    )
    row = {"interactionId": "i1", "transcript": "hello", "queue": "billing", "seconds": 61}
    again = harness.load(("b.jsonl", json.dumps(row | {"vip": True}).encode()))

    assert (1, 0) == (first.added, again.added)


def test_a_file_with_other_attributes_is_another_file(harness: LoadHarness) -> None:
    """Its rows are added; the plan takes one of the copies."""
    first = harness.load(("a.jsonl", line(1)))
    again = harness.load(("a.jsonl", line(1, queue="billing")))

    assert (1, 1) == (first.added, again.added)


def test_a_refused_row_leaves_no_column_behind(harness: LoadHarness) -> None:
    """Columns are created with the rows, in one transaction."""
    with pytest.raises(BadFile, match="interactionId"):
        harness.load(
            ("a.jsonl", line(1, queue="a") + line(2, interactionId=None, referenceId=None))
        )

    assert {} == harness.types()


def test_at_most_a_hundred_further_columns_are_kept(harness: LoadHarness) -> None:
    """The others are named as not used."""
    loaded = harness.load(("a.jsonl", line(1, **{f"a{n:03}": n for n in range(103)})))

    assert 100 == len(harness.types())
    assert ["a100", "a101", "a102"] == loaded.files[0].unused_columns
