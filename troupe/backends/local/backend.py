"""The local backend: the same handlers, with everything they use in one folder."""

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from analysis import Analyses
from events import EVENT_OF_TYPE, Deployment, Envelope, LetterCommand
from events.cloudevents import message_of
from events.ids import bigquery_job
from handlers.choreography import event_subscriptions
from handlers.dispatch.errors import Redeliver
from handlers.dispatch.message import DeliveryResult, Message, Outcome
from handlers.dispatch.republish import unfinished
from handlers.ports import Blob, Clock, Dependencies, Policy
from tracking import EventLog, Source, Tracking
from tracking.statements import query, transaction
from troupe.backends.defaults import (
    capped,
    error_types,
    output_tables,
    peak_megabytes,
    read_source,
    utc_now,
)
from troupe.backends.pubsub_push import Push, read_push, wrapped_push
from troupe.deployment.topology import subscriptions
from troupe.notifications.notifiers import notifier_of
from troupe.notifications.settings import NotifySettings, read_notify_settings
from troupe.standin.answering import Answers
from troupe.standin.corrupt import Corruption
from troupe.standin.prediction_lines import Answerer, analyst
from troupe.standin.settings import Behaviour
from troupe.standin.vertex import StandIn
from troupe.telemetry import Telemetry, configured

from .analysis_store import own_analyses
from .bucket import LocalBucket
from .bus import LeasedMessage, LocalBus, Retry
from .bus_faults import Faults
from .delivery_counts import LocalDeliveryCounts
from .job_service import LocalJobService
from .state_folder import LOAD_FILES, WAREHOUSE, HomeInUse, InvalidHome, lock_home
from .warehouse import LocalWarehouse, next_name

LOCAL_POLICY = Policy(
    reclaim_seconds=0, republish_after_seconds=60, first_gap_seconds=5, longest_gap_seconds=300
)
"""With one worker, and a stand-in whose list is never late, a claim without a job was interrupted:
the next one may be taken at once."""

LOCAL_RETRY = Retry(first_seconds=0.2, most_seconds=10, attempts=8)


@dataclass(frozen=True, kw_only=True)
class LocalSettings:
    """Settings of the local backend. The defaults inject no faults."""

    answerer: Answerer | Answers = analyst
    corruption: Corruption | None = None
    behaviour: Behaviour = field(default_factory=Behaviour)
    source: Source = field(default_factory=lambda: _local_source(os.environ))
    policy: Policy = field(default_factory=lambda: capped(LOCAL_POLICY, os.environ))
    retry: Retry = LOCAL_RETRY
    faults: Faults | None = None
    push: Callable[[Message, str], Push] = wrapped_push
    """The form of push requests: `wrapped_push` or `unwrapped_push`."""
    deployment: str | None = None
    """The deployment id of a new folder; None: a random one."""
    telemetry: Telemetry = field(default_factory=lambda: configured(os.environ))
    notify: NotifySettings | None = field(default_factory=lambda: read_notify_settings(os.environ))


def _local_source(environ: Mapping[str, str]) -> Source:
    """Return the source table of the environment, unless it is one of a project on Google Cloud.

    A shell that was set up for a deployment has that one, with its columns.
    """
    source = read_source(environ)
    return Source() if source.table.count(".") == 2 else source


