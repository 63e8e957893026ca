"""Loading a file of transcripts: the whole file, or an error that names the line."""

import gzip
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.local.fakes import HeldClock
from tests.transcript_files.making import zstd
from troupe.backends.local.bucket import LocalBucket
from troupe.backends.local.load import Loaded, NamedFile, load_files
from troupe.backends.local.warehouse import LocalWarehouse
from troupe.transcript_files import content as content_module
from troupe.transcript_files import json_values as json_module
from troupe.transcript_files.errors import BadFile
from troupe.transcript_files.reader import ReadOptions


def line(number: int = 1, **columns: Any) -> bytes:
    """Return one line; a column given as `...` is left out."""
    row = {
        "phone_number_token": f"t{number}", "referenceId": f"r{number}",
        "interactionId": f"i{number}", "transcript": f"hello {number}", "direction": "INBOUND",
        "provider": "acme", "event_timestamp": "2026-03-01T12:00:00Z",
    } | columns  # fmt: skip
    return json.dumps({k: v for k, v in row.items() if v is not ...}).encode() + b"\n"


class LoadHarness:
    """A warehouse, and a folder for the files."""

    def __init__(self, folder: Path, warehouse: LocalWarehouse) -> None:
        self.folder, self.warehouse = folder, warehouse

    def load(self, content: bytes, name: str = "calls.jsonl") -> Loaded:
        file = self.folder / name
        file.write_bytes(content)
        return self.load_files(file)

    def load_files(self, *files: Path) -> Loaded:
        aside = self.folder / "aside"
        aside.mkdir(exist_ok=True)
        named = [NamedFile(file, str(file)) for file in files]
        try:
            return load_files(named, ReadOptions(), self.warehouse, aside)
        finally:
            assert [] == list(aside.iterdir()), "what was written aside is gone"

    def rows(self, *columns: str) -> list[tuple[Any, ...]]:
        names = ", ".join(f'"{c}"' for c in columns or ("interactionId",))
        return self.warehouse.db.execute(
            f"SELECT {names} FROM transcription_pass_2 ORDER BY ALL"  # noqa: S608
        ).fetchall()


@pytest.fixture(scope="module")
def one_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalWarehouse]:
    made = LocalWarehouse(None, HeldClock(), LocalBucket(tmp_path_factory.mktemp("bucket")))
    yield made
    made.close()


@pytest.fixture
def harness(tmp_path: Path, one_warehouse: LocalWarehouse) -> LoadHarness:
    for table in ("transcription_pass_2", "local_jobs"):
        one_warehouse.db.execute(f"DELETE FROM {table}")  # noqa: S608
    return LoadHarness(tmp_path, one_warehouse)


def refused(harness: LoadHarness, content: bytes, match: str) -> None:
    """Check that the file is refused with this text, and nothing is loaded."""
    with pytest.raises(BadFile, match=match):
        harness.load(content)
    assert [] == harness.rows()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_every_row_is_loaded_as_it_is(harness: LoadHarness, pack: Any) -> None:
    """Compressed or not, whatever its name."""
    loaded = harness.load(pack(line(1) + line(2, transcript='ü😀 "quoted"\n\u2028\\')))

    assert (2, 2, []) == (loaded.rows, loaded.added, loaded.files[0].unused_columns)
    assert [("i1", "hello 1"), ("i2", 'ü😀 "quoted"\n\u2028\\')] == harness.rows(
        "interactionId", "transcript"
    )


def test_the_same_file_twice_adds_nothing(harness: LoadHarness) -> None:
    """Under any name, compressed or not."""
    content = line(1) + line(2)
    harness.load(content)

    again = [
        harness.load(content),
        harness.load(content, "copy.jsonl"),
        harness.load(gzip.compress(content), "x.gz"),
    ]

    assert [(2, 0)] * 3 == [(loaded.rows, loaded.added) for loaded in again]
    assert 2 == len(harness.rows())


def test_a_file_that_grew_is_another_file(harness: LoadHarness) -> None:
    """Its rows are stored twice; a plan takes each once."""
    harness.load(line(1))
    harness.load(line(1) + line(2))

    assert [("i1",), ("i1",), ("i2",)] == harness.rows()


