"""Prediction files read on their own, without a warehouse."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import IO, Any, BinaryIO

from analysis import Analysis, AnalysisError, Reader, Reading, lines_of, load_analysis
from tracking.tables import columns_of

BLOCK = 1 << 20


class BadInput(Exception):
    """A file or a folder cannot be used; the text says which and why."""


def read_files(files: list[Path], out: Path, analysis_name: str) -> dict[str, Any]:
    """Write rows.ndjson, errors.ndjson and summary.json; returns the summary.

    All files together are taken as the output of one job: a key that is answered twice in them
    is no answer. Memory grows by a few dozen bytes a record, for that check alone.
    """
    try:
        analysis = load_analysis(analysis_name)
        out.mkdir(parents=True, exist_ok=True)
        outcome = _Outcome(out, analysis)
        with outcome:
            for file in files:
                _read_file(file, analysis, outcome)
        outcome.withdraw_doubled()
    except AnalysisError as error:
        raise BadInput(str(error)) from error
    except (OSError, EOFError) as error:
        raise BadInput(f"{getattr(error, 'filename', None) or out}: {error}") from error
    summary = outcome.summary([str(file) for file in files])
    (out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return summary


def _read_file(file: Path, analysis: Analysis, outcome: "_Outcome") -> None:
    reader = Reader(analysis)
    with _open(file) as stream:
        blocks = iter(lambda: stream.read(BLOCK), b"")
        for number, line in enumerate(lines_of(blocks), start=1):
            if line.strip():
                outcome.take(file, number, reader.read_line(line, number))


def _open(file: Path) -> gzip.GzipFile | BinaryIO:
    with file.open("rb") as probe:
        packed = probe.read(2) == b"\x1f\x8b"
    return gzip.GzipFile(file) if packed else file.open("rb")


class _Outcome:
    """Where the readings go, and what they add up to."""

    def __init__(self, out: Path, analysis: Analysis) -> None:
        self._rows_path, self._errors_path = out / "rows.ndjson", out / "errors.ndjson"
        self._analysis = analysis
        self._columns = [column.name for column in columns_of(analysis.table)]
        self._seen: dict[str, bool] = {}
        """Whether this record was answered more than once."""
        self._types: Counter[str] = Counter()
        self._methods: Counter[str] = Counter()
        self._lines = 0

    def __enter__(self) -> "_Outcome":
        self._rows = self._rows_path.open("wb")
        self._errors = self._errors_path.open("wb")
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()
        self._errors.close()

    def take(self, file: Path, line: int, reading: Reading) -> None:
        self._lines += 1
        if reading.record_id is not None:
            self._seen[reading.record_id] = reading.record_id in self._seen
        where = {"file": str(file), "line": line}
        if reading.error_type is not None:
            self._error(reading.record_id, reading.error_type, reading.detail, where)
            return
        self._methods[reading.parse_method or ""] += 1
        _write(self._rows, self._row(reading) | where)

    def withdraw_doubled(self) -> None:
        """Rows of records that were answered twice become errors."""
        doubled = {record for record, twice in self._seen.items() if twice}
        if not doubled:
            return
        kept = self._rows_path.with_suffix(".part")
        with (
            self._rows_path.open("rb") as rows,
            kept.open("wb") as out,
            self._errors_path.open("ab") as self._errors,
        ):
            for row in map(json.loads, rows):
                if row["record_id"] in doubled:
                    where = {"file": row["file"], "line": row["line"]}
                    self._methods[row["parse_method"]] -= 1
                    self._error(row["record_id"], "duplicate_key", None, where)
                else:
                    _write(out, row)
        kept.replace(self._rows_path)

    def summary(self, files: list[str]) -> dict[str, Any]:
        return {
            "analysis": self._analysis.name,
            "files": files,
            "lines": self._lines,
            "rows": sum(self._methods.values()),
            "errors": sum(self._types.values()),
            "error_types": dict(self._types.most_common()),
            "parse_methods": {m: n for m, n in self._methods.most_common() if n},
        }

    def _row(self, reading: Reading) -> dict[str, Any]:
        told = _fields(reading) | reading.columns | {"analysis": self._analysis.name}
        told["model"] = told.pop("model_version", None)
        return {name: told.get(name) for name in self._columns}

    def _error(
        self, record: str | None, error_type: str, detail: str | None, where: dict[str, Any]
    ) -> None:
        self._types[error_type] += 1
        told = {"record_id": record, "error_type": error_type, "detail": detail}
        _write(self._errors, told | where)


def _fields(reading: Reading) -> dict[str, Any]:
    return {name: getattr(reading, name) for name in reading.__struct_fields__}


def _write(out: IO[bytes], row: dict[str, Any]) -> None:
    out.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
