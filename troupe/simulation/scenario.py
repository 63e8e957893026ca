"""What a seed is about: transcripts, runs, fates of jobs and answers, and what operators do.

These are no faults: an undisturbed run of the same seed has them too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from analysis import record_id_of
from events import CancelRequested, ReprocessRequested, RunRequested, record_id
from events.ids import AttemptId, parse_attempt_id
from handlers.ports import JobState
from tracking import Row
from troupe.standin.corrupt import Corruption, Kind

from .fault_profile import theme_of
from .rng import Chance

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MAX_ATTEMPTS = 3
LAST_RUN = "last"
PERSON = "tok_000000"
"""Of the person who may be forgotten."""
LEAVES = "REF-1"
"""The row that the user may take away."""
MOST_RECORDS = 12

Command = RunRequested | ReprocessRequested | CancelRequested


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that people do at a moment."""

    minute: float
    what: str
    """`request`, `source`, `leave`, `restart`, or a command of `troupe/simulation/operators.py`."""
    request: Command | None = None
    event_id: str = ""
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of one job."""

    state: JobState = JobState.SUCCEEDED
    code: int | None = None
    share: float = 1.0
    """Of its rows that are answered."""
    pending_seconds: int = 60
    running_seconds: int = 600
    list_lag_seconds: int = 0
    deleted: bool = False
    """Somebody removes it after its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The content of one seed."""

    rows: tuple[Row, ...]
    acts: tuple[Act, ...]
    corruption: Corruption
    hopeless: frozenset[str]
    """Records that no attempt can answer."""
    is_exact: bool
    """Nothing in it depends on when something happens: its tables have one right content."""


class Spoilt(Corruption):
    """Damages nothing but the hopeless in the last attempt, so that every healthy record ends."""

    def kind_of(self, key: str, attempt: str) -> Kind | None:
        is_last = _parsed(attempt).attempt == MAX_ATTEMPTS
        fate = Corruption.kind_of(self, key, attempt)
        healthy = record_id_of(key) not in self.poison
        return None if is_last and healthy else fate


_MENDABLE = tuple(kind for kind in Kind if kind not in (Kind.BLOCKED, Kind.PROMPT_BLOCKED))
_TEXTS = tuple(
    f"CUSTOMER: My line {n} is broken since Monday, thanks.\nAGENT: It is repaired now, number {n}."
    for n in range(MOST_RECORDS + 1)
)


def script_of(chance: Chance) -> Script:
    # Most seeds are small: what goes wrong needs few records, and DuckDB takes its time.
    low, high = chance.one_of("size", ((2, 5), (2, 5), (2, 5), (6, MOST_RECORDS)))
    records = chance.whole("records", low, high)
    rows = [_row(chance, number) for number in range(records)]
    hopeless = frozenset(
        id_of(row)
        for row in rows
        if row["transcript"] and chance.value(f"poison/{id_of(row)}") < 0.06
    )
    acts = _acts(chance, rows)
    runs = [act.request for act in acts if isinstance(act.request, RunRequested)]
    return Script(
        rows=tuple(rows),
        acts=tuple(acts),
        corruption=Spoilt(
            share=chance.one_of("damage", (0.0, 0.15, 0.4)),
            seed=chance.seed,
            kinds=_MENDABLE,
            poison=hopeless,
            poison_kind=chance.one_of("poison kind", (Kind.BLOCKED, Kind.CUT)),
        ),
        hopeless=hopeless,
        is_exact=len(acts) == 1
        and runs[0].breaker == 100
        and not _fails_for_good(chance)
        and not _deletes(chance),
    )


def _parsed(attempt: str) -> AttemptId:
    parts = parse_attempt_id(attempt)
    if parts is None:
        raise ValueError(f"{attempt!r} is not an attempt's label")
    return parts


def fate_of(chance: Chance, attempt: str) -> Fate:
    """By the attempt's label, so that it is the same whenever the job is created."""

    def value(name: str) -> float:
        return chance.value(f"job/{attempt}/{name}")

    lag = chance.one_of(f"job/{attempt}/lag", (0, 0, 0, 45, 300, 590))
    shortest = 600 if theme_of(chance) == "stops" else 5
    running = chance.one_of(f"job/{attempt}/running", (shortest, 600, 2_400))
    common: dict[str, Any] = {"list_lag_seconds": lag, "running_seconds": running}
    troubles = chance.one_of("job troubles", (0.0, 0.15, 0.5))
    if _parsed(attempt).attempt == MAX_ATTEMPTS:
        return Fate(**common)
    deleted = _deletes(chance) and value("deleted") < 0.7
    if value("trouble") >= troubles:
        return Fate(deleted=deleted, **common)
    share = chance.one_of(f"job/{attempt}/share", (0.0, 0.5, 1.0))
    kind = int(value("kind") * 8)
    for_good = _fails_for_good(chance) and _parsed(attempt).run_id != LAST_RUN
    return (
        Fate(state=JobState.FAILED, code=13, share=share, deleted=deleted, **common),
        Fate(state=JobState.FAILED, code=4, share=0.0, **common),
        Fate(state=JobState.EXPIRED, share=share, **common),
        Fate(state=JobState.CANCELLED, code=1, share=share, **common),
        Fate(state=JobState.PARTIALLY_SUCCEEDED, share=0.5, **common),
        Fate(state=JobState.PENDING, share=0.0, **common),
        Fate(state=JobState.RUNNING, share=share, **common),
        Fate(state=JobState.FAILED, code=3 if for_good else 13, share=0, **common),
    )[kind]