def test_an_empty_file_has_no_rows(harness: LoadHarness) -> None:
    """Nor has a file of blank lines."""
    assert [(0, 0), (0, 0), (0, 0)] == [
        (loaded.rows, loaded.added)
        for loaded in (
            harness.load(b""),
            harness.load(b"\n \r\n\n", "b"),
            harness.load(gzip.compress(b""), "c"),
        )
    ]
    assert [] == harness.rows()


@pytest.mark.parametrize(
    ("more", "name"),
    [
        (b'"transcript": "other", ', "transcript"),
        (b'"tran\\u0073cript": "other", ', "transcript"),
        (b'"note": 1, "note": 1, ', "note"),
        (b'"note": [{"a": 1, "a": 1}], ', r"note\[0\].a"),
    ],
)
def test_a_column_that_is_given_twice_is_refused(
    harness: LoadHarness, more: bytes, name: str
) -> None:
    """Also one that the source table does not have; which value is meant is unknown."""
    twice = line(2).replace(b"{", b"{" + more, 1)

    refused(harness, line(1) + twice, f"line 2: {name} is given twice; nothing was loaded")


def test_blank_lines_and_windows_line_ends_are_skipped(harness: LoadHarness) -> None:
    """The last line needs no line end."""
    loaded = harness.load(b"\n" + line(1).replace(b"\n", b"\r\n") + b"  \n" + line(2).rstrip())

    assert 2 == loaded.added


def test_numbers_may_be_ids(harness: LoadHarness) -> None:
    """They are stored as text, with all digits."""
    harness.load(line(phone_number_token=7, interactionId=12345678901234567890123, referenceId=-1))

    assert [("7", "12345678901234567890123", "-1")] == harness.rows(
        "phone_number_token", "interactionId", "referenceId"
    )


def test_times_are_stored_in_utc(harness: LoadHarness) -> None:
    """With all digits that they have."""
    harness.load(
        line(2, event_timestamp="2026-03-01T12:00:00+02:00")
        + line(3, event_timestamp="2026-03-01 12:00:00.123456Z")
        + line(4, event_timestamp=None)
        + line(5, event_timestamp=...)
    )

    times = [None if t is None else t.isoformat() for (t,) in harness.rows("event_timestamp")]
    assert ["2026-03-01T10:00:00", "2026-03-01T12:00:00.123456", None, None] == times


def test_columns_that_cannot_be_kept_are_reported(harness: LoadHarness) -> None:
    """Objects, lists, and a synonym of a column that has its own name: in order, each once."""
    loaded = harness.load(line(1, zone=[1], agent="x", callid="c") + line(2, agent=None, zone={}))

    assert ["callid", "zone"] == loaded.files[0].unused_columns
    assert ["agent"] == [each.name for each in loaded.files[0].further_columns]
    assert 2 == loaded.added


def test_missing_values_are_stored_as_null(harness: LoadHarness) -> None:
    """A row without phone token or transcript is loaded; the plan judges it."""
    harness.load(line(phone_number_token=None, interactionId=7, referenceId=..., transcript=None))

    assert [(None, "7", None, None)] == harness.rows(
        "phone_number_token", "interactionId", "referenceId", "transcript"
    )


@pytest.mark.parametrize(
    ("interaction", "reference"),
    [(None, None), (None, ...), ("", ""), (" \t", None), ("\u00a0", "\u3000\u200b")],
)
def test_a_row_without_interaction_and_reference_id_is_refused(
    harness: LoadHarness, interaction: Any, reference: Any
) -> None:
    """Nothing tells it from the other calls of the same customer."""
    blank = line(2, interactionId=interaction, referenceId=reference)

    refused(harness, line(1) + blank, "line 2: interactionId and referenceId are blank: give one")


