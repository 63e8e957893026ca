"""Small files of transcripts for tests."""

import sys
from pathlib import Path
from typing import Any

from scripts.workbook import ExcelTime as ExcelTime
from scripts.workbook import write_workbook as write_workbook
from troupe.transcript_files.columns import read_map
from troupe.transcript_files.reader import ReadOptions, TranscriptFile

if sys.version_info >= (3, 14):
    from compression import zstd as zstd
else:
    from backports import zstd as zstd


def rows_of(file: Path, *mapped: str, zone: Any = None, form: str = "") -> list[dict[str, Any]]:
    """Read a file whole; columns without a value are left out."""
    options = ReadOptions(read_map(mapped), zone, form)
    rows = TranscriptFile(file, file.name, options).rows()
    return [{name: value for name, value in row.items() if value is not None} for row in rows]
