"""Commands: requests from users and schedules. An unknown field is refused, never ignored."""

from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal

import msgspec

from .conditions import EXPECTED as EXPECTED_CONDITIONS
from .conditions import Conditions, Labels
from .events import Event
from .ids import END, RUN_ID

MOST_LETTERS = 1_000
"""Dead letters that one command names."""

RunId = Annotated[str, msgspec.Meta(pattern=RUN_ID)]
NEW_RUN_ID = f"{RUN_ID}|^{END}"
NewRunId = Annotated[str, msgspec.Meta(pattern=NEW_RUN_ID)]
"""A run id; empty means derived from the message id, so a redelivery is the same run."""
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
    """An event from outside, under the id of its message or CloudEvent."""

    identified_by = ()


class Settings(Command, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a run: batches, model, attempts and limits."""

    rows_per_batch: Annotated[int, msgspec.Meta(ge=1, le=ROWS_LIMIT)] = 20_000
    """Maximum number of records in a batch."""
    bytes_per_batch: Annotated[int, msgspec.Meta(ge=10_000, le=BYTES_LIMIT)] = 700_000_000
    """Bytes of request lines in a batch; the last record may exceed it."""
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 8
    """Maximum number of batches in flight."""
    canary: Annotated[int, msgspec.Meta(ge=1, le=ROWS_LIMIT)] = 500
    """Records of the first batch; the others start after it is over."""
    breaker: Annotated[float, msgspec.Meta(gt=0, le=100)] = 20.0
    """Circuit breaker: percentage of failed records, among finished batches, that stops the run."""
    max_attempts: Annotated[int, msgspec.Meta(ge=1, le=10)] = 3
    """Maximum number of attempts at a batch; records open after the last one have failed."""
    model: Annotated[str, msgspec.Meta(pattern=MODEL)] | None = None
    """Model name; None takes the default of the analysis."""
    analysis: Annotated[str, msgspec.Meta(pattern=ANALYSIS)] = "call_review_v1"
    """Name of the analysis."""
    budget: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """Maximum cost in US dollars; a run with a higher estimate is refused, a running one stops."""
    budget_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Maximum of input and output tokens; enforced like `budget`."""
    grounding: bool = True
    """Measure which share of a summary's words occurs in its transcript."""
    labels: Labels = {}
    """Labels of the batch jobs, which billing exports show, such as team or cost centre. Ids only."""
    dry_run: bool = False
    """Plan and estimate the cost only; freeze no batch and create no job."""


class RunRequested(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user or a schedule requests a run."""

    run_id: NewRunId = ""
    """Id of the run; empty means derived from the message id."""
    mode: Mode = "production"
    """`test` needs a limit, `single` needs record ids, `incremental` starts at the newest call."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_RECORDS)] | None = None
    """Maximum number of records; the rest is counted and left to a later run."""
    event_time_from: datetime | None = None
    """Calls at or after this time, with a time zone."""
    event_time_to: datetime | None = None
    """Calls before this time."""
    providers: list[Name] = []
    """Only calls of these providers."""
    directions: list[Name] = []
    """Only calls of these directions."""
    attributes: Conditions = []
    """Only calls whose attributes fit all of these conditions."""
    record_ids: list[RecordId] = []
    """Only these records, in mode single or custom."""
    lookback_days: Annotated[int, msgspec.Meta(ge=0, le=3_650)] = 7
    """Days before the newest call at which an incremental run starts, for calls that arrived late."""

    def __post_init__(self) -> None:
        _check_times(self.event_time_from, self.event_time_to)
        if self.mode == "test" and self.limit is None:
            raise ValueError("limit is missing: mode test needs one, for example 100")
        if self.mode == "single" and not self.record_ids:
            raise ValueError("record_ids is empty: mode single needs at least one")
        if self.record_ids and self.mode not in ("single", "custom"):
            raise ValueError(f"record_ids is not allowed in mode {self.mode}: use mode single")

    @property
    def narrowed(self) -> bool:
        """Whether a filter excludes pending records."""
        return bool(
            self.event_time_from or self.event_time_to or self.providers or self.directions
            or self.attributes
        )  # fmt: skip


class ReprocessRequested(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user requests a new run over failed, released or changed records."""

    run_id: NewRunId = ""
    """Id of the run; empty means derived from the message id."""
    of_run: RunId | None = None
    """Select records of this run."""
    batches: list[Annotated[int, msgspec.Meta(ge=1, le=MOST_RECORDS)]] = []
    """Select records of these batches of `of_run`."""
    error_types: list[Annotated[str, msgspec.Meta(pattern=ERROR_TYPE)]] = []
    """Select records with an error of one of these types."""
    record_ids: list[RecordId] = []
    """Select these records."""
    changed: bool = False
    """Select analysed records whose transcript has changed since; their new rows replace the old."""

    def __post_init__(self) -> None:
        if not (self.of_run or self.error_types or self.record_ids or self.changed):
            raise ValueError("nothing is selected: give of_run, error_types, record_ids or changed")
        if self.changed and (self.error_types or self.batches):
            unfit = "error_types" if self.error_types else "batches"
            raise ValueError(
                f"{unfit} is not allowed with changed, which selects analysed records: "
                "narrow it by of_run or record_ids"
            )
        if self.batches and not self.of_run:
            raise ValueError("batches needs of_run: batch numbers count within one run")


class RereadRequested(Command, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user requests that the stored answers of a completed run are read again, without a model."""

    run_id: NewRunId = ""
    """Id of the new run; empty means derived from the message id."""
    of_run: RunId
    """The completed run; its records without a row are read by the rules of the installed analysis."""
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 8
    """Maximum number of batches in flight."""


class CancelRequested(Command, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operator requests that a run stops."""

    run_id: RunId
    """The run to stop."""
    requested_by: ClassVar[str] = "operator"


LetterIds = Annotated[
    list[Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]],
    msgspec.Meta(min_length=1, max_length=MOST_LETTERS),
]


class LetterCommand(Command, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A command that names dead letters. Each id names a generation, so that it acts once."""

    run_id: NewRunId = ""
    """Decides nothing: the letters may belong to several runs."""
    letter_ids: LetterIds
    """Ids of dead letters, as `troupe dead-letters list` shows them."""


class ReplayRequested(LetterCommand, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operator requests that events are published again for the handler that failed."""


class DiscardRequested(LetterCommand, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operator requests that dead letters are closed, and what they hold up with them."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    """Why; stored with the delivery."""


_RUN = "1 to 40 characters of a-z, 0-9 and -, not starting with -"
EXPECTED: dict[str, str] = EXPECTED_CONDITIONS | {
    RUN_ID: _RUN,
    NEW_RUN_ID: _RUN,
    RECORD_ID: "a record id of 32 characters of 0-9 and a-f",
    NAME: "1 to 100 letters, digits, spaces and characters of . @ : / + _ -",
    MODEL: "a model name of 1 to 100 characters of a-z, A-Z, 0-9 and . @ / _ -",
    ANALYSIS: "an analysis name of 1 to 60 characters of a-z, 0-9 and _, starting with a letter",
    ERROR_TYPE: "an error type of 1 to 40 characters of a-z and _",
}
"""What each pattern allows, as an error message puts it."""


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
        raise ValueError(f"{name} has no time zone: use RFC 3339, e.g. 2026-01-31T00:00:00Z")
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{name} is outside the years 1 to 9999 in UTC") from error
