"""Rows as they stand in the source table, with the dirt that real ones have."""

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
_EVERY_INJECTION = 211
_EVERY_TWIN = 120


def generate(seed: int = 0, calls: int = 480) -> Iterator[dict[str, Any]]:
    """That many calls in order of time; one in 120 comes a second time, row for row."""
    chance = Random(seed)
    customers = [f"tok_{chance.getrandbits(96):024x}" for _ in range(_customers(calls))]
    twin: dict[str, Any] | None = None
    for number, at in enumerate(_times(chance, calls)):
        row = _row(chance, customers, number, at)
        yield row
        if twin is not None and number % _EVERY_TWIN == _EVERY_TWIN - 1:
            yield dict(twin)
        if number % _EVERY_TWIN == _EVERY_TWIN // 2:
            twin = row


def _customers(calls: int) -> int:
    return max(1, round(calls * _CUSTOMERS_PER_CALL))


def _times(chance: Random, calls: int) -> list[datetime]:
    """ControlServer hours of four weeks."""
    seconds = sorted(chance.randrange(_DAYS * 10 * 3600) for _ in range(calls))
    days = (divmod(second, 10 * 3600) for second in seconds)
    return [_FIRST_DAY + timedelta(days=day, seconds=second) for day, second in days]


def _row(chance: Random, customers: list[str], number: int, at: datetime) -> dict[str, Any]:
    chat = chance.random() < _CHAT
    outbound = not chat and chance.random() < _OUTBOUND
    return {
        "phone_number_token": chance.choice(customers),
        "referenceId": f"REF-{chance.getrandbits(48):012X}",
        "interactionId": str(UUID(int=chance.getrandbits(128), version=4)),
        "transcript": _transcript(chance, number, chat=chat, outbound=outbound),
        "direction": "OUTBOUND" if outbound else "INBOUND",
        "provider": "web-chat" if chat else "voice-line",
        "event_timestamp": at.isoformat().replace("+00:00", "Z"),
    }


def _transcript(chance: Random, number: int, *, chat: bool, outbound: bool) -> str:
    language = "de" if chance.random() < _GERMAN else "en"
    if number % _EVERY_INJECTION == _EVERY_INJECTION // 4:
        return injection(language, chance, number // _EVERY_INJECTION)
    dirt = chance.random()
    if dirt < _EMPTY:
        return ""
    if dirt < _EMPTY + _HUNG_UP:
        return hung_up(language, chance)
    return call(language, chance, chat=chat, outbound=outbound)
