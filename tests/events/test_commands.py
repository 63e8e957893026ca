"""Commands: an invalid field is refused by its name, and an unknown field is never ignored."""

import json
from typing import Any

import msgspec
import pytest

from events import CancelRequested, ReprocessRequested, RunRequested, Unreadable, read_event
from events.commands import BYTES_LIMIT, ROWS_LIMIT

RECORD = "0123456789abcdef" * 2
BAD: list[tuple[str, dict[str, Any]]] = [
    ("rows_per_batch", {"rows_per_batch": 0}),
    ("rows_per_batch", {"rows_per_batch": -5}),
    ("rows_per_batch", {"rows_per_batch": ROWS_LIMIT + 1}),
    ("rows_per_batch", {"rows_per_batch": "100"}),
    ("rows_per_batch", {"rows_per_batch": 10.5}),
    ("rows_per_batch", {"rows_per_batch": True}),
    ("bytes_per_batch", {"bytes_per_batch": BYTES_LIMIT + 1}),
    ("bytes_per_batch", {"bytes_per_batch": 0}),
    ("concurrency", {"concurrency": 0}),
    ("concurrency", {"concurrency": 1_001}),
    ("canary", {"canary": 0}),
    ("canary", {"canary": ROWS_LIMIT + 1}),
    ("breaker", {"breaker": 0}),
    ("breaker", {"breaker": 100.1}),
    ("breaker", {"breaker": "NaN"}),
    ("max_attempts", {"max_attempts": 0}),
    ("max_attempts", {"max_attempts": 11}),
    ("budget", {"budget": 0}),
    ("budget", {"budget": -3}),
    ("budget_tokens", {"budget_tokens": 0}),
    ("budget", {"budget": "NaN"}),
    ("model", {"model": "gemini; DROP TABLE x"}),
    ("model", {"model": ""}),
    ("analysis", {"analysis": "../secrets"}),
    ("analysis", {"analysis": "call_review_v1`"}),
    ("run_id", {"run_id": "Run-1"}),
    ("run_id", {"run_id": "r_1"}),
    ("run_id", {"run_id": "-r"}),
    ("run_id", {"run_id": "r" * 41}),
    ("run_id", {"run_id": "r1\n"}),
    ("run_id", {"run_id": "r1/../r2"}),
    ("run_id", {"run_id": None}),
    ("mode", {"mode": "everything"}),
    ("mode", {"mode": "Production"}),
    ("mode", {"mode": None}),
    ("limit", {"mode": "test"}),
    ("limit", {"limit": 0}),
    ("limit", {"limit": -10}),
    ("limit", {"limit": 1.5}),
    ("limit", {"limit": 2**63}),
    ("event_time_from", {"event_time_from": "2026-01-31T00:00:00"}),
    ("event_time_to", {"event_time_to": "2026-01-31T00:00:00"}),
    ("event_time_from", {"event_time_from": "yesterday"}),
    ("event_time_from", {"event_time_from": 1_700_000_000}),
    (
        "event_time_from",
        {"event_time_from": "2026-02-01T00:00:00Z", "event_time_to": "2026-01-01T00:00:00Z"},
    ),
    (
        "event_time_from",
        {"event_time_from": "2026-01-01T00:00:00Z", "event_time_to": "2026-01-01T00:00:00Z"},
    ),
    (
        "event_time_from",
        {"event_time_from": "2026-01-01T02:00:00+02:00", "event_time_to": "2026-01-01T00:00:00Z"},
    ),
    ("event_time_from", {"event_time_from": "0001-01-01T00:00:00+14:00"}),
    (
        "event_time_from",
        {"event_time_from": "0001-01-01T00:00:00+14:00", "event_time_to": "2026-01-01T00:00:00Z"},
    ),
    ("event_time_to", {"event_time_to": "9999-12-31T23:59:59-12:00"}),
    ("providers", {"providers": ["acme' OR '1'='1"]}),
    ("providers", {"providers": ['acme"']}),
    ("providers", {"providers": ["acme; DROP TABLE events"]}),
    ("providers", {"providers": ["acme\n"]}),
    ("providers", {"providers": [""]}),
    ("providers", {"providers": ["a" * 101]}),
    ("providers", {"providers": "acme"}),
    ("providers", {"providers": None}),
    ("directions", {"directions": ["INBOUND) OR (TRUE"]}),
    ("directions", {"directions": ["INBOUND\\"]}),
    ("record_ids", {"mode": "single"}),
    ("record_ids", {"mode": "single", "record_ids": []}),
    ("record_ids", {"mode": "single", "record_ids": ["abc"]}),
    ("record_ids", {"mode": "single", "record_ids": [RECORD.upper()]}),
    ("record_ids", {"mode": "single", "record_ids": [RECORD + "\n"]}),
    ("record_ids", {"mode": "production", "record_ids": [RECORD]}),
    ("record_ids", {"mode": "test", "limit": 5, "record_ids": [RECORD]}),
    ("lookback_days", {"lookback_days": -1}),
    ("lookback_days", {"lookback_days": 4_000}),
    ("dry_run", {"dry_run": "yes"}),
    ("dry_run", {"dry_run": 1}),
    ("batch_size", {"batch_size": 100}),
    ("where", {"where": "provider = 'acme'"}),
    ("filter", {"filter": "1=1 OR TRUE"}),
    ("event_time_form", {"event_time_form": "2026-01-31T00:00:00Z"}),
]


