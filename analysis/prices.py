"""What a million tokens cost. An unknown model has no price, and never the price 0.

The table is frozen from a published one by `scripts/prices.py`.
"""

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars for a million tokens. Thought tokens are billed as output."""

    input: float
    cached: float
    """Cached input: its discount takes the place of the batch discount."""
    output: float


class Price(Rates, frozen=True, kw_only=True):
    """The rates of one model in a batch job."""

    online: Rates
    """What the same tokens cost without a batch job."""
    as_of: str
    """The day on which somebody read the batch rates."""


class _PriceTable(msgspec.Struct, frozen=True, kw_only=True):
    unit: str
    note: str
    source: str
    models: dict[str, Price]


def price_of(model: str) -> Price | None:
    """By the last part of the model's name; None when the table does not list it."""
    return _table().models.get(model.rsplit("/", 1)[-1])


def prices_of(model: str) -> tuple[float, float, float] | None:
    """Input, cached input and output."""
    price = price_of(model)
    return (price.input, price.cached, price.output) if price else None


def price_with_source(model: str) -> dict[str, Any] | None:
    """The price as plain values, with its source; None when the table does not list the model."""
    price = price_of(model)
    if price is None:
        return None
    return {**msgspec.to_builtins(price), "source": _table().source}


@cache
def _table() -> _PriceTable:
    text = files(__package__).joinpath("prices.json").read_bytes()
    return msgspec.json.decode(text, type=_PriceTable)
