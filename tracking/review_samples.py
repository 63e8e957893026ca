"""Review samples: which rows of a run are drawn, and the record of what was drawn."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from events import Deployment

from .results import Row
from .statements import NamedQueries, column_name, fragment, table_name, transaction
from .warehouse import Warehouse

BY_CHANCE: Mapping[str, tuple[str, str]] = {
    "random": ("'random'", "0"),
    "low-grounding": ("IF(t.grounding IS NULL, NULL, 'low-grounding')", "t.grounding"),
    "partial": ("IF(t.grade IN ('partial', 'normalised'), t.grade, NULL)", "0"),
}
"""Expressions for the stratum of a row (NULL: it is not drawn) and for what comes before chance."""


class ReviewRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/quality/reviews.sql`: a sample, and one of its reviewers, if it has some."""

    sample_id: str
    run_id: str
    analysis: str
    drawn_by: str
    against: str | None
    seed: str
    records: int
    drawn_at: datetime
    reviewer: str | None
    labelled: int
    """Records of which the reviewer saved labels."""
    saved_at: datetime | None


class LabelledRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/quality/review_labels.sql`: a record of a sample, and what a reviewer said last."""

    record_id: str
    stratum: str
    weight: float | None
    version: int
    """0: nothing is saved."""
    labels: str | None
    """JSON object: column to label."""


class ReviewSamples(NamedQueries):
    """Draws samples of a run's rows, and records them. Texts are read for drawn rows alone."""

    def __init__(self, warehouse: Warehouse, deployment: Deployment) -> None:
        super().__init__(warehouse, {})
        self._deployment = deployment

    def draw(self, by: str, output: str, params: Mapping[str, Any]) -> list[Row]:
        """Draw rows of the run: `by` a key of `BY_CHANCE`, or a column with a share for each value.

        Each has record_id, batch, stratum and size (the rows of its stratum), and as constants the
        number of `strata` and of `eligible` rows.
        """
        stratum, priority = BY_CHANCE.get(by) or (
            fragment("stratum_of_column", field=f"'{by}'", column=column_name(by)),
            "0",
        )
        return self._drawn(stratum, priority, "", output, params)

    def draw_differing(
        self, columns: Sequence[str], output: str, other_output: str, params: Mapping[str, Any]
    ) -> list[Row]:
        """Draw rows that differ from those of `against` in these columns; the first is the stratum."""
        names = {each: column_name(each) for each in columns}
        cases = " ".join(
            f"WHEN t.{name} IS DISTINCT FROM o.{name} THEN '{each}'" for each, name in names.items()
        )
        joined = fragment(
            "other_rows",
            o_columns=", ".join(f"o.{name}" for name in names.values()),
            other_output=table_name(other_output),
        )
        return self._drawn(f"CASE {cases} END", "0", joined, output, params)

    def _drawn(
        self, stratum: str, priority: str, joined: str, output: str, params: Mapping[str, Any]
    ) -> list[Row]:
        return self.query(
            "review_sample",
            params,
            stratum=stratum,
            priority=priority,
            joined=joined,
            output=table_name(output),
        )

    def answers(
        self, columns: Sequence[str], output: str, params: Mapping[str, Any]
    ) -> dict[str, Row]:
        """Return the answers of the drawn rows by record id."""
        selected = ", ".join(f"t.{column_name(column)}" for column in columns)
        names = {"output": table_name(output), "t_answer_columns": selected}
        return {row["record_id"]: row for row in self.query("review_rows", params, **names)}

    def texts(self, params: Mapping[str, Any]) -> dict[str, str]:
        """Return the transcripts of the drawn rows by record id; a plan keeps them for 90 days."""
        rows = self.query("review_texts", params)
        return {row["record_id"]: row["transcript"] for row in rows}

    def record(self, sample_id: str, output: str, params: Mapping[str, Any]) -> bool:
        """Record a sample; False when it was recorded before."""
        return self._warehouse.run_once(
            self._deployment.job("review", sample_id),
            transaction("record_review", output=table_name(output)),
            {**params, "sample_id": sample_id},
        )

    def reviews(self, sample_id: str | None = None) -> list[ReviewRow]:
        """List the recorded samples with their reviewers, the newest first, or one sample."""
        return self.rows("reviews", ReviewRow, {"sample_id": sample_id})

    def labels_of(self, sample_id: str, reviewer: str) -> list[LabelledRow]:
        """List the records of a sample with the newest labels of this reviewer, by record."""
        params = {"sample_id": sample_id, "reviewer": reviewer}
        return self.rows("review_labels", LabelledRow, params)

    def save_labels(
        self,
        sample_id: str,
        reviewer: str,
        record_id: str,
        version: int,
        output: str,
        params: Mapping[str, Any],
    ) -> bool:
        """Save labels of one record as this version; False when a version of this number exists."""
        key = {"sample_id": sample_id, "reviewer": reviewer, "record_id": record_id}
        return self._warehouse.run_once(
            self._deployment.job("judge", sample_id, reviewer, record_id, version),
            transaction("save_review_labels", output=table_name(output)),
            {**params, **key, "version": version},
        )
