"""Fakes of Google's clients with a deployment in order, which tests then change."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from google.cloud.bigquery import SchemaField, Table, TimePartitioning
from google.cloud.pubsub_v1.types import Subscription, Topic

from handlers.ports import Job
from tests.gcp.making import gcp_settings
from tests.local.fakes import HeldClock
from tracking.tables import columns_of, layouts
from troupe.backends.gcp.settings import GcpSettings
from troupe.backends.gcp.warehouse import fields_of
from troupe.deployment.topology import subscriptions
from troupe.doctor import Clients, Finding, examine
from troupe.doctor.pubsub import topics

AGENT = "serviceAccount:service-17@gcp-sa-aiplatform.iam.gserviceaccount.com"
PUBSUB_AGENT = "serviceAccount:service-17@gcp-sa-pubsub.iam.gserviceaccount.com"


class BigQuery:
    """Datasets, tables and short queries."""

    def __init__(self, clock: HeldClock) -> None:
        self.clock = clock
        self.datasets: dict[str, Any] = {
            "troupe": SimpleNamespace(location="EU", default_table_expiration_ms=None),
            "troupe_staging": SimpleNamespace(location="EU", default_table_expiration_ms=86400000),
        }
        self.tables: dict[str, Any] = {name: table(name) for name in layouts()}
        self.deployments = ["ab12"]
        self.skew = 0.0
        self.dry_runs: list[str] = []
        self.dead_letters: list[Any] = []
        """Rows of the view, by handler and cause."""

    def get_dataset(self, path: str, **_: object) -> Any:
        return result_of(self.datasets[path.rpartition(".")[2]])

    def get_table(self, path: str, **_: object) -> Any:
        return result_of(self.tables[path.rpartition(".")[2]])

    def query_and_wait(self, sql: str, **_: object) -> list[dict[str, Any]]:
        if "CURRENT_TIMESTAMP" in sql:
            return [{"now": self.clock() + timedelta(seconds=self.skew)}]
        if "open_dead_letters" in sql:
            return self.dead_letters
        return [{"deployment": each} for each in self.deployments]

    def query(self, sql: str, **_: object) -> Any:
        self.dry_runs.append(sql)
        return SimpleNamespace(total_bytes_processed=5_000_000)


class Storage:
    """Two buckets and their metadata."""

    def __init__(self) -> None:
        self.buckets = {"stories-troupe": _bucket("admin"), "stories-output": _bucket("objectUser")}

    def bucket(self, name: str) -> Any:
        return self.buckets[name]

    def get_bucket(self, name: str, **_: object) -> Any:
        return result_of(self.buckets[name])


class PubSub:
    """Topics and subscriptions of one project, and their messages."""

    def __init__(self) -> None:
        settings = doctor_settings()
        self.topics = {name: Topic(name=settings.topic(name)) for name in topics()}
        self.subscriptions = {each["name"].rpartition("/")[2]: each for each in _subscriptions()}
        self.agents: dict[str, Any] = {}

    def list_topics(self, **_: object) -> list[Any]:
        return list(self.topics.values())

    def list_subscriptions(self, **_: object) -> list[Any]:
        return [Subscription(each) for each in self.subscriptions.values()]

    def get_iam_policy(self, *, request: dict[str, str], **_: object) -> Any:
        member = result_of(self.agents.get(request["resource"].rpartition("/")[2], PUBSUB_AGENT))
        kind = "publisher" if "/topics/" in request["resource"] else "subscriber"
        binding = SimpleNamespace(role=f"roles/pubsub.{kind}", members=[member])
        return SimpleNamespace(bindings=[binding])


class JobService:
    """Vertex's jobs."""

    def __init__(self) -> None:
        self.jobs: list[Job] | Exception = []
        self.labels: list[Any] = []

    def created_since(self, since: datetime, labels: Any) -> list[Job]:
        self.labels.append(labels)
        jobs: list[Job] = result_of(self.jobs)
        return jobs