class LocalBackend:
    """Owns a state folder until it is closed."""

    bills_reads = False

    def __init__(
        self, home: Path, settings: LocalSettings | None = None, clock: Clock = utc_now
    ) -> None:
        """Raises `HomeInUse` when another process owns the folder, `InvalidHome` if it is damaged."""
        self.home, self.clock = home, clock
        settings = settings or LocalSettings()
        self._lock = lock_home(home)
        self.bucket = LocalBucket(home / "bucket")
        try:
            self.analyses = own_analyses(home)
            self.warehouse = LocalWarehouse(
                home / WAREHOUSE, clock, self.bucket, output_tables(self.analyses.own)
            )
            self.warehouse.check_source(settings.source)
        except (InvalidHome, HomeInUse):
            self._lock.release()
            raise
        self._discard_leftovers()
        new_id = settings.deployment or secrets.token_hex(3)
        self.deployment = ensure_deployment(self.warehouse, new_id)
        self.bus = LocalBus(
            subscriptions(),
            clock,
            LocalDeliveryCounts(self.warehouse.db),
            retry=settings.retry,
            faults=settings.faults,
            name=next_name(self.warehouse.db),
        )
        self.service = StandIn(
            home / "vertex",
            self.bucket,
            clock,
            answerer=settings.answerer,
            corruption=settings.corruption,
            behaviour=settings.behaviour,
            on_output=self._notify,
        )
        self.source = settings.source
        self.dependencies = local_dependencies(
            settings,
            clock,
            self.deployment,
            self.warehouse,
            self.bucket,
            self.service,
            self.analyses,
        )
        self._push, self._telemetry = settings.push, settings.telemetry
        self._waits: list[datetime] = []

    def close(self) -> None:
        self.service.close()
        self.warehouse.close()
        self._lock.release()
        self._telemetry.close()

    def _discard_leftovers(self) -> None:
        """Delete what killed processes left half done: it holds transcripts and answers.

        Only the owner of the folder stages anything, so nothing else is using it.
        """
        self.warehouse.drop_staging()
        self.bucket.discard_parts()
        for file in self.home.glob(LOAD_FILES):
            file.unlink()

    def wake(self) -> int:
        """Republish every unhandled event, so that interrupted work continues; return how many.

        The bus is in memory, and the event log is the outbox: what a dead process had queued is
        read from there.
        """
        events = unfinished(self.dependencies)
        self.bus.publish(events)
        return len(events)

    def deliver_next(self) -> DeliveryResult | None:
        """Handle the next message that is due; None when none is."""
        leased = self.bus.lease()
        if leased is None:
            return None
        number, delivery = leased
        result = self._deliver(delivery)
        if result.not_before is not None:
            self._waits.append(result.not_before)
        if result.outcome is Outcome.REDELIVER:
            self.bus.refuse(number)
        elif result.outcome is Outcome.DEAD_LETTER:
            self.bus.dead_lettered(number, result.cause, result.detail)
        else:
            self.bus.acknowledge(number)
        return result

    def publish(self, command: Envelope) -> None:
        """Record a command in the event log, because the bus is in memory, then publish it.

        A command about dead letters is handled at once, so that its sender sees what became of them.
        """
        event_log, now = self.dependencies.event_log, self.clock()
        if not event_log.load([command.id], event_log.lookback_start(now)):
            event_log.record([command], now)
        if not issubclass(EVENT_OF_TYPE[command.type], LetterCommand) or not self._handle(command):
            self.bus.publish([command])

    def token_counter(self, model: str) -> None:
        """Nothing counts tokens here."""

    def next_wait(self) -> datetime | None:
        """Return the time that a handler waits for first; the tick after it republishes its event."""
        return min(self._waits, default=None)

    def tick(self) -> None:
        """Publish `watch-tick`, as Cloud Scheduler does on Google Cloud."""
        now = self.clock()
        self._waits = [each for each in self._waits if each > now]
        self._signal("watch-tick", {"tick": "local"})

    def _handle(self, command: Envelope) -> bool:
        """Deliver a command in its turn's stead; False when it has to be delivered again."""
        topic, body, attributes = message_of(command)
        (subscription,) = (each for each in subscriptions() if each.topic == topic)
        message = Message(
            topic=topic, id=command.id, body=body, attributes=attributes, published_at=self.clock()
        )
        result = self._deliver(LeasedMessage(subscription, message))
        return result.outcome in (Outcome.DONE, Outcome.WAIT)

    def _deliver(self, delivery: LeasedMessage) -> DeliveryResult:
        """Encode and decode the push request, so that both are used as on Google Cloud."""
        pushed = self._push(delivery.message, f"projects/laptop/subscriptions/{delivery.name}")
        return self._telemetry.deliver(read_push(pushed), self.dependencies, self.bus.publish)

    def _notify(self, blob: Blob) -> None:
        """Publish `gcs-object`, as the bucket's notification does on Google Cloud."""
        bucket, _, name = blob.uri.removeprefix("gs://").partition("/")
        attributes = {"bucketId": bucket, "objectId": name, "eventType": "OBJECT_FINALIZE"}
        self._signal("gcs-object", attributes)

    def _signal(self, topic: str, attributes: dict[str, str]) -> None:
        """A lost signal delays work by minutes: the next tick queries all jobs."""
        with suppress(Redeliver):
            self.bus.send(topic, b"{}", attributes)


def ensure_deployment(warehouse: LocalWarehouse, new_id: str) -> Deployment:
    """Return the deployment of this folder; a new folder gets `new_id`."""
    job = bigquery_job("create_deployment")
    warehouse.run_once(job, transaction("create_deployment"), {"deployment": new_id})
    return Deployment(warehouse.query(query("deployment"), {})[0]["deployment"])


def local_dependencies(
    settings: LocalSettings,
    clock: Clock,
    deployment: Deployment,
    warehouse: LocalWarehouse,
    bucket: LocalBucket,
    service: StandIn,
    analyses: Analyses,
) -> Dependencies:
    """Return what handlers and operations use on a laptop."""
    return Dependencies(
        subscriptions=event_subscriptions(),
        deployment=deployment,
        tracking=Tracking(warehouse, deployment, error_types(), settings.source),
        event_log=EventLog(warehouse, settings.policy.look_back_days),
        bucket=bucket,
        job_service=LocalJobService(service),
        clock=clock,
        new_name=partial(secrets.token_hex, 8),
        peak_megabytes=peak_megabytes,
        analyses=analyses,
        policy=settings.policy,
        notifier=notifier_of(settings.notify, clock),
    )
