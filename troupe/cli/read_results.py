"""Results of `troupe read`: the files rows.ndjson and errors.ndjson, and their summary."""

import json
from collections import Counter
from pathlib import Path
from typing import IO, Any

import msgspec
from msgspec import UNSET

from analysis import Analysis, Reading
from troupe.backends.defaults import output_tables

EXAMPLES = 3
"""Record ids that the summary gives for each kind."""

Fields = dict[str, Any]


class Results:
    """Writer of rows.ndjson and errors.ndjson; every line that is read goes to one of them."""

    def __init__(self, out: Path, analysis: Analysis) -> None:
        self._rows_path, self._errors_path = out / "rows.ndjson", out / "errors.ndjson"
        self._analysis = analysis
        self._columns = [column.name for column in output_tables([analysis])[analysis.table]]
        self._seen: dict[str, bool] = {}
        """By record: whether it has more than one answer."""
        self._types: Counter[str] = Counter()
        self._methods: Counter[str] = Counter()
        self._grades: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}

    def __enter__(self) -> "Results":
        self._rows = self._rows_path.open("wb")
        self._errors = self._errors_path.open("wb")
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()
        self._errors.close()

    def add_row(self, record: str, reading: Reading, more: Fields) -> None:
        """Write an answer as a row; `more` has its file, its line and the ids of its source row."""
        self._note(record)
        self._methods[reading.parse_method or ""] += 1
        self._grades[reading.repair_grade or ""] += 1
        self._example(reading.parse_method or "", record)
        fields = msgspec.to_builtins(msgspec.structs.replace(reading, answer=UNSET))
        fields |= self._answer(reading) | {"analysis": self._analysis.name, "record_id": record}
        fields["model"] = fields.pop("model_version", None)
        fields |= {name: value for name, value in more.items() if name not in ("file", "line")}
        row = {name: fields.get(name) for name in self._columns}
        _write(self._rows, row | {"file": more["file"], "line": more["line"]})

    def _answer(self, reading: Reading) -> Fields:
        """Return the columns of an answer."""
        answer = msgspec.json.decode(reading.answer) if reading.answer is not UNSET else {}
        return {name: _value_at(answer, path) for name, path in self._analysis.columns.items()}

    def add_error(
        self, record: str | None, error_type: str, detail: str | None, where: Fields
    ) -> None:
        """Write a line that gave no row as an error."""
        if record is not None:
            self._note(record)
        self._error(record, error_type, detail, where)

    def move_duplicates(self) -> None:
        """Move the rows of records with two answers to the errors: which one is right is unknown."""
        duplicates = {record for record, twice in self._seen.items() if twice}
        if not duplicates:
            return
        kept = self._rows_path.with_suffix(".part")
        with (
            self._rows_path.open("rb") as rows,
            kept.open("wb") as out,
            self._errors_path.open("ab") as self._errors,
        ):
            for row in map(json.loads, rows):
                if row["record_id"] in duplicates:
                    self._methods[row["parse_method"]] -= 1
                    self._grades[row["repair_grade"]] -= 1
                    where = {"file": row["file"], "line": row["line"]}
                    self._error(row["record_id"], "duplicate_key", None, where)
                else:
                    _write(out, row)
        kept.replace(self._rows_path)

    def summary(self, files: list[str]) -> Fields:
        """Return counts, and a few record ids for each error type and parse method; no content."""
        rows, errors = sum(self._methods.values()), sum(self._types.values())
        return {
            "analysis": self._analysis.name,
            "files": files,
            "lines": rows + errors,
            "rows": rows,
            "errors": errors,
            "error_types": _counts(self._types),
            "parse_methods": _counts(self._methods),
            "repair_grades": _counts(self._grades),
            "examples": self._examples,
        }

    def _note(self, record: str) -> None:
        self._seen[record] = record in self._seen

    def _error(
        self, record: str | None, error_type: str, detail: str | None, where: Fields
    ) -> None:
        self._types[error_type] += 1
        self._example(error_type, record)
        fields = {"record_id": record, "error_type": error_type, "detail": detail}
        _write(self._errors, fields | where)

    def _example(self, name: str, record: str | None) -> None:
        examples = self._examples.setdefault(name, [])
        if record is not None and len(examples) < EXAMPLES:
            examples.append(record)


def _value_at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = (value or {}).get(name)
    return value


def _counts(counter: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in counter.most_common() if count}


def _write(out: IO[bytes], row: Fields) -> None:
    out.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