def test_a_row_may_lack_what_is_null(harness: LoadHarness) -> None:
    """BigQuery's export leaves nulls out."""
    for column in ("phone_number_token", "interactionId", "transcript", "direction"):
        assert 2 == harness.load(line(1) + line(2, **{column: ...})).added


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (b"{oops\n", "line 3"),
        (b"[1, 2]\n", "line 3"),
        (b'"text"\n', "line 3"),
        (b"null\n", "line 3"),
        (line(2) + b"{} {}\n", "line 4"),
        (line(transcript=7), "line 3: transcript: expected a text"),
        (line(phone_number_token=1.5), "line 3: phone_number_token: expected a text or a whole"),
        (line(interactionId=True), "line 3: interactionId: expected"),
        (line(interactionId=["a"]), "line 3: interactionId: expected"),
        (line(event_timestamp="yesterday"), "line 3: event_timestamp: this is not a time"),
        (line(event_timestamp=46_000.5), "line 3: event_timestamp: the number is no count"),
        (line(event_timestamp="2026-03-01T12:00:00"), "line 3: event_timestamp: the time has no"),
        (line(event_timestamp="0001-01-01T00:00:00+14:00"), "line 3"),
        (line(event_timestamp="9999-12-31T23:59:59-12:00"), "line 3"),
        (line(transcript="LONE").replace(b"LONE", b"\\ud83d"), "line 3"),
        (line(transcript="BYTES").replace(b"BYTES", b"\xff\xfe"), "line 3"),
        (b"\xff\xfe\x00", "line 3"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "line 3"),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else None,
)
def test_an_invalid_line_is_reported_by_its_number_and_nothing_is_loaded(
    harness: LoadHarness, broken: bytes, words: str
) -> None:
    """Blank lines count, as in an editor."""
    refused(harness, line(1) + b"\n" + broken, words)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress], ids=["", "gzip", "zstd"])
@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"]
)  # fmt: skip
def test_a_text_in_another_unicode_encoding_is_loaded(
    harness: LoadHarness, encoding: str, pack: Any
) -> None:
    """With a byte order mark, and UTF-16 also without one."""
    text = (line(1) + line(2)).decode().replace("hello", "Grüße 😀")

    harness.load(pack(text.encode(encoding)))

    assert [("Grüße 😀 1",), ("Grüße 😀 2",)] == harness.rows("transcript")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (line(1) + line(transcript="X").replace(b"X", b"a\x00b"), "line 2: it has a NUL byte"),
        (line(1) + line(transcript="X").replace(b"X", b"\xe9"), "line 2: byte 0xE9 at position "),
        (line(transcript="X" * 300_000).replace(b"XXX\"", b"X\xc3\""), "line 1: byte 0xC3 at"),
        (b"\xff\xfea", "line 1: byte 0x61 at position 2 is not UTF-16-LE: the file is damaged"),
        (line(1) + line(transcript="X").replace(b'"X"', b"[" * 99_999), "line 2: it is nested too"),
    ],
    ids=["nul", "latin", "at the edge of a block", "utf-16", "nested"],
)  # fmt: skip
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_file_that_is_no_text_is_refused_by_its_position(
    harness: LoadHarness, pack: Any, content: bytes, problem: str
) -> None:
    """One line of text says what to do."""
    with pytest.raises(BadFile) as bad:
        harness.load(pack(content))

    assert str(bad.value).startswith(f"{harness.folder / 'calls.jsonl'}, {problem}")
    assert str(bad.value).endswith("; nothing was loaded")
    assert "\n" not in str(bad.value)
    assert [] == harness.rows()


