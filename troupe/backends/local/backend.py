"""The troupe on a laptop: the same handlers, everything they reach for in one folder."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from events import Deployment, Envelope
from events.ids import bigquery_job
from handlers.attempts.output_columns import output_tables
from handlers.choreography import event_subscriptions
from handlers.dispatch.errors import Redeliver
from handlers.dispatch.message import DeliveryResult, Message, Outcome
from handlers.ports import Blob, Clock, Dependencies, Policy
from tracking import EventLog, Source, Tracking
from tracking.statements import query, transaction
from troupe.backends.defaults import capped, peak_megabytes, utc_now
from troupe.backends.defaults import error_types as error_types
from troupe.backends.pubsub_push import Push, read_push, wrap_push
from troupe.deployment.topology import subscriptions
from troupe.standin.corrupt import Damage
from troupe.standin.prediction_lines import Answerer, analyst
from troupe.standin.settings import Behaviour
from troupe.standin.vertex import StandIn
from troupe.telemetry import Telemetry, configured

from .analysis_store import own_analyses
from .bucket import LocalBucket
from .bus import LeasedMessage, LocalBus, Retry
from .bus_faults import Faults
from .dead_letters import LocalDeadLetters
from .errors import InvalidHome
from .job_service import LocalJobService
from .warehouse import LocalWarehouse, next_name

LOCAL_POLICY = Policy(reclaim_seconds=0, republish_after_seconds=60)
"""One worker, and a stand-in whose list is never late: a claim without a job was interrupted."""

LOCAL_RETRY = Retry(first_seconds=0.2, most_seconds=10, attempts=8)


class HomeInUse(Exception):
    """Another process owns the state folder."""


@dataclass(frozen=True, kw_only=True)
class LocalSettings:
    """What a laptop can be told; the defaults behave."""

    answerer: Answerer = analyst
    damage: Damage | None = None
    behaviour: Behaviour = field(default_factory=Behaviour)
    source: Source = field(default_factory=Source)
    policy: Policy = field(default_factory=lambda: capped(LOCAL_POLICY, os.environ))
    retry: Retry = LOCAL_RETRY
    faults: Faults = field(default_factory=Faults)
    push: Callable[[Message, str], Push] = wrap_push
    """The form of push requests: wrapped, or not."""
    deployment: str | None = None
    """The id for a new folder; None makes one up."""
    telemetry: Telemetry = field(default_factory=lambda: configured(os.environ))


class LocalBackend:
    """Owns a state folder for as long as it lives."""

    def __init__(
        self, home: Path, settings: LocalSettings | None = None, clock: Clock = utc_now
    ) -> None:
        """Raises `HomeInUse` when another process owns the folder, `InvalidHome` when it is broken."""
        self.home, self.clock = home, clock
        settings = settings or LocalSettings()
        self._lock = _owned(home)
        self.bucket = LocalBucket(home / "bucket")
        try:
            self.analyses = own_analyses(home)
            self.warehouse = LocalWarehouse(
                home / "warehouse.duckdb", clock, self.bucket, output_tables(self.analyses.own)
            )
        except InvalidHome:
            self._lock.release()
            raise
        self.deployment = _found(self.warehouse, settings.deployment or secrets.token_hex(3))
        self.letters = LocalDeadLetters(self.warehouse.db, clock)
        self.bus = LocalBus(
            subscriptions(),
            clock,
            self.letters,
            retry=settings.retry,
            faults=settings.faults,
            name=next_name(self.warehouse.db),
        )
        self.service = StandIn(
            home / "vertex",
            self.bucket,
            clock,
            answerer=settings.answerer,
            damage=settings.damage,
            behaviour=settings.behaviour,
            on_output=self._announce,
        )
        self.dependencies = _tools(self, settings)
        self._push, self._telemetry = settings.push, settings.telemetry

    def close(self) -> None:
        self.warehouse.close()
        self._lock.release()
        self._telemetry.close()

    def wake(self) -> int:
        """Tell every unfinished event again: what a dead process left behind goes on."""
        event_log, now = self.dependencies.event_log, self.clock()
        since = event_log.lookback_start(now)
        unhandled = self.dependencies.tracking.unhandled_events(since, event_subscriptions())
        events = event_log.load([event.event_id for event in unhandled], since)
        self.bus.publish(events)
        return len(events)

    def deliver_next(self) -> DeliveryResult | None:
        """Handle the next message that is due; None when there is none."""
        leased = self.bus.lease()
        if leased is None:
            return None
        number, delivery = leased
        result = self._deliver(delivery)
        if result.outcome is Outcome.REDELIVER:
            self.bus.refuse(number)
        elif result.outcome is Outcome.DEAD_LETTER:
            self.bus.dead_lettered(number, result.cause, result.detail)
        else:
            self.bus.acknowledge(number)
        return result

    def publish(self, envelope: Envelope) -> None:
        """Tell the troupe something from outside; it is remembered before it is sent."""
        if not self.dependencies.event_log.has(envelope.id, self.clock()):
            self.dependencies.event_log.record([envelope], self.clock())
        self.bus.publish([envelope])

    def tick(self) -> None:
        """The Cloud Scheduler of the laptop."""
        self._signal("watch-tick", {"tick": "local"})

    def _deliver(self, delivery: LeasedMessage) -> DeliveryResult:
        """Through the very request that Pub/Sub would push."""
        pushed = self._push(delivery.message, f"projects/laptop/subscriptions/{delivery.name}")
        return self._telemetry.deliver(read_push(pushed), self.dependencies, self.bus.publish)

    def _announce(self, blob: Blob) -> None:
        """The object notification of the laptop's bucket."""
        bucket, _, name = blob.uri.removeprefix("gs://").partition("/")
        about = {"bucketId": bucket, "objectId": name, "eventType": "OBJECT_FINALIZE"}
        self._signal("gcs-object", about)

    def _signal(self, topic: str, attributes: dict[str, str]) -> None:
        """A signal that is lost costs minutes: the next tick asks all the same."""
        with suppress(Redeliver):
            self.bus.send(topic, b"{}", attributes)


def _owned(home: Path) -> FileLock:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(home / "owner.lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise HomeInUse(f"{home} is in use by another process") from None
    except OSError as error:
        why = "a file is there" if isinstance(error, FileExistsError) else error.strerror
        raise InvalidHome(
            f"{home} cannot be a state folder: {why}; name another with --home"
        ) from error
    return lock


def _found(warehouse: LocalWarehouse, made: str) -> Deployment:
    """The id of this deployment, made when the folder is new."""
    job = bigquery_job("create_deployment")
    warehouse.run_once(job, transaction("create_deployment"), {"deployment": made})
    return Deployment(warehouse.query(query("deployment"), {})[0]["deployment"])


def _tools(backend: LocalBackend, settings: LocalSettings) -> Dependencies:
    return Dependencies(
        subscriptions=event_subscriptions(),
        deployment=backend.deployment,
        tracking=Tracking(backend.warehouse, backend.deployment, error_types(), settings.source),
        event_log=EventLog(backend.warehouse, settings.policy.look_back_days),
        bucket=backend.bucket,
        job_service=LocalJobService(backend.service),
        clock=backend.clock,
        new_name=lambda: secrets.token_hex(8),
        peak_megabytes=peak_megabytes,
        analyses=backend.analyses,
        policy=settings.policy,
    )
