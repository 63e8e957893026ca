"""A state folder that is only read: on a full disk, without permission to write, beside a backup."""

from collections.abc import Mapping
from pathlib import Path

from events import Deployment, Envelope
from handlers.ports import Clock
from tracking.statements import query
from troupe.backends.defaults import output_tables, utc_now
from troupe.operations.backend import InvalidOperation
from troupe.standin.vertex import StandIn

from .analysis_store import own_analyses
from .backend import LocalSettings, local_dependencies
from .bucket import LocalBucket
from .state_folder import WAREHOUSE
from .warehouse import LocalWarehouse

_READ_ONLY = "this command only reads the state folder, and cannot publish"


class _NoBus:
    def send(
        self, topic: str, body: bytes, attributes: Mapping[str, str], message_id: str = ""
    ) -> str:
        raise InvalidOperation(_READ_ONLY)


class ReadingBackend:
    """Answers operations that read. Nothing in the folder is created, changed or locked.

    DuckDB's own lock keeps writers out meanwhile, and is held while the database is open only.
    """

    bills_reads = False

    def __init__(self, home: Path, clock: Clock = utc_now) -> None:
        """Raises `HomeInUse` when another process owns the folder, `InvalidHome` if it is damaged."""
        settings = LocalSettings()
        analyses, bucket = own_analyses(home), LocalBucket(home / "bucket")
        tables = output_tables(analyses.own)
        self.home, self.clock, self.bus = home, clock, _NoBus()
        self.warehouse = LocalWarehouse(home / WAREHOUSE, clock, bucket, tables, read_only=True)
        self.warehouse.check_source(settings.source)
        self.deployment = Deployment(self.warehouse.query(query("deployment"), {})[0]["deployment"])
        service = StandIn(home / "vertex", bucket, clock)
        self.dependencies = local_dependencies(
            settings, clock, self.deployment, self.warehouse, bucket, service, analyses
        )

    def token_counter(self, model: str) -> None:
        """Nothing counts tokens here."""

    def publish(self, command: Envelope) -> None:
        raise InvalidOperation(_READ_ONLY)

    def close(self) -> None:
        self.warehouse.close()