def _fails_for_good(chance: Chance) -> bool:
    """Jobs may fail for a cause that stops the run."""
    return chance.value("for good") < 0.3


def _deletes(chance: Chance) -> bool:
    """Somebody deletes jobs soon after their end."""
    return theme_of(chance) == "deletions"


def id_of(row: Row) -> str:
    return record_id(row["phone_number_token"], row["interactionId"], row["referenceId"])


def _row(chance: Chance, number: int) -> Row:
    empty = chance.value(f"empty/{number}") < 0.05
    return {
        "phone_number_token": f"tok_{number // 2:06d}",
        "referenceId": f"REF-{number}",
        "interactionId": f"int-{number}",
        "transcript": "" if empty else _TEXTS[number],
        "direction": "INBOUND",
        "provider": "chaos",
        "event_timestamp": START - timedelta(days=1, minutes=number),
    }


def _acts(chance: Chance, rows: Sequence[Row]) -> list[Act]:
    acts = [Act(minute=0, what="request", request=_run(chance, "r1"), event_id="request-r1")]

    def happens(name: str, share: float) -> bool:
        return chance.value(f"act/{name}") < share or name == _THEME_ACTS.get(theme_of(chance))

    def minute(name: str) -> float:
        if theme_of(chance) in _THEME_MINUTES:
            return chance.one_of(f"act/{name}/at", _THEME_MINUTES[theme_of(chance)])
        return chance.one_of(f"act/{name}/at", (0, 0, 1, 7, 15, 31, 90, 250))

    if happens("second", 0.4):
        request = _run(chance, "r2")
        acts.append(
            Act(minute=minute("second"), what="request", request=request, event_id="request-r2")
        )
    if happens("again", 0.15):
        acts.append(
            Act(minute=minute("again"), what="request", request=acts[0].request, event_id="again")
        )
    if happens("cancel", 0.2):
        stop = CancelRequested(run_id="r1")
        acts.append(
            Act(minute=minute("cancel"), what="request", request=stop, event_id="request-c1")
        )
    if happens("reprocess", 0.1):
        again = ReprocessRequested(run_id="p1", of_run="r1", canary=2, max_attempts=MAX_ATTEMPTS)
        acts.append(
            Act(minute=minute("reprocess"), what="request", request=again, event_id="request-p1")
        )
    if happens("source", 0.2):
        late = [] if len(rows) > MOST_RECORDS else [_row(chance, MOST_RECORDS)]
        changed = (*_edited(rows[:1]), *_again(rows[1:2]), *late)
        acts.append(Act(minute=minute("source"), what="source", rows=changed))
    if happens("leave", 0.1):
        acts.append(Act(minute=minute("leave"), what="leave"))
    if happens("restart", 0.15):
        acts.append(Act(minute=minute("restart"), what="restart"))
    return [*acts, *_commands(chance, happens)]


def _commands(chance: Chance, happens: Callable[[str, float], bool]) -> Iterator[Act]:
    """What operators do with the commands; most of it asks for a run that has come some way."""
    for what in ("replay", "discard", "reprocess", "cancel", "clear", "forget"):
        for time in range(1, 3):
            if happens(f"operator/{what}/{time}", 0.08):
                minute = chance.one_of(f"act/{what}/{time}/minute", (10, 30, 60, 200, 600, 2_000))
                yield Act(minute=minute, what=what)


_THEME_MINUTES = {"slow": (0,), "stops": (1.5, 2, 3)}
_THEME_ACTS = {"stops": "cancel", "slow": "second"}


def _run(chance: Chance, run_id: str) -> RunRequested:
    def one_of(name: str, *choices: float) -> float:
        return chance.one_of(f"{run_id}/{name}", choices)

    return RunRequested(
        run_id=run_id,
        canary=int(one_of("canary", 2, 3, 12)),
        rows_per_batch=int(one_of("rows", 3, 4)),
        concurrency=int(one_of("concurrency", 1, 2, 3)),
        breaker=one_of("breaker", 100, 100, 100, 30),
        max_attempts=MAX_ATTEMPTS,
        grounding=False,
    )


def last_run() -> RunRequested:
    """Takes what all the others left; nothing stops it."""
    return RunRequested(
        run_id=LAST_RUN, canary=200, breaker=100, max_attempts=MAX_ATTEMPTS, grounding=False
    )


def _edited(rows: Sequence[Row]) -> list[Row]:
    """Another text under the same ids."""
    return [row | {"transcript": f"{row['transcript']}\nAGENT: One more thing."} for row in rows]


def _again(rows: Sequence[Row]) -> list[Row]:
    """The same row a second time."""
    return [dict(row) for row in rows]
