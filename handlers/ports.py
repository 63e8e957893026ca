"""What a handler may reach for; `infra/` provides it, for the laptop and for Google Cloud."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from analysis import Analyses
from events.ids import Deployment
from tracking import EventLog, Row, Tracking

Clock = Callable[[], datetime]
"""Tells the time as an aware UTC datetime. Whole runs are simulated by giving another one."""


class JobState(Enum):
    """The twelve states of a Vertex AI job; values are the service's own numbers."""

    UNSPECIFIED = 0
    QUEUED = 1
    PENDING = 2
    RUNNING = 3
    SUCCEEDED = 4
    FAILED = 5
    CANCELLING = 6
    CANCELLED = 7
    PAUSED = 8
    EXPIRED = 9
    UPDATING = 10
    PARTIALLY_SUCCEEDED = 11

    @property
    def ended(self) -> bool:
        """Nothing more will be written by a job in this state."""
        return self in _ENDED


_ENDED = frozenset(
    {
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.CANCELLED,
        JobState.EXPIRED,
        JobState.PARTIALLY_SUCCEEDED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One batch prediction job as the service describes it."""

    name: str
    state: JobState
    labels: Mapping[str, str]
    created_at: datetime
    started_at: datetime | None = None
    output_folder: str | None = None
    """Where this job alone writes; set by the service, may be empty or missing."""
    error_code: int | None = None
    """gRPC code; filled for failed and cancelled jobs only."""
    error_message: str = ""


class JobService(Protocol):
    """Vertex AI batch prediction."""

    def create(
        self,
        *,
        display_name: str,
        model: str,
        request_uri: str,
        output_prefix: str,
        labels: Mapping[str, str],
    ) -> Job:
        """Create one job, once, without any retry: the service does not dedupe."""
        ...

    def find(self, labels: Mapping[str, str]) -> list[Job]:
        """The jobs that carry all of these labels."""
        ...

    def created_since(self, since: datetime, labels: Mapping[str, str]) -> list[Job]:
        """The jobs with these labels that were created at or after `since`."""
        ...

    def get(self, name: str) -> Job | None:
        """One job; None when it was deleted."""
        ...

    def cancel(self, name: str) -> None:
        """Ask for an end. A job that has ended already is left as it is."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """One object of the bucket, pinned to a generation."""

    uri: str
    generation: int
    size: int
    checksum: str
    """Of the content, as `<algorithm>:<hex>`; equal content has an equal checksum."""


class Bucket(Protocol):
    """Cloud Storage. Names are paths; addresses are `gs://bucket/path`."""

    def write_once(self, path: str, chunks: Iterable[bytes]) -> Blob:
        """Create the object, or adopt one of the same content that is there already.

        An exception raised by `chunks` leaves no object behind.
        Raises `Reject` when another content stands under this name: never an overwrite.
        """
        ...

    def read(self, blob: Blob) -> Iterator[bytes]:
        """The content of this generation, in blocks, in constant memory."""
        ...

    def list(self, folder: str) -> list[Blob]:
        """The objects below this address, which is taken as a folder, in order of name."""
        ...

    def uri(self, path: str) -> str:
        """The address that an object of this path has."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long the troupe waits for what; one place, so that simulations can hold it."""

    claim_seconds: int = 60
    """A claim's owner may create the job this long after the claim."""
    reclaim_seconds: int = 20 * 60
    """The next claim may be taken after this time without a job in event_log or label."""
    republish_after_seconds: int = 10 * 60
    """An event that nobody finished is republished after this time, then at doubled gaps."""
    republish_times: int = 4
    republish_per_tick: int = 100
    pending_hours: int = 72
    """Vertex lets a job wait this long in its queue; the watchdog then asks to cancel it."""
    running_hours: int = 24
    run_days: int = 75
    """A run that is older goes no further: memberships expire after 90, and its books with them."""
    budget_a_day: float | None = None
    """US dollars that all runs together may spend on one UTC day; None: no cap."""
    tokens_a_day: int | None = None
    look_back_days: int = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """A handler names the tools it needs as parameters; it is given those alone."""

    deployment: Deployment
    tracking: Tracking
    event_log: EventLog
    bucket: Bucket
    job_service: JobService
    clock: Clock
    new_name: Callable[[], str]
    """A name nobody used before; for what is private to one execution."""
    peak_megabytes: Callable[[], float | None]
    """Peak memory of this process; None where the system does not tell it."""
    subscriptions: Sequence[Row]
    """Topic and handler of every event that has a handler; queries look for unhandled ones."""
    analyses: Analyses = field(default_factory=Analyses)
    policy: Policy = field(default_factory=Policy)