class DoctorHarness:
    """A deployment of fake clients, and the doctor's findings about it."""

    def __init__(self, **settings: Any) -> None:
        self.settings = doctor_settings(**settings)
        self.clock = HeldClock()
        self.bigquery, self.storage = BigQuery(self.clock), Storage()
        self.pubsub, self.job_service = PubSub(), JobService()
        self.clients = Clients(
            bigquery=lambda: self.bigquery,  # type: ignore[arg-type,return-value] # a fake of the client
            storage=lambda: self.storage,
            publisher=lambda: self.pubsub,
            subscriber=lambda: self.pubsub,
            job_service=lambda: self.job_service,  # type: ignore[arg-type,return-value] # a fake of the client
        )
        self.environ: dict[str, str] = {}

    def findings(self) -> list[Finding]:
        return list(examine(self.settings, self.clients, self.clock, self.environ))

    def problems(self) -> dict[str, Finding]:
        """Return the warnings and faults by the name of their check."""
        return {each.name: each for each in self.findings() if each.state != "ok"}


def result_of(value: Any) -> Any:
    """Return the value, or raise it when it is an exception."""
    if isinstance(value, Exception):
        raise value
    return value


def doctor_settings(**changed: Any) -> GcpSettings:
    given = {
        "TROUPE_VERTEX_LOCATION": "eu",
        "TROUPE_OUTPUT_BUCKET": "stories-output",
        "TROUPE_PUSH_ACCOUNT": "troupe-push@stories",
    }
    return gcp_settings(**{**given, **changed})


def table(name: str, change: Callable[[list[SchemaField]], None] | None = None) -> Table:
    """Return the table as Terraform creates it."""
    layout, fields = layouts()[name], fields_of(columns_of(name))
    if change:
        change(fields)
    made = Table(f"stories.troupe.{name}", schema=fields)
    if layout.partition:
        days = layout.expiration_days
        made.time_partitioning = TimePartitioning(
            field=layout.partition, expiration_ms=days * 86400000 if days else None
        )
    if layout.cluster:
        made.clustering_fields = list(layout.cluster)
    made.require_partition_filter = layout.require_partition_filter
    return made


def letters(count: int) -> Any:
    """Return a row about dead letters of write-jsonl."""
    return SimpleNamespace(handler="write-jsonl", cause="preflight_failed", letters=count)


def _bucket(role: str) -> Any:
    notification = SimpleNamespace(topic_name="gcs-object", topic_project="stories")
    return SimpleNamespace(
        location="EU",
        project_number=17,
        soft_delete_policy=SimpleNamespace(retention_duration_seconds=0),
        iam_configuration=SimpleNamespace(public_access_prevention="enforced"),
        test_iam_permissions=lambda needed, **_: needed,
        get_iam_policy=lambda **_: SimpleNamespace(
            bindings=[{"role": f"roles/storage.{role}", "members": {AGENT}}]
        ),
        list_notifications=lambda **_: [notification],
    )


def _subscriptions() -> Iterator[dict[str, Any]]:
    """Yield the subscriptions as Terraform creates them."""
    settings = doctor_settings()
    for each in subscriptions():
        made = _subscription(settings, each.name, each.topic) | {
            "push_config": {
                "push_endpoint": "https://troupe-x.run.app",
                "oidc_token": {
                    "service_account_email": "troupe-push@stories",
                    "audience": "https://troupe-x.stories.internal",
                },
            },
            "retry_policy": {
                "minimum_backoff": {"seconds": 10},
                "maximum_backoff": {"seconds": 600},
            },
        }
        if each.dead_letter_topic:
            made["dead_letter_policy"] = {
                "dead_letter_topic": settings.topic(each.dead_letter_topic),
                "max_delivery_attempts": 40,
            }
        yield made


def _subscription(settings: GcpSettings, name: str, topic: str) -> dict[str, Any]:
    return {
        "name": settings.subscription(name),
        "topic": settings.topic(topic),
        "ack_deadline_seconds": 600,
        "expiration_policy": {},
        "message_retention_duration": {"seconds": 31 * 86400},
    }
