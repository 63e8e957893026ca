"""The scenario of a seed: transcripts, runs, outcomes of jobs, corrupted answers, operators' actions.

None of this is a fault: a run of the same seed without faults has the same scenario.
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
from .rng import Rng

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MAX_ATTEMPTS = 3
LAST_RUN = "last"
PERSON = "tok_000000"
"""Phone token of the person whom an operator may forget."""
REMOVED_REFERENCE = "REF-1"
"""Reference of the source row that its owner may remove."""
MAX_RECORDS = 12

Command = RunRequested | ReprocessRequested | CancelRequested


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something that a user or operator does at a given minute."""

    minute: float
    what: str
    """`request`, `source`, `remove`, `restart`, `forge`, or a command of `operators.py`."""
    request: Command | None = None
    event_id: str = ""
    rows: tuple[Row, ...] = ()
    beside_claim: bool = False
    """It happens earlier, as soon as the transaction of a claim is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutcome:
    """How one job ends, and when."""

    state: JobState = JobState.SUCCEEDED
    code: int | None = None
    share: float = 1.0
    """Part of its rows that is answered."""
    unserved: bool = False
    """Every row holds an error of the service instead of an answer."""
    pending_seconds: int = 60
    running_seconds: int = 600
    list_lag_seconds: int = 0
    deleted: bool = False
    """It is deleted some minutes after its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything of a seed but its faults."""

    rows: tuple[Row, ...]
    actions: tuple[Action, ...]
    corruption: Corruption
    unanswerable: frozenset[str]
    """Records that no attempt can answer."""
    is_deterministic: bool
    """Its tables have one right content, whatever happens when."""


class ScenarioCorruption(Corruption):
    """In the last attempt corrupts unanswerable records alone, so that all others get a row."""

    def kind_of(self, key: str, attempt: str) -> Kind | None:
        is_last = _parsed(attempt).attempt >= MAX_ATTEMPTS
        is_answerable = record_id_of(key) not in self.poison
        if is_last and is_answerable:
            return None
        return Corruption.kind_of(self, key, attempt)


_RETRYABLE_KINDS = tuple(kind for kind in Kind if kind not in (Kind.BLOCKED, Kind.PROMPT_BLOCKED))
_TEXTS = tuple(
    f"CUSTOMER: My line {n} is broken since Monday, thanks.\nAGENT: It is repaired now, number {n}."
    for n in range(MAX_RECORDS + 1)
)


def scenario_of(rng: Rng) -> Scenario:
    # Most seeds are small: errors need few records, and statements take time.
    low, high = rng.choice("size", ((2, 5), (2, 5), (2, 5), (6, MAX_RECORDS)))
    records = rng.integer("records", low, high)
    rows = [_row(rng, number) for number in range(records)]
    unanswerable = frozenset(
        id_of(row) for row in rows if row["transcript"] and rng.value(f"poison/{id_of(row)}") < 0.06
    )
    actions = _actions(rng, rows)
    requests = [each.request for each in actions if isinstance(each.request, RunRequested)]
    return Scenario(
        rows=tuple(rows),
        actions=tuple(actions),
        corruption=ScenarioCorruption(
            share=rng.choice("corruption", (0.0, 0.15, 0.4)),
            seed=rng.seed,
            kinds=_RETRYABLE_KINDS,
            poison=unanswerable,
            poison_kind=rng.choice("poison kind", (Kind.BLOCKED, Kind.CUT)),
        ),
        unanswerable=unanswerable,
        is_deterministic=len(actions) == 1
        and requests[0].breaker == 100
        and not _has_permanent_failures(rng)
        and not _deletes_jobs(rng)
        and not _breaks_often(rng),
    )


def _parsed(attempt: str) -> AttemptId:
    parts = parse_attempt_id(attempt)
    if parts is None:
        raise ValueError(f"{attempt!r} is not an attempt's label")
    return parts


def job_outcome_of(rng: Rng, attempt: str) -> JobOutcome:
    """By the attempt's label, so that it does not depend on when the job is created."""

    def value(name: str) -> float:
        return rng.value(f"job/{attempt}/{name}")

    lag = rng.choice(f"job/{attempt}/lag", (0, 0, 0, 45, 300, 590))
    shortest = 600 if theme_of(rng) == "cancellations" else 5
    running = rng.choice(f"job/{attempt}/running", (shortest, 600, 2_400))
    common: dict[str, Any] = {"list_lag_seconds": lag, "running_seconds": running}
    failure_rate = 0.9 if _breaks_often(rng) else rng.choice("job failures", (0.0, 0.15, 0.5))
    run_id, number = _parsed(attempt).run_id, _parsed(attempt).attempt
    # Attempts in which nothing is answered do not count, so a batch may have more of them.
    last = MAX_ATTEMPTS + 2 if _breaks_often(rng) else MAX_ATTEMPTS
    if number >= last or run_id == LAST_RUN:
        return JobOutcome(**common)
    deleted = _deletes_jobs(rng) and value("deleted") < 0.7
    if value("failure") >= failure_rate:
        return JobOutcome(deleted=deleted, **common)
    share = rng.choice(f"job/{attempt}/share", (0.0, 0.5, 1.0))
    kind = int(value("kind") * 9)
    if number >= MAX_ATTEMPTS and kind == _PARTLY:
        kind = _UNSERVED  # a record that is left out once more would have failed for good
    return (
        JobOutcome(state=JobState.FAILED, code=13, share=share, deleted=deleted, **common),
        JobOutcome(state=JobState.FAILED, code=4, share=0.0, **common),
        JobOutcome(state=JobState.EXPIRED, share=share, **common),
        JobOutcome(state=JobState.CANCELLED, code=1, share=share, **common),
        JobOutcome(state=JobState.PARTIALLY_SUCCEEDED, share=0.5, **common),
        JobOutcome(state=JobState.PENDING, share=0.0, **common),
        JobOutcome(state=JobState.RUNNING, share=share, **common),
        JobOutcome(
            state=JobState.FAILED, code=3 if _has_permanent_failures(rng) else 13, share=0, **common
        ),
        JobOutcome(unserved=True, **common),
    )[kind]


