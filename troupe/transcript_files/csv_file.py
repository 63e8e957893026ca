"""CSV: the delimiter is found by the header, the way of quoting by reading the whole file once.

Python's reader and not DuckDB's, which in version 2.0.0 leaves out a last row whose quote has no
end, also in strict mode.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from analysis import lines_of
from analysis.reading.prediction_line import TOO_LONG

from .columns import known_names
from .content import LONGEST, Content
from .json_values import RefusedLine

_DELIMITERS = ",;\t|"
_HEADER_WITHIN = 1 << 16
"""Characters in which the header must end."""
_NULL = "\\N"
"""How MySQL and PostgreSQL write null; an empty cell is null as well."""

Open = Callable[[], AbstractContextManager[Content]]
Row = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class _Dialect:
    delimiter: str
    quote: str
    escape: str | None
    skipped: int
    """Lines before the header."""


def csv_rows(open_file: Open, mapped: Sequence[str]) -> Iterator[Row]:
    """Yield each row that is not empty with the number of its first line.

    `mapped` are names that --map gives. Raises `RefusedLine`.
    """
    dialect = _dialect(open_file, mapped)
    with open_file() as content, _long_fields():
        names, rows = _table(content, dialect, mapped)
        for line, cells in rows:
            yield line, dict(zip(names, map(_cell, cells), strict=True))


def _cell(text: str) -> str | None:
    return None if text in ("", _NULL) else text


def _dialect(open_file: Open, mapped: Sequence[str]) -> _Dialect:
    """Find how the file is written. The first way in which all of it can be read is taken."""
    with open_file() as content, _long_fields():
        found = _header_dialect(content, mapped)
    first: RefusedLine | None = None
    for escape in (None, "\\"):
        dialect = _Dialect(found.delimiter, found.quote, escape, found.skipped)
        try:
            with open_file() as content, _long_fields():
                for _ in _table(content, dialect, mapped)[1]:
                    pass
        except RefusedLine as refused:
            first = first or refused
            continue
        return dialect
    raise first or RefusedLine(1, "expected a table")


def _header_dialect(content: Content, mapped: Sequence[str]) -> _Dialect:
    """Take the delimiter with which the header has most names that we know."""
    lines: list[str] = []
    for line in _lines(content):
        lines.append(line)
        if sum(map(len, lines)) > _HEADER_WITHIN:
            break
    skipped = 0
    delimiters = _DELIMITERS
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        delimiters, skipped = lines[0][4], 1  # Excel's own note on the delimiter
    quote = "'" if "".join(lines[skipped:])[:1] == "'" else '"'
    options = [_Dialect(each, quote, None, skipped) for each in delimiters]
    return max(options, key=lambda each: _score(lines[skipped:], each, mapped))


def _score(lines: list[str], dialect: _Dialect, mapped: Sequence[str]) -> tuple[int, int]:
    try:
        header: list[str] = next(_reader(iter(lines), dialect), [])
    except csv.Error:
        return -1, 0
    return known_names(header, mapped), len(header)


def _table(
    content: Content, dialect: _Dialect, mapped: Sequence[str]
) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Return the header, and the rows with their lines. Raises `RefusedLine`."""
    lines = _lines(content)
    for _ in range(dialect.skipped):
        next(lines, None)
    reader = _reader(lines, dialect)
    records = _records(reader, dialect.skipped)
    header = next(records, (1, []))[1]
    return check_header(header, mapped), _checked(records, len(header))


def check_header(header: Sequence[str], mapped: Sequence[str]) -> list[str]:
    """Return the names of a table. Raises `RefusedLine` for a header that cannot be one."""
    names = [str(name).strip() for name in header]
    named = [name for name in names if name]
    twice = [name for name in named if named.count(name) > 1]
    if twice:
        raise RefusedLine(1, f"the column {twice[0]} is given twice")
    if named and not known_names(named, mapped):
        # The text is not shown: it may be a conversation.
        if len(named) == 1:
            raise RefusedLine(1, "this is neither JSON, CSV, Parquet nor Excel")
        if any(len(name) > 64 or name[:1].isdigit() for name in named):
            raise RefusedLine(1, "this is no header: the first line must name the columns")
    return [name or f"column {number}" for number, name in enumerate(names, start=1)]


def _checked(
    records: Iterator[tuple[int, list[str]]], width: int
) -> Iterator[tuple[int, list[str]]]:
    for line, cells in records:
        if not any(cells):
            continue
        if (len(cells) != width and any(cells[width:])) or len(cells) < width:
            raise RefusedLine(line, f"{len(cells)} cells, and the header has {width}")
        yield line, cells[:width]


def _records(reader: Any, skipped: int) -> Iterator[tuple[int, list[str]]]:
    while True:
        line = reader.line_num + skipped + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise RefusedLine(line, f"the quoting is broken ({error})") from error
        yield line, cells


def _reader(lines: Iterator[str], dialect: _Dialect) -> Any:
    return csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        strict=True,
    )


def _lines(content: Content) -> Iterator[str]:
    for number, line in enumerate(lines_of(content.blocks, LONGEST), start=1):
        if line is TOO_LONG:
            raise RefusedLine(number, f"longer than {LONGEST:,} bytes, the limit of a line")
        yield line.decode() + "\n"


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let cells be as long as a transcript may be; the limit belongs to the whole process."""
    before = csv.field_size_limit(LONGEST)
    try:
        yield
    finally:
        csv.field_size_limit(before)
