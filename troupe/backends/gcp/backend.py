"""The Google Cloud backend: the same handlers, with the clients that their service needs."""

import secrets
from contextlib import suppress
from functools import partial
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
from troupe.notifications.notifiers import notifier_of
from troupe.online.port import TokenCounter

from .bus import PubSubBus
from .settings import BadSetting, GcpSettings
from .warehouse import BigQueryWarehouse
from .write_api import WriteApiStream, write_client

if TYPE_CHECKING:
    from .online_model import VertexOnlineModel


class GcpBackend:
    """One process's access to a deployment. Only clients that its handlers need are made."""

    bills_reads = True

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
        self.deployment = ensure_deployment(
            self.warehouse, settings.deployment, may_create=INITIALIZER in settings.handlers
        )
        self.dependencies = Dependencies(
            subscriptions=event_subscriptions(),
            deployment=self.deployment,
            tracking=Tracking(self.warehouse, self.deployment, error_types(), settings.source),
            event_log=EventLog(self.warehouse, settings.policy.look_back_days),
            bucket=bucket or (make_bucket(settings) if "bucket" in needs else _missing("bucket")),
            job_service=job_service
            or (make_job_service(settings) if "job_service" in needs else _missing("job_service")),
            clock=clock,
            new_name=partial(secrets.token_hex, 8),
            peak_megabytes=peak_megabytes,
            analyses=_analyses(settings),
            policy=settings.policy,
            notifier=notifier_of(settings.notify, clock) if "notifier" in needs else None,
        )

    def publish(self, command: Envelope) -> None:
        """Publish a command. Its handler's service records it on arrival: operators write no table."""
        self.bus.publish([command])

    def token_counter(self, model: str) -> TokenCounter:
        """Return Vertex AI's count, which needs the right to use its models."""
        return make_online_model(self.settings, model)

    def tick(self) -> None:
        """Publish `watch-tick`, as Cloud Scheduler does every five minutes. It may be lost."""
        with suppress(Redeliver):
            self.bus.send("watch-tick", b'{"tick": "by hand"}', {})

    def close(self) -> None:
        self.bus.close()
        for port in (self.warehouse, self.dependencies.bucket, self.dependencies.job_service):
            close = None if isinstance(port, _Missing) else getattr(port, "close", None)
            if close is not None:
                close()


def needs_of_service(settings: GcpSettings) -> frozenset[str]:
    """Return the names of the dependencies that the handlers of this service take."""
    known, own = handlers_by_name(), settings.handlers
    co_hosted = (guest for each in own for guest in CO_HOSTED.get(each, ()))
    return frozenset(need for each in (*own, *co_hosted) for need in needs_of(known[each]))


def ensure_deployment(
    warehouse: Warehouse, deployment: str, *, may_create: bool = True
) -> Deployment:
    """Return the deployment of this dataset; create it under the given id when there is none.

    A process without the permission to write the row waits for one that has it: a denied job
    uses up one of the 200 suffixes of its id. Raises `BadSetting`, and `Redeliver` until the row
    exists.
    """
    known = _deployment_id(warehouse)
    if known is None and not deployment:
        raise BadSetting(
            "TROUPE_DEPLOYMENT is not set, and the dataset is new: give its id, as ab12"
        )
    if known is None and may_create:
        job = Deployment(deployment).job("create_deployment")
        warehouse.run_once(job, transaction("create_deployment"), {"deployment": deployment})
        known = _deployment_id(warehouse)
    if known is None:
        raise Redeliver(
            "the dataset has no deployment id yet: "
            f"{INITIALIZER} writes it when it starts, and so does `troupe status`"
        )
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


def _deployment_id(warehouse: Warehouse) -> str | None:
    rows = warehouse.query(query("deployment"), {})
    return str(rows[0]["deployment"]) if rows else None


class _Missing:
    """Placeholder of a dependency that no handler of this service takes."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"this service has no {self._name}: none of its handlers takes one")


def _missing(name: str) -> Any:
    return _Missing(name)


def make_warehouse(settings: GcpSettings) -> Warehouse:
    """Return BigQuery as a warehouse; the connection for appends opens at the first one."""
    stream = WriteApiStream(
        f"{settings.project}.{settings.dataset}",
        lambda: write_client(settings.bigquery_write_endpoint),
    )
    return BigQueryWarehouse(settings, stream=stream)


def make_bucket(settings: GcpSettings) -> Bucket:
    """Return Cloud Storage as a bucket."""
    # Imported here: six of the ten services use no files, and start sooner without this client.
    from .bucket import StorageBucket

    return StorageBucket(settings)


def make_job_service(settings: GcpSettings) -> JobService:
    """Return Vertex AI as a job service."""
    # Imported here: Vertex's client takes 110 MB, and only four services use it.
    from .job_service import VertexJobService

    return VertexJobService(settings)


def make_online_model(settings: GcpSettings, model: str) -> "VertexOnlineModel":
    """Return a model on Vertex AI that is asked now, and that counts tokens."""
    # Imported here for the same reason as the job service.
    from .online_model import VertexOnlineModel

    return VertexOnlineModel(settings, model)
