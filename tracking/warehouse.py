"""What the queries and transactions need of a warehouse; `infra/` has BigQuery's and the laptop's."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from .rows import Row
from .tables import Column

Params = Mapping[str, Any]


class Warehouse(Protocol):
    """GoogleSQL in, rows out. Table names without a dataset are those of the deployment."""

    def query(self, sql: str, params: Params) -> list[Row]:
        """Run a short query, uncached, and read its whole answer."""
        ...

    def stream(self, sql: str, params: Params) -> Iterator[Row]:
        """Run a query whose answer may be large, and read it in constant memory."""
        ...

    def run_once(self, job_id: str, script: str, params: Params) -> bool:
        """Run a transaction under this job id, exactly once.

        True when this call ran it; False when it had been done before. A job that failed
        takes the next suffix of its id; a time-out is no failure.
        Raises `Redeliver` when another transaction was in the way, or its end is unknown.
        """
        ...

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Add rows, visible when this returns; the same rows may be added twice."""
        ...

    def load(self, table: str, columns: Sequence[Column], uris: Iterable[str]) -> str:
        """Load NDJSON objects into a new private table of these columns.

        Returns its name for use in a transaction. The table expires by itself.
        """
        ...
