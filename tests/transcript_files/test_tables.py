"""CSV, Excel and Parquet."""

import csv
import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.transcript_files.making import ExcelTime, rows_of, write_workbook, zstd
from troupe.transcript_files import csv_file, excel_file, parquet_file
from troupe.transcript_files.errors import BadFile
from troupe.transcript_files.reader import ReadOptions, TranscriptFile


def read(folder: Path, content: str | bytes, name: str = "calls.csv") -> list[dict[str, Any]]:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return rows_of(file)


def refused(folder: Path, content: str | bytes) -> str:
    with pytest.raises(BadFile) as bad:
        read(folder, content)
    return str(bad.value)


CELLS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=20
)


@given(
    st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5),
    st.sampled_from(",;\t|"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_cell_of_csv_is_read_as_it_was_written(
    tmp_path: Path,
    rows: list[tuple[str, str]],
    delimiter: str,
    quoting: Any,
    end: str,
    encoding: str,
) -> None:
    """Whatever is in it, with any delimiter and any of the usual encodings."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerow(["Call ID", "Reference", "Text"])
    writer.writerows((f"i{n}", *row) for n, row in enumerate(rows))

    found = read(tmp_path, text.getvalue().encode(encoding))

    assert [
        {
            "interactionId": f"i{n}",
            **({"referenceId": reference} if reference not in ("", "\\N") else {}),
            **({"transcript": words} if words not in ("", "\\N") else {}),
        }
        for n, (reference, words) in enumerate(rows)
    ] == found


def test_other_ways_of_quoting_are_found(tmp_path: Path) -> None:
    """With backslashes, as MySQL writes it, with single quotes, and with Excel's note."""
    for text in (
        'id,text\n1,"say \\"hi\\", ok"\n',
        "'id','text'\n'1','say \"hi\", ok'\n",
        'sep=;\nid;text\n1;"say ""hi"", ok"\n',
    ):
        assert [{"interactionId": "1", "transcript": 'say "hi", ok'}] == read(tmp_path, text)


def test_empty_cells_and_rows_are_null(tmp_path: Path) -> None:
    """Ids keep their zeros."""
    text = 'id;text;provider\n007;"";\\N\n;;\n\n8;x;\n'

    assert [{"interactionId": "007"}, {"interactionId": "8", "transcript": "x"}] == read(
        tmp_path, text
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('id,text\n1,x\n2,"open\n', "line 3: the quoting is broken (unexpected end of data)"),
        ('id,text\n1,"x"y\n', "line 2: the quoting is broken"),
        ("id,text\n1,x\n2\n", "line 3: 1 cells, and the header has 2"),
        ('id,text\n1,"a\nb"\n2,x,y\n', "line 4: 3 cells, and the header has 2"),
        ("id,text,id\n1,x,2\n", "line 1: the column id is given twice"),
        ("4915112345,Hello\n1,x\n", "line 1: this is no header"),
        ("Just a text.\nAnother line.\n", "line 1: this is neither JSON, CSV, Parquet nor Excel"),
        ("id,text\n1,\0\n", "line 2: it has a NUL byte"),
    ],
)
def test_a_table_that_is_not_whole_is_refused_by_its_line(
    tmp_path: Path, text: str, problem: str
) -> None:
    """A row is never left out: the last one with an open quote is an error."""
    assert f"calls.csv, {problem}" in refused(tmp_path, text)


def test_a_table_of_no_rows_has_none(tmp_path: Path) -> None:
    assert [] == read(tmp_path, "id,text\n")


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress], ids=["gzip", "zstd"])
def test_a_packed_table_is_read(tmp_path: Path, pack: Any) -> None:
    assert 2 == len(read(tmp_path, pack(b"id,text\n1,x\n2,y\n"), "calls"))


