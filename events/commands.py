"""What people and schedules ask for. Checked strictly: a typing error is refused, never guessed."""

from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal

import msgspec

from .events import Event
from .ids import END, RUN_ID

RunId = Annotated[str, msgspec.Meta(pattern=RUN_ID)]
NEW_RUN_ID = f"{RUN_ID}|^{END}"
NewRunId = Annotated[str, msgspec.Meta(pattern=NEW_RUN_ID)]
"""Left empty it derives from the message, so that a redelivery is the same run."""
RECORD_ID = rf"^[0-9a-f]{{32}}{END}"
NAME = rf"^[\w.@:/+ -]{{1,100}}{END}"
MODEL = rf"^[a-zA-Z0-9][\w.@/-]{{0,99}}{END}"
ANALYSIS = rf"^[a-z][a-z0-9_]{{0,59}}{END}"
ERROR_TYPE = rf"^[a-z_]{{1,40}}{END}"
RecordId = Annotated[str, msgspec.Meta(pattern=RECORD_ID)]
Name = Annotated[str, msgspec.Meta(pattern=NAME)]
Mode = Literal["test", "production", "incremental", "single", "custom"]

ROWS_LIMIT = 200_000
"""Requests that one Vertex batch job takes (documented)."""
BYTES_LIMIT = 1_000_000_000
"""Bytes of one input file on Cloud Storage (documented: 1 GB)."""


MOST_RECORDS = 1_000_000_000


class Command(Event, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event from outside; its id is the request's own."""

    identified_by = ()


class Settings(Command, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a run is cut, asked and bounded."""

    rows_per_batch: Annotated[int, msgspec.Meta(ge=1, le=ROWS_LIMIT)] = 20_000
    """Records of a batch, about."""
    bytes_per_batch: Annotated[int, msgspec.Meta(ge=10_000, le=BYTES_LIMIT)] = 700_000_000
    """Of rendered request lines."""
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 8
    """Batches in flight at once."""
    canary: Annotated[int, msgspec.Meta(ge=1, le=ROWS_LIMIT)] = 500
    """Records of the first batch; only its success opens the window."""
    breaker: Annotated[float, msgspec.Meta(gt=0, le=100)] = 20.0
    """Per cent of failed records, of those in batches that are over, that stops the run."""
    max_attempts: Annotated[int, msgspec.Meta(ge=1, le=10)] = 3
    """Attempts at a batch; what is open after the last one has failed."""
    model: Annotated[str, msgspec.Meta(pattern=MODEL)] | None = None
    """None takes the default of the analysis."""
    analysis: Annotated[str, msgspec.Meta(pattern=ANALYSIS)] = "call_review_v1"
    """What is asked: the name of an analysis."""
    budget: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """US dollars; a run that would cost more is refused, or stops."""
    budget_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Tokens read and written; a run that would take more is refused, or stops."""
    grounding: bool = True
    """Measure how much of each summary was said in its transcript."""
    dry_run: bool = False
    """Plan and price it, freeze nothing, spend nothing."""


class RunRequested(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody wants transcripts analysed."""

    run_id: NewRunId = ""
    """Name of the run; left empty it derives from the message."""
    mode: Mode = "production"
    """`test` demands a limit, `single` names records, `incremental` goes on at the newest event."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_RECORDS)] | None = None
    """Records of the run, at most; the rest is counted and left for later."""
    event_time_from: datetime | None = None
    """Calls at or after this time, with a time zone."""
    event_time_to: datetime | None = None
    """Calls before this time."""
    providers: list[Name] = []
    """Calls of these providers alone."""
    directions: list[Name] = []
    """Calls of these directions alone."""
    record_ids: list[RecordId] = []
    """These records alone, in mode single or custom."""
    lookback_days: Annotated[int, msgspec.Meta(ge=0, le=3_650)] = 7
    """How far an incremental run looks back behind the newest event, for calls that came late."""

    def __post_init__(self) -> None:
        _check_times(self.event_time_from, self.event_time_to)
        if self.mode == "test" and self.limit is None:
            raise ValueError("limit is missing: mode test demands one, for example 100")
        if self.mode == "single" and not self.record_ids:
            raise ValueError("record_ids is empty: mode single names at least one")
        if self.record_ids and self.mode not in ("single", "custom"):
            raise ValueError(f"record_ids cannot be used in mode {self.mode}: take mode single")

    @property
    def narrowed(self) -> bool:
        """Whether it asks for less than everything that is pending."""
        return bool(self.event_time_from or self.event_time_to or self.providers or self.directions)


class ReprocessRequested(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody wants failed or released records asked again, in a new run."""

    run_id: NewRunId = ""
    """Name of the run; left empty it derives from the message."""
    of_run: RunId | None = None
    """Records of this run."""
    batches: list[Annotated[int, msgspec.Meta(ge=1, le=MOST_RECORDS)]] = []
    """Of these batches of that run."""
    error_types: list[Annotated[str, msgspec.Meta(pattern=ERROR_TYPE)]] = []
    """Records that met one of these errors."""
    record_ids: list[RecordId] = []
    """These records."""

    def __post_init__(self) -> None:
        if not (self.of_run or self.error_types or self.record_ids):
            raise ValueError("nothing is selected: give of_run, error_types or record_ids")
        if self.batches and not self.of_run:
            raise ValueError("batches needs of_run: batch numbers belong to a run")


class CancelRequested(Command, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operator wants a run stopped."""

    run_id: RunId
    """The run to stop."""
    requested_by: ClassVar[str] = "operator"


_RUN = "1 to 40 signs of a-z, 0-9 and -, with no - first"
IN_WORDS: dict[str, str] = {
    RUN_ID: _RUN,
    NEW_RUN_ID: _RUN,
    RECORD_ID: "a record id of 32 signs of 0-9 and a-f",
    NAME: "1 to 100 letters, digits, spaces and signs of . @ : / + _ -",
    MODEL: "the name of a model, 1 to 100 signs of a-z, A-Z, 0-9 and . @ / _ -",
    ANALYSIS: "the name of an analysis, 1 to 60 signs of a-z, 0-9 and _, with a letter first",
    ERROR_TYPE: "the name of an error, 1 to 40 signs of a-z and _",
}
"""What each pattern allows, as a refusal says it."""


def _check_times(start: datetime | None, end: datetime | None) -> None:
    instants = [
        _instant(name, time) for name, time in (("event_time_from", start), ("event_time_to", end))
    ]
    if instants[0] and instants[1] and instants[0] >= instants[1]:
        raise ValueError("event_time_from is not before event_time_to")


def _instant(name: str, time: datetime | None) -> datetime | None:
    if time is None:
        return None
    if time.tzinfo is None:
        raise ValueError(f"{name} has no time zone: write 2026-01-31T00:00:00Z")
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{name} lies beyond the calendar") from error
