"""Where the readings of prediction files go, and what they add up to."""

import json
from collections import Counter
from pathlib import Path
from typing import IO, Any

from analysis import Analysis, Reading
from handlers.attempts.output_columns import output_tables

EXAMPLES = 3

Fields = dict[str, Any]


class Readings:
    """rows.ndjson and errors.ndjson of one output folder; every line ends in one of them."""

    def __init__(self, out: Path, analysis: Analysis) -> None:
        self._rows_path, self._errors_path = out / "rows.ndjson", out / "errors.ndjson"
        self._analysis = analysis
        self._columns = [column.name for column in output_tables([analysis])[analysis.table]]
        self._seen: dict[str, bool] = {}
        """Whether this record was answered more than once."""
        self._types: Counter[str] = Counter()
        self._methods: Counter[str] = Counter()
        self._grades: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}

    def __enter__(self) -> "Readings":
        self._rows = self._rows_path.open("wb")
        self._errors = self._errors_path.open("wb")
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()
        self._errors.close()

    def row(self, record: str, reading: Reading, beside: Fields) -> None:
        """One answer that became a row, with what is known of it from elsewhere."""
        self._note(record)
        self._methods[reading.parse_method or ""] += 1
        self._grades[reading.repair_grade or ""] += 1
        self._example(reading.parse_method or "", record)
        told = {name: getattr(reading, name) for name in reading.__struct_fields__}
        told |= reading.columns | {"analysis": self._analysis.name, "record_id": record}
        told["model"] = told.pop("model_version", None)
        told |= {name: value for name, value in beside.items() if name not in ("file", "line")}
        row = {name: told.get(name) for name in self._columns}
        _write(self._rows, row | {"file": beside["file"], "line": beside["line"]})

    def error(self, record: str | None, error_type: str, detail: str | None, where: Fields) -> None:
        """One line that gave no row."""
        if record is not None:
            self._note(record)
        self._error(record, error_type, detail, where)

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
                    self._methods[row["parse_method"]] -= 1
                    self._grades[row["repair_grade"]] -= 1
                    where = {"file": row["file"], "line": row["line"]}
                    self._error(row["record_id"], "duplicate_key", None, where)
                else:
                    _write(out, row)
        kept.replace(self._rows_path)

    def summary(self, files: list[str]) -> Fields:
        """Counts, and a few record ids for each error type and parse method; no content."""
        rows, errors = sum(self._methods.values()), sum(self._types.values())
        return {
            "analysis": self._analysis.name,
            "files": files,
            "lines": rows + errors,
            "rows": rows,
            "errors": errors,
            "error_types": _counted(self._types),
            "parse_methods": _counted(self._methods),
            "repair_grades": _counted(self._grades),
            "examples": self._examples,
        }

    def _note(self, record: str) -> None:
        self._seen[record] = record in self._seen

    def _error(
        self, record: str | None, error_type: str, detail: str | None, where: Fields
    ) -> None:
        self._types[error_type] += 1
        self._example(error_type, record)
        told = {"record_id": record, "error_type": error_type, "detail": detail}
        _write(self._errors, told | where)

    def _example(self, name: str, record: str | None) -> None:
        examples = self._examples.setdefault(name, [])
        if record is not None and len(examples) < EXAMPLES:
            examples.append(record)


def _counted(counter: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in counter.most_common() if count}


def _write(out: IO[bytes], row: Fields) -> None:
    out.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
