"""The ports: what a handler may use. Each has a local form and a form for Google Cloud in troupe/."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol, TypedDict, Unpack

from analysis import Analyses
from events.ids import Deployment
from tracking import EventLog, Row, Tracking

from .summary.ended_run import EndedRun, RefusedRun

Clock = Callable[[], datetime]
"""Returns the time as an aware UTC datetime. Simulations pass a clock of their own."""


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
        """Tell whether a job in this state writes nothing more."""
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


class JobRequest(TypedDict):
    """What a job is created from."""

    display_name: str
    model: str
    """Its name, or its path at the service."""
    request_uri: str
    """The request file."""
    output_prefix: str
    """The job writes to a folder below it."""
    labels: dict[str, str]


class JobService(Protocol):
    """Vertex AI batch prediction."""

    def create(self, **request: Unpack[JobRequest]) -> Job:
        """Create one job with one request and no retry: Vertex has no idempotency key.

        Raises `Refused` for a lasting refusal, `Unavailable` when the service says that it did not
        create the job now, `Redeliver` for any other fault: then the job may exist.
        """
        ...

    def find(self, labels: Mapping[str, str]) -> list[Job]:
        """Return the jobs that carry all of these labels."""
        ...

    def created_since(self, since: datetime, labels: Mapping[str, str]) -> list[Job]:
        """Return the jobs with these labels that were created at or after `since`."""
        ...

    def get(self, name: str) -> Job | None:
        """Return one job; None when it was deleted."""
        ...

    def cancel(self, name: str) -> None:
        """Request the cancellation of a job. A job that has ended stays as it is."""
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
        """Create the object, or adopt an existing one of the same content.

        An exception raised by `chunks` leaves no object behind.
        Raises `Reject` when the name holds other content: nothing is overwritten.
        """
        ...

    def read(self, blob: Blob) -> Iterator[bytes]:
        """Yield the content of this generation in blocks, in constant memory."""
        ...

    def list(self, folder: str) -> list[Blob]:
        """Return the objects below this address, taken as a folder, in order of name."""
        ...

    def uri(self, path: str) -> str:
        """Return the address of an object at this path."""
        ...


class Notifier(Protocol):
    """Tells people outside of the system about a run."""

    def send(self, run: EndedRun | RefusedRun) -> None:
        """Send one notification. Receivers know a repeated one by its `notification_id`.

        Raises `Redeliver` for a passing fault, and `Reject` where the receiver will never take it.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Time limits and caps, in one place so that simulations can change them."""

    claim_seconds: int = 60
    """A claim's owner may create the job this long after the claim."""
    reclaim_seconds: int = 20 * 60
    """The next claim may be taken after this time without a job in the event log or by label."""
    republish_after_seconds: int = 10 * 60
    """An event that no handler finished is republished after this time, then at doubled intervals."""
    republish_times: int = 4
    republish_per_tick: int = 100
    unrecorded_letter_seconds: int = 60 * 60
    """An event that was given up goes to the dead letters again when this time brought no letter."""
    pending_hours: int = 72
    """Vertex lets a job wait this long in its queue; the watchdog then asks to cancel it."""
    running_hours: int = 24
    run_days: int = 75
    """An older run is stopped: the memberships of its batches expire after 90 days."""
    budget_a_day: float | None = None
    """US dollars that all runs together may spend on one UTC day; None: no cap."""
    tokens_a_day: int | None = None
    first_gap_seconds: int = 5 * 60
    """Until the next attempt after the service did not answer; doubled each time in a row."""
    longest_gap_seconds: int = 2 * 60 * 60
    outage_hours: int = 24
    """A run whose service answers nothing for so long is stopped, and its records are released."""
    tick_seconds: int = 480
    """What the duties of one tick may take together."""
    answers_are_paid: bool = True
    """At the rates of the price table; not those of an endpoint of one's own, whose cost is unknown."""
    vertex_location: str = ""
    """Where Vertex AI runs the jobs; empty where another service does, of whose models nothing is known."""
    look_back_days: int = 31
    """Days that queries read without an open run: as long as dead letters are kept."""

    def outage_gap(self, times: int) -> int:
        """Return the seconds to wait after the service did not answer `times` times in a row."""
        doubled: int = self.first_gap_seconds << min(20, max(0, times - 1))
        return min(self.longest_gap_seconds, doubled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """Everything the delivery loop can inject. A handler names what it needs as parameters."""

    deployment: Deployment
    tracking: Tracking
    event_log: EventLog
    bucket: Bucket
    job_service: JobService
    clock: Clock
    new_name: Callable[[], str]
    """Returns a unique name, for what is private to one execution."""
    peak_megabytes: Callable[[], float | None]
    """Peak memory of this process in megabytes; None where the system does not report it."""
    subscriptions: Sequence[Row]
    """Topic and handler of every event that has a handler; queries look for unhandled ones."""
    analyses: Analyses = field(default_factory=Analyses)
    policy: Policy = field(default_factory=Policy)
    notifier: Notifier | None = None
    """None: no notification is sent."""
