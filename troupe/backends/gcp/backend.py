"""The troupe on Google Cloud: the same handlers, with the tools that their service needs."""

import secrets
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from analysis import Analyses, AnalysisError
from events import Deployment, Envelope
from handlers.choreography import event_subscriptions
from handlers.dispatch.deliver import needs_of
from handlers.dispatch.errors import Redeliver
from handlers.ports import Bucket, Clock, Dependencies, JobService
from tracking import EventLog, Tracking, Warehouse
from tracking.statements import query, transaction
from troupe.analysis_folders import load_folders
from troupe.backends.defaults import error_types, peak_megabytes, utc_now
from troupe.deployment.services import CO_HOSTED, INITIALIZER, handlers_by_name

from .bus import PubSubBus
from .settings import BadSetting, GcpSettings

if TYPE_CHECKING:
    from .dead_letters import PubSubDeadLetters


class GcpBackend:
    """One process's view of a deployment. Tools that its handlers do not need are not made."""

    def __init__(
        self,
        settings: GcpSettings,
        clock: Clock = utc_now,
        *,
        warehouse: Warehouse | None = None,
        bucket: Bucket | None = None,
        job_service: JobService | None = None,
    ) -> None:
        """Raises `BadSetting` when the dataset belongs to another deployment, or to none yet."""
        self.settings, self.clock = settings, clock
        needs = needs_of_service(settings)
        self.warehouse = warehouse or make_warehouse(settings)
        self.bus = PubSubBus(settings)
        self.deployment = found(
            self.warehouse, settings.deployment, may_found=INITIALIZER in settings.handlers
        )
        self.dependencies = Dependencies(
            subscriptions=event_subscriptions(),
            deployment=self.deployment,
            tracking=Tracking(self.warehouse, self.deployment, error_types(), settings.source),
            event_log=EventLog(self.warehouse, settings.policy.look_back_days),
            bucket=bucket or (make_bucket(settings) if "bucket" in needs else _not_given("bucket")),
            job_service=job_service
            or (
                make_job_service(settings) if "job_service" in needs else _not_given("job_service")
            ),
            clock=clock,
            new_name=lambda: secrets.token_hex(8),
            peak_megabytes=peak_megabytes,
            analyses=_analyses(settings),
            policy=settings.policy,
        )

    @cached_property
    def letters(self) -> "PubSubDeadLetters":
        """The dead letters, for people; no handler asks for them."""
        from .dead_letters import PubSubDeadLetters

        return PubSubDeadLetters(self.settings)

    def publish(self, envelope: Envelope) -> None:
        """Tell the troupe something from outside; it is remembered before it is sent."""
        if not self.dependencies.event_log.has(envelope.id, self.clock()):
            self.dependencies.event_log.record([envelope], self.clock())
        self.bus.publish([envelope])

    def tick(self) -> None:
        """What Cloud Scheduler does every five minutes; one that is lost costs minutes."""
        with suppress(Redeliver):
            self.bus.send("watch-tick", b'{"tick": "by hand"}', {})

    def close(self) -> None:
        self.bus.close()
        if "letters" in self.__dict__:
            self.letters.close()
        for tool in (self.warehouse, self.dependencies.bucket, self.dependencies.job_service):
            close = None if isinstance(tool, _NotGiven) else getattr(tool, "close", None)
            if close is not None:
                close()


def needs_of_service(settings: GcpSettings) -> frozenset[str]:
    """The tools that the handlers of this service name, read from their code."""
    known, cast = handlers_by_name(), settings.handlers
    guests = (guest for each in cast for guest in CO_HOSTED.get(each, ()))
    return frozenset(need for each in (*cast, *guests) for need in needs_of(known[each]))


def found(warehouse: Warehouse, deployment: str, *, may_found: bool = True) -> Deployment:
    """The deployment of this dataset, founded under the given id when there is none.

    A process that may not write the row leaves it to one that may: a job that is denied uses up an
    id, and there are two hundred. Raises `BadSetting`, and `Redeliver` until the row is there.
    """
    known = _known(warehouse)
    if known is None and not deployment:
        raise BadSetting(
            "TROUPE_DEPLOYMENT is not set, and the dataset is new: give its id, as ab12"
        )
    if known is None and may_found:
        job = Deployment(deployment).job("create_deployment")
        warehouse.run_once(job, transaction("create_deployment"), {"deployment": deployment})
        known = _known(warehouse)
    if known is None:
        raise Redeliver(f"the dataset is not founded yet: {INITIALIZER} or `troupe status` does it")
    if deployment not in ("", known):
        raise BadSetting(
            f"TROUPE_DEPLOYMENT is {deployment!r}, and the dataset is of deployment {known!r}: "
            "give that, or another dataset"
        )
    return Deployment(known)


def _analyses(settings: GcpSettings) -> Analyses:
    try:
        return load_folders(settings.analyses)
    except AnalysisError as error:
        raise BadSetting(f"TROUPE_ANALYSES: {error}") from error


def _known(warehouse: Warehouse) -> str | None:
    rows = warehouse.query(query("deployment"), {})
    return str(rows[0]["deployment"]) if rows else None


class _NotGiven:
    """In the place of a tool that no handler of this service names."""

    def __init__(self, tool: str) -> None:
        self._tool = tool

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"this service was given no {self._tool}: no handler of it asks")


def _not_given(tool: str) -> Any:
    return _NotGiven(tool)


# Each client is imported where it is made: a service that needs none of it starts sooner.


def make_warehouse(settings: GcpSettings) -> Warehouse:
    from .warehouse import BigQueryWarehouse
    from .write_api import WriteApiStream, write_client

    stream = WriteApiStream(
        f"{settings.project}.{settings.dataset}",
        lambda: write_client(settings.bigquery_write_endpoint),
    )
    return BigQueryWarehouse(settings, stream=stream)


def make_bucket(settings: GcpSettings) -> Bucket:
    from .bucket import StorageBucket

    return StorageBucket(settings)


def make_job_service(settings: GcpSettings) -> JobService:
    from .job_service import VertexJobService

    return VertexJobService(settings)