@pytest.mark.parametrize("tail", [b"", b"\n" + line(2)], ids=["last", "first"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_line_over_the_limit_is_refused_with_the_limit(
    harness: LoadHarness, monkeypatch: pytest.MonkeyPatch, pack: Any, tail: bytes
) -> None:
    """The rest of the line is not kept: the memory that is needed does not grow with it."""
    monkeypatch.setattr(json_module, "LONGEST", 300)
    whole = line(1, transcript="x" * (300 - len(line(1, transcript="")) + 1))
    assert 1 == harness.load(pack(whole)).added, "a line of the limit's length is loaded"
    harness.warehouse.db.execute("DELETE FROM transcription_pass_2")

    refused(
        harness,
        pack(line(3) + whole.replace(b"x", b"xx", 1) + tail),
        "line 2: longer than 300 bytes, the limit of a line; nothing was loaded",
    )


def test_a_bomb_of_one_line_is_read_in_blocks(
    harness: LoadHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gigabyte of one character is a megabyte of gzip."""
    sizes: list[int] = []
    read = gzip.GzipFile.read

    def counted(stream: gzip.GzipFile, size: int | None = -1) -> bytes:
        sizes.append(size or -1)
        return read(stream, size)

    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    monkeypatch.setattr(json_module, "LONGEST", 1_000_000)
    refused(
        harness,
        gzip.compress(b'{"a": "' + b"x" * 4_000_000, 1),
        "line 1: longer than 1,000,000 bytes",
    )

    assert {content_module.BLOCK} == {*sizes}


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes there")
def test_a_pipe_or_a_device_is_refused_and_not_waited_for(harness: LoadHarness) -> None:
    """The worker of the folder would wait for a writer, and do nothing else."""
    pipe = harness.folder / "pipe"
    os.mkfifo(pipe)

    for path in (pipe, Path(os.devnull)):
        with pytest.raises(BadFile, match=f"{path}: this is a pipe or a device: write its content"):
            harness.load_files(path)


def test_rows_that_the_warehouse_refuses_are_an_error_without_their_text(
    harness: LoadHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> bool:
        raise duckdb.InvalidInputException("malformed: Jane Doe")

    monkeypatch.setattr(harness.warehouse, "insert_source", refuse)
    with pytest.raises(BadFile) as bad:
        harness.load(line())

    assert "refused the rows (InvalidInputException); nothing was loaded" in str(bad.value)
    assert "Jane" not in str(bad.value)


def test_an_error_does_not_quote_the_line(harness: LoadHarness) -> None:
    """It may be printed and logged, and the line is personal data."""
    with pytest.raises(BadFile) as bad:
        harness.load(line(transcript=["Jane Doe", 7], direction="Jane Doe"))

    assert "Jane" not in str(bad.value)


def test_nul_is_kept(harness: LoadHarness) -> None:
    """It does not end the text."""
    harness.load(line(transcript="before\x00after"))

    assert [("before\x00after",)] == harness.rows("transcript")


def packed() -> bytes:
    return gzip.compress(
        b"".join(line(n, transcript=f"{n * 7919:x}") for n in range(2_000)), mtime=0
    )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-20],
        lambda data: data[: len(data) // 2],
        lambda data: data[:12],
        lambda data: data[:-8] + b"\0" * 8,
        lambda data: data[:20] + b"\xff" * 40 + data[60:],
        lambda data: data[:3000] + b"\0" * 50 + data[3050:],
        lambda data: data + b"rubbish",
        lambda data: b"\x1f\x8brubbish",
    ],
    ids=["cut", "half", "header", "checksum", "block", "inside", "tail", "rubbish"],
)
def test_a_damaged_gzip_file_is_reported_and_nothing_is_loaded(
    harness: LoadHarness, spoil: Any
) -> None:
    """Wherever the damage is."""
    refused(harness, spoil(packed()), "calls.jsonl")


def test_a_missing_file_is_named(harness: LoadHarness) -> None:
    """And a folder as well."""
    for path in (harness.folder / "nowhere.jsonl", harness.folder):
        with pytest.raises(BadFile, match=str(path)):
            harness.load_files(path)


def test_after_a_refused_file_a_good_one_is_loaded(harness: LoadHarness) -> None:
    """A corrected file is another file."""
    refused(harness, line(1) + b"{\n", "line 2")

    assert 1 == harness.load(line(1)).added


def test_equal_rows_are_loaded_once_however_they_are_written(harness: LoadHarness) -> None:
    """As an array, packed, with other names, or in two files at once."""
    array = b"[" + line(1).strip() + b",\n" + line(2).strip() + b"]"
    renamed = line(1).replace(b"interactionId", b"interaction_id") + line(2)
    files = [harness.folder / name for name in ("a", "b")]
    for file in files:
        file.write_bytes(line(1) + line(2))

    both = harness.load_files(*files)

    assert ([2, 0], 4) == ([file.added for file in both.files], both.rows)
    assert [0, 0, 0] == [
        harness.load(content, "again").added
        for content in (
            array,
            zstd.compress(array),
            renamed.replace(b"interaction_id", b"interactionId"),
        )
    ]
    assert 2 == len(harness.rows())


def test_files_are_loaded_together_or_not_at_all(
    harness: LoadHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the second one fails while it is inserted: the next try loads both."""
    files = [harness.folder / name for name in ("a", "b")]
    for number, file in enumerate(files):
        file.write_bytes(line(number))
    ended = harness.warehouse._end_job
    calls: list[str] = []

    def fail_at_the_second(name: str, state: str) -> None:
        calls.append(name)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        ended(name, state)

    with monkeypatch.context() as patch:
        patch.setattr(harness.warehouse, "_end_job", fail_at_the_second)
        with pytest.raises(OSError, match="No space left on device"):
            harness.load_files(*files)

    assert [] == harness.rows()
    assert 2 == harness.load_files(*files).added