def read(kind: type[Any], **fields: Any) -> Any:
    return read_event(json.dumps(fields).encode(), kind)


@pytest.mark.parametrize(
    ("field", "command"), BAD, ids=[json.dumps(command)[:70] for _, command in BAD]
)
def test_a_bad_request_is_refused_by_the_name_of_its_field(
    field: str, command: dict[str, Any]
) -> None:
    """The message names the field, so its author can correct it."""
    with pytest.raises(Unreadable, match=field):
        read(RunRequested, **command)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("field", ["budget", "breaker"])
def test_a_budget_or_breaker_that_json_does_not_know_is_refused(field: str, number: str) -> None:
    """NaN and infinities are not JSON numbers."""
    with pytest.raises(Unreadable):
        read_event(f'{{"{field}": {number}}}'.encode(), RunRequested)


@pytest.mark.parametrize(
    ("field", "command"),
    [
        ("of_run", {}),
        ("of_run", {"batches": [1]}),
        ("of_run", {"batches": [1], "error_types": ["blocked"]}),
        ("of_run", {"of_run": "R 1"}),
        ("of_run", {"of_run": "r1\n"}),
        ("batches", {"of_run": "r1", "batches": [0]}),
        ("batches", {"of_run": "r1", "batches": ["1"]}),
        ("batches", {"of_run": "r1", "batches": [2**63]}),
        ("error_types", {"error_types": ["Blocked"]}),
        ("error_types", {"error_types": ["x' OR TRUE"]}),
        ("record_ids", {"record_ids": ["1 OR 1"]}),
        ("mode", {"of_run": "r1", "mode": "test"}),
        ("limit", {"of_run": "r1", "limit": 5}),
    ],
    ids=str,
)
def test_a_bad_reprocessing_is_refused_by_the_name_of_its_field(
    field: str, command: dict[str, Any]
) -> None:
    """An empty selection would select every record."""
    with pytest.raises(Unreadable, match=field):
        read(ReprocessRequested, **command)


@pytest.mark.parametrize(
    "command", [{}, {"run_id": ""}, {"run_id": "R1"}, {"run_id": "r1", "why": "x"}]
)
def test_a_bad_cancellation_is_refused(command: dict[str, Any]) -> None:
    """It needs a run id and nothing else."""
    with pytest.raises(Unreadable, match=r"run_id|why"):
        read(CancelRequested, **command)


