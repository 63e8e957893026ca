"""Results of `troupe read`: rows and errors as files, by the SQL that flattens answers in a run."""

import json
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from analysis import Analysis, Reading, encode_reading
from handlers.attempts.close import answer_record
from tracking.tables import Column, flattened, staged_columns
from troupe.backends.defaults import output_tables
from troupe.backends.local.duckdb_tables import column_type, read_columns
from troupe.duckdb_connection import connect

from .lookup import IDS, Lookup


class Format(StrEnum):
    """Format of the rows; the value is the ending of their file."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


_COPY_OPTIONS = {
    Format.NDJSON: "FORMAT json",
    Format.CSV: "FORMAT csv, HEADER",
    Format.PARQUET: "FORMAT parquet",
}
EXAMPLES = 3
"""Record ids that the summary gives for each kind."""
_ROWS_A_BLOCK = 256
_LARGEST_ROW = 32 << 20
"""Bytes. DuckDB reads into buffers of twice this size."""
_AT = Column(name="at", type="INTEGER")
"""Number of the answer among all that were read."""

Fields = dict[str, Any]

_JUDGED = """
CREATE TABLE judged AS
SELECT
  s.record_id,
  count(DISTINCT CAST(to_json(s.answer) AS VARCHAR)) FILTER (s.error_type IS NULL) AS versions,
  arg_min(s.at, (
    CASE s.grade WHEN 'exact' THEN 0 WHEN 'normalised' THEN 10 ELSE 20 END
    + CASE s.repair_grade WHEN 'exact' THEN 0 WHEN 'mended' THEN 1 ELSE 2 END,
    s.at
  )) FILTER (s.error_type IS NULL) AS best
FROM staged AS s
WHERE s.record_id IN (
  SELECT record_id FROM staged WHERE record_id IS NOT NULL GROUP BY record_id HAVING count(*) > 1
)
GROUP BY s.record_id;

-- Equal answers of one record are one, and a good one counts more than an error. Of different ones
-- none counts: nothing here says which transcript was asked.
CREATE TABLE outcomes AS
SELECT
  s.at,
  s.error_type IS NULL AND (j.record_id IS NULL OR (j.versions = 1 AND s.at = j.best)) AS is_row,
  CASE
    WHEN s.error_type IS NULL AND j.versions > 1 THEN 'duplicate_key'
    WHEN j.versions = 1 THEN NULL
    ELSE s.error_type
  END AS error_type
