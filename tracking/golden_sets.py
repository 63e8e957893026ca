"""Golden sets: labels of records, kept under a name and a version."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from events import Deployment

from .results import Row
from .statements import NamedQueries, column_name, fragment, table_name, transaction
from .warehouse import Warehouse


class GoldenVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/quality/golden_versions.sql`: one version of a golden set."""

    golden: str
    version: int
    analysis: str
    """The analysis whose schema the labels were checked against."""
    records: int
    label_columns: str
    """Columns with labels, joined by commas."""
    content_hash: str
    added_at: datetime | None
    """When it was added; None for a version that is not stored yet."""

    @property
    def columns(self) -> list[str]:
        return self.label_columns.split(",")


class GoldenRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/quality/golden_rows.sql`: the labels of one record."""

    record_id: str
    labels: str
    """JSON object: column to label."""
    copies: int
    """Rows of this record in this version; more than one is an error."""
    in_source: bool


class SourceIds(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/records/records_by_id.sql`: a record of the source, and what identifies it."""

    record_id: str
    phone_number_token: str | None
    interaction_id: str | None
    reference_id: str | None


class GoldenOfRun(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/quality/golden_sets_of_run.sql`: a set with labels of records of a run."""

    golden: str
    version: int
    labelled: int
    """Records of the set."""
    label_columns: str
    records: int
    """Those with a row of the run."""


class LabelledAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/quality/golden_answers.sql`: records with equal labels and equal answers."""

    golden: str
    analysis: str
    prompt_fingerprint: str
    model: str
    is_of_run: bool
    labels: str
    """JSON object: column to label."""
    answers: str
    """JSON object: column to answer."""
    records: int
    analysed_at: datetime


class GoldenSets(NamedQueries):
    """Reads golden sets, and adds versions to them."""

    def __init__(
        self, warehouse: Warehouse, deployment: Deployment, source: Mapping[str, str]
    ) -> None:
        super().__init__(warehouse, source)
        self._deployment = deployment

    def versions(self, golden: str | None = None) -> list[GoldenVersion]:
        """List the versions of all sets, or of one, by name and the newest version first."""
        return self.rows("golden_versions", GoldenVersion, {"golden": golden})

    def rows_of(self, golden: str, version: int) -> list[GoldenRow]:
        """List the labels of one version, by record."""
        return self.rows("golden_rows", GoldenRow, {"golden": golden, "version": version})

    def records_by_id(self, **ids: Sequence[str]) -> list[SourceIds]:
        """Find records of the source by any of their ids: `record_ids`, `interaction_ids` …"""
        names = ("record_ids", "interaction_ids", "reference_ids", "phone_number_tokens")
        params = {name: list(ids.get(name, ())) for name in names}
        return self.rows("records_by_id", SourceIds, params)

    def of_run(self, run_id: str, planned_on: date, output: str) -> list[GoldenOfRun]:
        """List the sets that have labels of records with a row of this run."""
        params = {"run_id": run_id, "planned_on": planned_on}
        return self.rows("golden_sets_of_run", GoldenOfRun, params, output=table_name(output))

    def answers(
        self, goldens: Sequence[str], run_id: str, tables: Mapping[str, Sequence[str]]
    ) -> list[LabelledAnswers]:
        """Load the answers to the labelled records; `tables` has columns of each output table."""
        params = {"goldens": list(goldens), "run_id": run_id}
        sql = answers_of_tables(tables)
        return self.rows("golden_answers", LabelledAnswers, params, golden_answers_of_tables=sql)

    def add(self, version: GoldenVersion, rows: Sequence[Row], of_version: int | None) -> bool:
        """Add a version in one transaction; False when a version of this number was added before.

        `rows` have record_id, phone_number_token and labels. The rows of `of_version`, of other
        records, are taken over. Raises `Redeliver` when another transaction conflicts.
        """
        params: dict[str, Any] = {
            "golden": version.golden,
            "version": version.version,
            "analysis": version.analysis,
            "label_columns": version.label_columns,
            "content_hash": version.content_hash,
            "golden_rows": list(rows),
            "of_version": of_version,
        }
        job = self._deployment.job("golden", version.golden, version.version)
        return self._warehouse.run_once(job, transaction("add_golden_version"), params)


def answers_of_tables(tables: Mapping[str, Sequence[str]]) -> str:
    """Write the answers of these columns of output tables as SQL, without their totals."""
    return "\nUNION ALL\n".join(
        fragment(
            "golden_answers",
            output=table_name(table),
            t_label_columns=", ".join(
                f"t.{column_name(name)} AS {column_name(name)}" for name in columns
            ),
        )
        for table, columns in tables.items()
    )