def test_a_long_line_of_a_table_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is a cell of many lines."""
    monkeypatch.setattr(csv_file, "LONGEST", 1_000)

    assert "line 2: longer than 1,000 bytes" in refused(tmp_path, f"id,text\n1,{'x' * 2_000}\n")
    cell = "x\n" * 1_000
    assert "line 2: the quoting is broken (field larger than field limit" in refused(
        tmp_path, f'id,text\n1,"{cell}"\n'
    )
    assert csv.field_size_limit() > 1_000, "the limit of the process is as before"


# Excel


def test_a_workbook_is_read_below_its_title(tmp_path: Path) -> None:
    """Numbers are ids with all their digits, times are times, and empty rows are skipped."""
    file = tmp_path / "calls.xlsx"
    rows: list[list[Any]] = [
        ["Calls of March"], [], ["Call ID", "Customer Phone", "Text", "Start Time"],
        [12345, 4915112345678, "Hello\n<there> & you", ExcelTime(46082.370138888888)],
        [None, None, None, None], ["i2", "t", None, None],
    ]  # fmt: skip
    write_workbook(file, rows)

    assert [
        {"phone_number_token": "4915112345678", "interactionId": "12345",
         "transcript": "Hello\n<there> & you", "event_timestamp": "2026-03-01 08:53:00"},
        {"phone_number_token": "t", "interactionId": "i2"},
    ] == rows_of(file, zone=ZoneInfo("UTC"))  # fmt: skip
    with pytest.raises(BadFile, match="row 4: Start Time: the time has no zone"):
        rows_of(file)


def test_sheets_that_are_not_read_are_named(tmp_path: Path) -> None:
    """Only the first one is read."""
    file = tmp_path / "calls.xlsx"
    write_workbook(file, [["id", "text"], [1, "x"]], ["February", "March"])

    read = TranscriptFile(file, "calls.xlsx", ReadOptions())
    assert 1 == len(list(read.rows()))
    assert ["only the first sheet is read, and not February, March"] == read.notes


def test_a_workbook_that_is_large_when_unpacked_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it is read: it would be in memory whole."""
    file = tmp_path / "calls.xlsx"
    rows: list[list[Any]] = [["id", "text"], *([n, "x" * 30_000] for n in range(50))]
    write_workbook(file, rows)
    assert 50 == len(rows_of(file))
    monkeypatch.setattr(excel_file, "LONGEST_WORKBOOK", 1_000_000)

    with pytest.raises(BadFile, match="unpacked it has more than 1,000,000 bytes: save it as CSV"):
        rows_of(file)


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    """Cut off, no workbook at all, or a sheet that is no XML."""
    file = tmp_path / "calls.xlsx"
    write_workbook(file, [["id", "text"], [1, "x"]])
    whole = file.read_bytes()

    for size in range(4, len(whole), 97):
        file.write_bytes(whole[:size])
        with pytest.raises(BadFile, match="the workbook is damaged"):
            rows_of(file)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("calls.csv", "id,text\n")
    with pytest.raises(BadFile, match="a zip archive: unpack it first"):
        rows_of(file)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<oops")
    with pytest.raises(BadFile, match=r"the workbook is damaged \("):
        rows_of(file)


def test_without_the_extra_the_command_to_install_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "calls.xlsx"
    write_workbook(file, [["id", "text"], [1, "x"]])
    monkeypatch.setitem(__import__("sys").modules, "python_calamine", None)

    with pytest.raises(BadFile, match=r"to read Excel, run pip install 'troupe\[excel\]'"):
        rows_of(file)


# Parquet


@pytest.fixture(scope="module")
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def write_parquet(db: duckdb.DuckDBPyConnection, file: Path, select: str, more: str = "") -> None:
    db.execute(f"COPY ({select}) TO '{file}' (FORMAT parquet{more})")


@pytest.mark.parametrize(
    ("column", "column_name", "value"),
    [
        ("12345::BIGINT AS ref", "referenceId", "12345"),
        ("5.0::DOUBLE AS ref", "referenceId", "5"),
        ("7.00::DECIMAL(9, 2) AS ref", "referenceId", "7"),
        ("encode('ü') AS ref", "referenceId", "ü"),
        ("uuid '6d1b3b9e-0b53-4fb9-9b4b-0d5f9a1c2e11' AS ref", "referenceId",
         "6d1b3b9e-0b53-4fb9-9b4b-0d5f9a1c2e11"),
        ("timestamptz '2026-03-01 09:53:00+01' AS start_time", "event_timestamp",
         "2026-03-01 08:53:00"),
        ("date '2026-03-01' AS date", "event_timestamp", "2026-03-01 00:00:00"),
        ("1772355180000::BIGINT AS timestamp", "event_timestamp", "2026-03-01 08:53:00"),
    ],
)  # fmt: skip
def test_columns_of_parquet_have_types(
    tmp_path: Path, db: duckdb.DuckDBPyConnection, column: str, column_name: str, value: str
) -> None:
    """Ids become text, and times with a zone are moments."""
    file = tmp_path / "calls[1].parquet"  # a pattern, to DuckDB
    write_parquet(db, file, f"SELECT 'i' AS \"Call ID\", 'x' AS text, {column}")

    (row,) = rows_of(file)
    assert value == row[column_name]


