"""Generate rows of a source table, with empty transcripts, hang-ups and duplicates."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from troupe.demo_data.calls import call, hung_up, injection

_FIRST_DAY = datetime(2026, 1, 5, 8, tzinfo=UTC)
_DAYS = 28
_CUSTOMERS_PER_CALL = 0.6
_EMPTY = 0.03
_HUNG_UP = 0.01
_GERMAN = 0.35
_CHAT = 0.4
_OUTBOUND = 0.08
_INJECTION_EVERY = 211
_DUPLICATE_EVERY = 120


def generate(seed: int = 0, calls: int = 480) -> Iterator[dict[str, Any]]:
    """So many calls in order of time; one row in 120 is repeated unchanged."""
    rng = Random(seed)
    customers = [f"tok_{rng.getrandbits(96):024x}" for _ in range(_customers(calls))]
    duplicate: dict[str, Any] | None = None
    for number, at in enumerate(_times(rng, calls)):
        row = _row(rng, customers, number, at)
        yield row
        if duplicate is not None and number % _DUPLICATE_EVERY == _DUPLICATE_EVERY - 1:
            yield dict(duplicate)
        if number % _DUPLICATE_EVERY == _DUPLICATE_EVERY // 2:
            duplicate = row


def _customers(calls: int) -> int:
    return max(1, round(calls * _CUSTOMERS_PER_CALL))


def _times(rng: Random, calls: int) -> list[datetime]:
    """Times within the office hours (8 to 18 UTC) of four weeks."""
    seconds = sorted(rng.randrange(_DAYS * 10 * 3600) for _ in range(calls))
    days = (divmod(second, 10 * 3600) for second in seconds)
    return [_FIRST_DAY + timedelta(days=day, seconds=second) for day, second in days]


def _row(rng: Random, customers: list[str], number: int, at: datetime) -> dict[str, Any]:
    chat = rng.random() < _CHAT
    outbound = not chat and rng.random() < _OUTBOUND
    return {
        "phone_number_token": rng.choice(customers),
        "referenceId": f"REF-{rng.getrandbits(48):012X}",
        "interactionId": str(UUID(int=rng.getrandbits(128), version=4)),
        "transcript": _transcript(rng, number, chat=chat, outbound=outbound),
        "direction": "OUTBOUND" if outbound else "INBOUND",
        "provider": "web-chat" if chat else "voice-line",
        "event_timestamp": at.isoformat().replace("+00:00", "Z"),
    }


def _transcript(rng: Random, number: int, *, chat: bool, outbound: bool) -> str:
    language = "de" if rng.random() < _GERMAN else "en"
    if number % _INJECTION_EVERY == _INJECTION_EVERY // 4:
        return injection(language, rng, number // _INJECTION_EVERY)
    value = rng.random()
    if value < _EMPTY:
        return ""
    if value < _EMPTY + _HUNG_UP:
        return hung_up(language, rng)
    return call(language, rng, chat=chat, outbound=outbound)
