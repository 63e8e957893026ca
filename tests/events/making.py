"""Hypothesis strategies for events, and helpers that wrap them."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import strategies as st

from events import (
    EVENTS,
    Command,
    Condition,
    Deployment,
    Envelope,
    Event,
    WatchTick,
    type_of,
    wrap,
    wrap_command,
)

DEPLOYMENT = Deployment("d1")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

run_ids = st.from_regex(r"[a-z0-9][a-z0-9-]{0,39}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8"), max_size=30)
counts = st.integers(min_value=0, max_value=2**63 - 1)
names = st.from_regex(r"[\w.@:/+ -]{1,20}", fullmatch=True)
times = st.datetimes(
    datetime(1970, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001
)  # fmt: skip

_OF_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: counts,
    bool: st.booleans(),
    list[str]: st.lists(texts, max_size=3),
    datetime | None: st.none() | times,
}
_SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "rows_per_batch": st.integers(1, 200_000),
    "bytes_per_batch": st.integers(10_000, 1_000_000_000),
    "concurrency": st.integers(1, 1_000),
    "canary": st.integers(1, 200_000),
    "breaker": st.floats(0, 100, exclude_min=True),
    "max_attempts": st.integers(1, 10),
    "model": st.none() | st.just("publishers/google/models/gemini-3@001"),
    "analysis": st.just("call_review_v1"),
    "budget": st.none() | st.floats(0, 1e9, exclude_min=True),
    "budget_tokens": st.none() | st.integers(1, 10**12),
    "labels": st.dictionaries(
        st.from_regex(r"(?!goog)x[a-z0-9_-]{0,62}", fullmatch=True),
        st.from_regex(r"[a-z0-9_-]{1,63}", fullmatch=True),
        max_size=3,
    ),
}
_VALUES = texts | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(-1e9, 1e9)
_CONDITIONS = st.builds(
    Condition,
    attribute=st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,62}", fullmatch=True),
    one_of=st.lists(_VALUES, max_size=3),
    from_=st.none() | _VALUES,
    below=_VALUES,
)
_LETTERS: dict[str, st.SearchStrategy[Any]] = {
    "run_id": st.just(""),
    "letter_ids": st.lists(
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=30), min_size=1, max_size=3
    ),
}
_COMMANDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "RunRequested": _SETTINGS
    | {
        "run_id": run_ids,
        "mode": st.sampled_from(["production", "incremental", "custom"]),
        "limit": st.none() | st.integers(1, 10**9),
        "event_time_from": st.none() | times,
        "event_time_to": st.none(),
        "providers": st.lists(names, max_size=3),
        "directions": st.lists(names, max_size=3),
        "attributes": st.lists(_CONDITIONS, max_size=3),
        "record_ids": st.just([]),
        "lookback_days": st.integers(0, 3_650),
    },
    "ReprocessRequested": _SETTINGS
    | {
        "run_id": run_ids,
        "of_run": run_ids,
        "batches": st.lists(st.integers(1, 10**6), max_size=3),
        "error_types": st.lists(st.from_regex(r"[a-z_]{1,40}", fullmatch=True), max_size=3),
        "record_ids": st.lists(st.from_regex(r"[0-9a-f]{32}", fullmatch=True), max_size=3),
        "changed": st.just(False),
    },
    "CancelRequested": {"run_id": run_ids},
    "ReplayRequested": _LETTERS,
    "DiscardRequested": _LETTERS
    | {"reason": st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)},
    "RereadRequested": {"of_run": run_ids, "concurrency": st.integers(1, 1_000)},
}


def events_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Events of this class with any values; commands with valid ones."""
    fields = msgspec.structs.fields(kind)
    given = _COMMANDS.get(kind.__name__, {})
    of = {field.name: given[field.name] if field.name in given else _any(field) for field in fields}
    return st.builds(kind, **of)


def _any(field: msgspec.structs.FieldInfo) -> st.SearchStrategy[Any]:
    return run_ids if field.name == "run_id" else _OF_TYPE[field.type]


events = st.one_of([events_of(kind) for kind in EVENTS])


def cause(id_: str = "m1") -> Envelope:
    return Envelope(
        id=id_, type=type_of(WatchTick), source="//x", subject="", time=NOON, data=b"{}",
        correlation="", causation="", traceparent="",
    )  # fmt: skip


def wrapped(event: Event, *, id_: str = "m1", at: datetime = NOON) -> Envelope:
    """Wrap an event as the delivery loop does; `id_` is the cause of an event or a command's id."""
    if isinstance(event, Command):
        return wrap_command(event, deployment=DEPLOYMENT, id_=id_, time=at)
    return wrap(event, deployment=DEPLOYMENT, source="tests", time=at, cause=cause(id_))