def test_turns_of_parquet_are_lists_of_structs(
    tmp_path: Path, db: duckdb.DuckDBPyConnection
) -> None:
    """Also with columns that are not used, whatever their type."""
    file = tmp_path / "calls.parquet"
    turns = "[{'speaker': 'agent', 'text': 'hi', 'at': now()}]"
    write_parquet(db, file, f"SELECT 'i' AS id, {turns} AS turns, interval 1 day AS extra")

    assert [{"interactionId": "i", "transcript": "AGENT: hi"}] == rows_of(file)


def test_a_time_of_parquet_without_a_zone_needs_the_option(
    tmp_path: Path, db: duckdb.DuckDBPyConnection
) -> None:
    """As everywhere."""
    file = tmp_path / "calls.parquet"
    write_parquet(db, file, "SELECT 1 AS id, 'x' AS text, timestamp '2026-03-01 09:53:00' AS time")

    with pytest.raises(BadFile, match="row 1: time: the time has no zone"):
        rows_of(file)
    assert (
        "2026-03-01 08:53:00" == rows_of(file, zone=ZoneInfo("Europe/Berlin"))[0]["event_timestamp"]
    )


def test_rows_of_parquet_keep_their_order(tmp_path: Path, db: duckdb.DuckDBPyConnection) -> None:
    """More of them than are fetched at once, in several groups."""
    file = tmp_path / "calls.parquet"
    write_parquet(
        db, file, "SELECT range AS id, 'x' AS text FROM range(5000)", ", ROW_GROUP_SIZE 2048"
    )

    assert [str(n) for n in range(5_000)] == [row["interactionId"] for row in rows_of(file)]


def test_a_damaged_parquet_file_is_refused(tmp_path: Path, db: duckdb.DuckDBPyConnection) -> None:
    """By its name, without its content."""
    file = tmp_path / "calls.parquet"
    write_parquet(db, file, "SELECT range AS id, 'Jane' || range AS text FROM range(100)")
    whole = file.read_bytes()

    for damaged in (
        whole[:-8],
        whole[:50],
        b"PAR1" + b"x" * 90,
        whole[:20] + b"\xff" * 400 + whole[420:],
    ):
        file.write_bytes(damaged)
        with pytest.raises(
            BadFile, match=r"calls.parquet: the Parquet file is damaged \(\w+\); nothing"
        ) as bad:
            rows_of(file)
        assert "Jane" not in str(bad.value)


def test_a_parquet_file_that_needs_too_much_memory_is_refused(
    tmp_path: Path, db: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few kilobytes of it may be gigabytes of text."""
    file = tmp_path / "calls.parquet"
    write_parquet(db, file, "SELECT range AS id, repeat('x', 1000000) || range AS text FROM range(60)",
                  ", COMPRESSION zstd")  # fmt: skip
    monkeypatch.setitem(parquet_file._SETTINGS, "memory_limit", "20MB")

    with pytest.raises(BadFile, match="needs more than 20MB of memory: write it with smaller row"):
        rows_of(file)


@pytest.mark.parametrize("kind", ["parquet", "xlsx"])
def test_what_is_packed_a_second_time_is_refused(tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"calls.{kind}.gz"
    file.write_bytes(gzip.compress({"parquet": b"PAR1", "xlsx": b"PK\x03\x04"}[kind] + b"x" * 99))

    with pytest.raises(BadFile, match="in gzip: unpack it first"):
        rows_of(file)


@pytest.mark.parametrize(
    ("start", "problem"),
    [(b"BZh91", "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"Obj\x01", "Avro"), (b"%PDF-1.7", "PDF"),
     (b"\xd0\xcf\x11\xe0\xa1", "old Excel"), (b"RIFF", "recording")],
)  # fmt: skip
def test_other_files_are_refused_with_what_to_do(
    tmp_path: Path, start: bytes, problem: str
) -> None:
    assert problem in refused(tmp_path, start + b"\0" * 50)