FROM staged AS s
LEFT JOIN judged AS j ON j.record_id = s.record_id
"""


class Results:
    """Collects what was read in a folder, and writes rows, errors and a summary from it."""

    def __init__(self, folder: Path, analysis: Analysis, lookup: Lookup | None) -> None:
        """`folder` is for this object alone."""
        self._folder, self._analysis, self._lookup = folder, analysis, lookup
        self._record = answer_record(analysis)
        self._files = list[str]()
        self._number = 0
        self._staged = (folder / "staged.ndjson").open("wb")

    def __enter__(self) -> "Results":
        return self

    def __exit__(self, *_: object) -> None:
        self._staged.close()

    def add(self, file: str, readings: Iterable[Reading]) -> None:
        """Collect the readings of a file."""
        self._files.append(file)
        rows = list[bytes]()
        for reading in readings:
            self._number += 1
            if self._lookup:
                _find(reading, self._lookup)
            rows.append(b'{"job":%d,"at":%d,' % (len(self._files), self._number))
            rows.append(encode_reading(reading)[1:])
            if len(rows) >= _ROWS_A_BLOCK:
                self._staged.write(b"".join(rows))
                rows.clear()
        self._staged.write(b"".join(rows))

    def write(self, kind: Format) -> Fields:
        """Write `rows`, `errors.ndjson` and `summary.json` into the folder; return the summary."""
        self._staged.close()
        settings: dict[str, Any] = {
            "temp_directory": str(self._folder),
            "memory_limit": "400MB",
            "threads": 1,
        }
        with connect(None, settings) as db:
            self._load(db)
            db.execute(_JUDGED)
            rows = ", ".join(
                _shown(*each, is_flat=kind is Format.CSV) for each in self._columns().items()
            )
            self._copy(db, rows, "o.is_row", f"rows.{kind}", kind)
            errors = "r.record_id, o.error_type, r.detail, f.file, r.line"
            where = "NOT o.is_row AND o.error_type IS NOT NULL"
            self._copy(db, errors, where, "errors.ndjson")
            summary = self._summary(db)
        for used in ("staged", "lookup"):
            (self._folder / f"{used}.ndjson").unlink(missing_ok=True)
        text = json.dumps(summary, indent=2) + "\n"
        (self._folder / "summary.json").write_text(text, encoding="utf-8")
        return summary

    def _load(self, db: duckdb.DuckDBPyConnection) -> None:
        ids = [Column(name=name, type="STRING") for name in ("record_id", *IDS)]
        with (self._folder / "lookup.ndjson").open("wb") as file:
            for row in self._lookup.rows() if self._lookup else ():
                file.write(msgspec.json.encode(row) + b"\n")
        db.execute("CREATE TABLE files AS SELECT unnest(range(1, 1 + len($1))) AS job, unnest($1) AS file",
                   [self._files])  # fmt: skip
        for table, columns in (("staged", (*staged_columns(self._record), _AT)), ("lookup", ids)):
            path = str(self._folder / f"{table}.ndjson").replace("'", "''")
            db.execute(
                f"CREATE TABLE {table} AS SELECT * FROM read_json('{path}', "  # noqa: S608
                f"format = 'newline_delimited', columns = {read_columns(columns)}, "
                f"maximum_object_size = {_LARGEST_ROW})"
            )

    def _flat(self) -> str:
        """The answers with a column for each of their values, as a run flattens them."""
        flat = flattened("staged", self._record, self._analysis.columns)
        # DuckDB's words for it; the translator of whole scripts takes longer than a small file.
        flat = flat.replace("`", '"').replace(" EXCEPT (", " EXCLUDE (")
        return (
            f"{flat} AS r JOIN outcomes AS o ON o.at = r.at JOIN files AS f "
            "ON f.job = r.job LEFT JOIN lookup AS l ON l.record_id = r.record_id"
        )

    def _columns(self) -> dict[str, tuple[str, Column]]:
        """The columns of the output table that are known without a run, then file and line."""
        (columns,) = output_tables([self._analysis]).values()
        read = {column.name for column in staged_columns(self._record)} | {*self._analysis.columns}
        known = {
            **{name: f'r."{name}"' for name in read},
            **{name: f'l."{name}"' for name in IDS},
            "model": "r.model_version",
            "analysis": f"'{self._analysis.name}'",
        }
        shown = {
            column.name: (known.get(column.name, f"CAST(NULL AS {column_type(column)})"), column)
            for column in columns
        }
        place = {"file": "f.file", "line": "r.line"}
        return shown | {
            name: (value, Column(name=name, type="STRING")) for name, value in place.items()
        }

    def _copy(
        self,
        db: duckdb.DuckDBPyConnection,
        columns: str,
        where: str,
        name: str,
        kind: Format = Format.NDJSON,
    ) -> None:
        path = str(self._folder / name).replace("'", "''")
        select = f"SELECT {columns} FROM {self._flat()} WHERE {where} ORDER BY o.at"  # noqa: S608
        db.execute(f"COPY ({select}) TO '{path}' ({_COPY_OPTIONS[kind]})")

    def _summary(self, db: duckdb.DuckDBPyConnection) -> Fields:
        """Return counts, and a few record ids for each error type and parse method; no content."""
        kinds = ("parse_method", "repair_grade", "grade", "error_type")
        counted = {kind: _counted(db, kind, is_row=kind != "error_type") for kind in kinds}
        rows = sum(count for _, count, _ in counted["grade"])
        errors = sum(count for _, count, _ in counted["error_type"])
        return {
            "analysis": self._analysis.name,
            "files": self._files,
            "lines": self._number,
            "rows": rows,
            "errors": errors,
            "repeated": self._number - rows - errors,
            **{f"{kind}s": {name: count for name, count, _ in counted[kind]} for kind in kinds},
            "fields": {
                field: {"normalised": normalised, "nulled": nulled}
                for field, normalised, nulled in db.execute(_FIELDS).fetchall()
            },
            "examples": {
                name: [*dict.fromkeys(records or ())]
                for kind in ("parse_method", "error_type")
                for name, _, records in counted[kind]
            },
        }


_FIELDS = """
SELECT field, count(*) FILTER (is_normalised), count(*) FILTER (NOT is_normalised)
FROM (
  SELECT unnest(s.normalised_fields) AS field, TRUE AS is_normalised
  FROM staged AS s JOIN outcomes AS o ON o.at = s.at WHERE o.is_row
  UNION ALL
  SELECT unnest(s.nulled_fields), FALSE
  FROM staged AS s JOIN outcomes AS o ON o.at = s.at WHERE o.is_row
)
GROUP BY field ORDER BY field
"""


def _find(reading: Reading, lookup: Lookup) -> None:
    """Give a reading the record that its key names in the lookup file, or an error."""
    if reading.record_id is None and reading.foreign_key:
        reading.record_id = lookup.record_of(reading.foreign_key)
    if reading.error_type is None and lookup.row(reading.record_id or "") is None:
        reading.error_type = "lookup_miss"
        reading.detail = "no row of the lookup file has these ids"
        reading.answer = msgspec.UNSET


def _shown(name: str, value: tuple[str, Column], *, is_flat: bool) -> str:
    """Write a column; a table of text alone has lists and records as JSON."""
    expression, column = value
    if is_flat and (column.mode == "REPEATED" or column.type == "RECORD"):
        expression = f"CAST(to_json({expression}) AS VARCHAR)"
    return f'{expression} AS "{name}"'


def _counted(
    db: duckdb.DuckDBPyConnection, kind: str, *, is_row: bool
) -> Sequence[tuple[str, int, list[str] | None]]:
    """Count rows or errors by a column, the most frequent first, with a few record ids."""
    owner = "s" if is_row else "o"
    return db.execute(
        f"SELECT {owner}.{kind}, count(*) AS n, min(s.record_id, {EXAMPLES}) "  # noqa: S608
        "FROM staged AS s JOIN outcomes AS o ON o.at = s.at "
        f"WHERE o.is_row = {is_row} AND {owner}.{kind} IS NOT NULL "
        f"GROUP BY 1 ORDER BY n DESC, 1"
    ).fetchall()