_PARTLY, _UNSERVED = 4, 8
"""Kinds of outcomes, by their place in `job_outcome_of`."""


def _has_permanent_failures(rng: Rng) -> bool:
    """Jobs may fail for a cause that stops the run."""
    return rng.value("permanent failures") < 0.3


def _breaks_often(rng: Rng) -> bool:
    """Jobs break off or are answered with errors of the service, several times in a row."""
    return rng.value("breaks often") < 0.12


def _deletes_jobs(rng: Rng) -> bool:
    """Jobs are deleted soon after their end."""
    return theme_of(rng) == "deleted_jobs"


def id_of(row: Row) -> str:
    return record_id(row["phone_number_token"], row["interactionId"], row["referenceId"])


def _row(rng: Rng, number: int) -> Row:
    empty = rng.value(f"empty/{number}") < 0.05
    return {
        "phone_number_token": f"tok_{number // 2:06d}",
        "referenceId": f"REF-{number}",
        "interactionId": f"int-{number}",
        "transcript": "" if empty else _TEXTS[number],
        "direction": "INBOUND",
        "provider": "simulation",
        "event_timestamp": START - timedelta(days=1, minutes=number),
    }


def _actions(rng: Rng, rows: Sequence[Row]) -> list[Action]:
    first = _run(rng, "r1")
    actions = [Action(minute=0, what="request", request=first, event_id="request-r1")]

    def happens(name: str, rate: float) -> bool:
        return rng.value(f"action/{name}") < rate or name == _THEME_ACTIONS.get(theme_of(rng))

    def minute(name: str) -> float:
        if theme_of(rng) in _THEME_MINUTES:
            return rng.choice(f"action/{name}/minute", _THEME_MINUTES[theme_of(rng)])
        return rng.choice(f"action/{name}/minute", (0, 0, 1, 7, 15, 31, 90, 250))

    if happens("second", 0.4):
        request = _run(rng, "r2")
        actions.append(
            Action(minute=minute("second"), what="request", request=request, event_id="request-r2")
        )
    if happens("again", 0.15):
        actions.append(
            Action(minute=minute("again"), what="request", request=first, event_id="again")
        )
    if happens("cancel", 0.2):
        beside = theme_of(rng) == "cancellations" and rng.value("cancel beside a claim") < 0.6
        actions.append(
            Action(
                minute=250 if beside else minute("cancel"),
                what="request",
                request=CancelRequested(run_id="r1"),
                event_id="request-c1",
                beside_claim=beside,
            )
        )
    if happens("reprocess", 0.1):
        again = ReprocessRequested(run_id="p1", of_run="r1", canary=2, max_attempts=MAX_ATTEMPTS)
        actions.append(
            Action(minute=minute("reprocess"), what="request", request=again, event_id="request-p1")
        )
    if happens("source", 0.2):
        late = [] if len(rows) > MAX_RECORDS else [_row(rng, MAX_RECORDS)]
        changed = (*_edited(rows[:1]), *_duplicated(rows[1:2]), *late)
        actions.append(Action(minute=minute("source"), what="source", rows=changed))
        if happens("changed", 0.6):
            minutes = rng.choice("action/changed/minute", (60, 200, 600, 2_000))
            actions.append(Action(minute=minutes, what="changed"))
    if happens("remove", 0.1):
        actions.append(Action(minute=minute("remove"), what="remove"))
    if happens("forge", 0.15):
        minutes = rng.choice("action/forge/minute", (3, 11, 16, 40, 200))
        actions.append(Action(minute=minutes, what="forge"))
    if happens("restart", 0.15):
        actions.append(Action(minute=minute("restart"), what="restart"))
    return [*actions, *_commands(rng, happens)]


