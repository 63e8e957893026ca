"""The warehouse port: what queries and transactions need. `troupe/backends` has BigQuery and DuckDB."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from .results import Row
from .tables import Column

Params = Mapping[str, Any]
"""Values by parameter name; `parameters.py` has the types."""


class Warehouse(Protocol):
    """Runs GoogleSQL. Table names without a dataset belong to the dataset of the deployment."""

    def query(self, sql: str, params: Params) -> list[Row]:
        """Run a query whose result is small, without BigQuery's cache, and return all rows."""
        ...

    def stream(self, sql: str, params: Params) -> Iterator[Row]:
        """Run a query whose result may be large, and yield its rows in constant memory."""
        ...

    def run_once(self, job_id: str, script: str, params: Params) -> bool:
        """Run a transaction under this job id, exactly once.

        Returns True when this call ran it and False when it was done before. After a failed job
        the next try takes the next suffix of the id; a time-out does not count as a failure.
        Raises `Redeliver` when another transaction conflicts, or when the end is unknown.
        """
        ...

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Append rows at least once: visible when this returns, and possibly written twice."""
        ...

    def columns(self, table: str) -> dict[str, str]:
        """Return name and type of each column of a table or view; nothing for an unknown one.

        `table` is `table`, `dataset.table` or `project.dataset.table`. A type has the name that
        schema files use, such as INTEGER.
        """
        ...

    def load(self, table: str, columns: Sequence[Column], uris: Iterable[str]) -> str:
        """Load NDJSON objects into a new staging table of these columns.

        Returns the table's name for use in a transaction. The table expires.
        """
        ...

    def drop_staging(self) -> None:
        """Drop every staging table: what stopped executions left there may hold a person.

        An execution that still needs one fails with `Redeliver`, and loads it again.
        """
        ...