@pytest.mark.parametrize(
    "command",
    [
        {},
        {"run_id": "r"},
        {"run_id": "2026-03-02-nightly"},
        {"run_id": "r" * 40},
        {"mode": "test", "limit": 1},
        {"mode": "incremental", "lookback_days": 0},
        {"mode": "single", "record_ids": [RECORD]},
        {"mode": "custom", "record_ids": [RECORD], "limit": 3},
        {"rows_per_batch": ROWS_LIMIT, "bytes_per_batch": BYTES_LIMIT, "canary": ROWS_LIMIT},
        {"event_time_from": "2026-01-01T00:00:00Z", "event_time_to": "2026-01-01T00:00:00.000001Z"},
        {"event_time_from": "2026-01-01T00:00:00+02:00", "event_time_to": "2026-01-01T00:00:00Z"},
        {"providers": ["Acme GmbH & Co", "x"][1:], "directions": ["INBOUND"]},
        {"providers": ["müller.de/büro 7+8"]},
        {"budget": 0.01, "breaker": 100},
    ],
    ids=str,
)
def test_a_valid_request_is_accepted(command: dict[str, Any]) -> None:
    """At the limits of each field."""
    request = read(RunRequested, **command)

    assert request == read_event(msgspec.json.encode(request), RunRequested)


def test_the_constant_body_of_the_scheduler_is_a_request() -> None:
    """It has no run id, so the id derives from the message."""
    request = read(RunRequested, mode="incremental")

    assert ("", "incremental", False) == (request.run_id, request.mode, request.dry_run)


@pytest.mark.parametrize(
    ("command", "narrowed"),
    [
        ({}, False),
        ({"limit": 5}, False),
        ({"providers": ["x"]}, True),
        ({"directions": ["x"]}, True),
        ({"event_time_from": "2026-01-01T00:00:00Z"}, True),
        ({"event_time_to": "2026-01-01T00:00:00Z"}, True),
    ],
)
def test_only_filters_narrow_a_request(command: dict[str, Any], narrowed: bool) -> None:
    """The next incremental run does not start from a narrowed run."""
    assert narrowed == read(RunRequested, **command).narrowed


RUN_ID = "1 to 40 characters of a-z, 0-9 and -, not starting with -"
TIME = "a time such as 2026-01-31T00:00:00Z"
MODES = "one of test, production, incremental, single, custom"


@pytest.mark.parametrize(
    ("kind", "command", "expected"),
    [
        (RunRequested, {"mode": "tset"}, f"Expected {MODES} - at `$.mode`"),
        (RunRequested, {"run_id": "First Run"}, f"Expected {RUN_ID} - at `$.run_id`"),
        (CancelRequested, {"run_id": "First Run"}, f"Expected {RUN_ID} - at `$.run_id`"),
        (
            RunRequested,
            {"record_ids": ["foo"]},
            "Expected a record id of 32 characters of 0-9 and a-f",
        ),
        (RunRequested, {"event_time_from": "2026-03-01"}, f"Expected {TIME} - at `$.event_time_fr"),
        (RunRequested, {"providers": ["o'x"]}, "Expected 1 to 100 letters, digits, spaces"),
        (RunRequested, {"model": "a b"}, "Expected a model name of 1 to 100 characters"),
        (RunRequested, {"analysis": "../x"}, "Expected an analysis name of 1 to 60 characters"),
        (ReprocessRequested, {"error_types": ["X"]}, "Expected an error type of 1 to 40"),
    ],
)
def test_an_error_describes_the_allowed_values_and_repeats_no_value(
    kind: type[Any], command: dict[str, Any], expected: str
) -> None:
    """In place of a regular expression; the refused value may be personal data."""
    with pytest.raises(Unreadable) as refused:
        read(kind, **command)

    text = str(refused.value)
    assert expected in text
    assert not any(value in text for value in ("tset", "First Run", "foo", "o'x", "../x", "regex"))