def _commands(rng: Rng, happens: Callable[[str, float], bool]) -> Iterator[Action]:
    """Operators' commands; most of them concern a run that has been going for a while."""
    for what in (
        "replay",
        "discard",
        "replay and discard",
        "reprocess",
        "reread",
        "cancel",
        "cancel all",
        "clear",
        "forget",
    ):
        for time in range(1, 3):
            if happens(f"operator/{what}/{time}", 0.08):
                minute = rng.choice(f"action/{what}/{time}/minute", (10, 30, 60, 200, 600, 2_000))
                yield Action(minute=minute, what=what)


_THEME_MINUTES = {"slow_transactions": (0,), "cancellations": (1.5, 2, 3)}
_THEME_ACTIONS = {"cancellations": "cancel", "slow_transactions": "second"}


def _run(rng: Rng, run_id: str) -> RunRequested:
    def choice(name: str, *choices: float) -> float:
        return rng.choice(f"{run_id}/{name}", choices)

    return RunRequested(
        run_id=run_id,
        canary=int(choice("canary", 2, 3, 12)),
        rows_per_batch=int(choice("rows", 3, 4)),
        concurrency=int(choice("concurrency", 1, 2, 3)),
        breaker=choice("breaker", 100, 100, 100, 30),
        max_attempts=MAX_ATTEMPTS,
        grounding=False,
    )


def last_run() -> RunRequested:
    """A run that takes every record that the others left, and that nothing stops."""
    return RunRequested(
        run_id=LAST_RUN, canary=200, breaker=100, max_attempts=MAX_ATTEMPTS, grounding=False
    )


def _edited(rows: Sequence[Row]) -> list[Row]:
    """The same ids with a changed transcript."""
    return [row | {"transcript": f"{row['transcript']}\nAGENT: One more thing."} for row in rows]


def _duplicated(rows: Sequence[Row]) -> list[Row]:
    """The same row a second time."""
    return [dict(row) for row in rows]
