"""Excel workbooks (.xlsx), through calamine, which is an optional extra."""

import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .columns import known_names
from .csv_file import check_header
from .errors import BadFile

LONGEST_WORKBOOK = 128 << 20
"""Bytes that a workbook may have when it is unpacked: all of it is in memory."""
_HEADER_WITHIN = 20
"""Rows in which the header is looked for, below a title."""


def excel_rows(
    path: Path, name: str, mapped: Sequence[str], note: Callable[[str], None]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each row of the first sheet that is not empty, with its number in the sheet.

    `note` takes a sentence about what is not read. Raises `BadFile`, and `RefusedLine` for the header.
    """
    _check_size(path, name)
    first, cells, others = _sheet(path, name)
    if others:
        note(f"only the first sheet is read, and not {', '.join(others)}")
    start = _header_row(cells, mapped)
    names = check_header([str(cell) for cell in cells[start]], mapped) if cells else []
    for number, row in enumerate(cells[start + 1 :], start=first + start + 1):
        values = [None if cell == "" else cell for cell in row]
        if any(value is not None for value in values):
            yield number, dict(zip(names, values, strict=True))


def _header_row(cells: Sequence[Sequence[Any]], mapped: Sequence[str]) -> int:
    """Return which of the first rows has most names that we know; the first one of several."""
    scores = [known_names([str(cell) for cell in row], mapped) for row in cells[:_HEADER_WITHIN]]
    return scores.index(max(scores)) if scores else 0


def _sheet(path: Path, name: str) -> tuple[int, list[list[Any]], list[str]]:
    """Return the number of the first row that has a cell, all rows from there, and other sheets."""
    try:
        import python_calamine
    except ModuleNotFoundError:
        raise BadFile(f"{name}: to read Excel, run pip install 'troupe[excel]'") from None
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
        sheet = workbook.get_sheet_by_index(0)
        start = sheet.start or (0, 0)
        rows = [list(row) for row in sheet.to_python(skip_empty_area=True)]
        return start[0] + 1, rows, workbook.sheet_names[1:]
    except BaseException as error:
        # A panic of the Rust library is no Exception.
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        why = f"the workbook is damaged ({type(error).__name__}): save it again, or as CSV"
        raise BadFile(f"{name}: {why}; nothing was loaded") from error


def _check_size(path: Path, name: str) -> None:
    """Unpack the archive once without keeping it: what it says about its size may be wrong."""
    size = 0
    try:
        with zipfile.ZipFile(path) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                raise BadFile(f"{name}: it is a zip archive: unpack it first")
            for member in archive.infolist():
                with archive.open(member) as stream:
                    while block := stream.read(1 << 18):
                        size += len(block)
                        if size > LONGEST_WORKBOOK:
                            raise BadFile(
                                f"{name}: unpacked it has more than {LONGEST_WORKBOOK:,} bytes: "
                                "save it as CSV; nothing was loaded"
                            )
    except (
        zipfile.BadZipFile,
        OSError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        zlib.error,
    ) as error:
        why = "the workbook is damaged or has a password"
        raise BadFile(f"{name}: {why}; nothing was loaded") from error
