"""Prices of models in US dollars for a million tokens. An unknown model has no price, not price 0.

`scripts/prices.py` writes prices.json from a published table.
"""

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars for a million tokens. Thought tokens are billed as output."""

    input: float
    cached: float
    """Cached input tokens: the cache discount replaces the batch discount."""
    output: float


class Price(Rates, frozen=True, kw_only=True):
    """The rates of one model in a batch job."""

    online: Rates
    """The rates without a batch job."""
    as_of: str
    """Date of the batch rates, YYYY-MM-DD."""


class _PriceTable(msgspec.Struct, frozen=True, kw_only=True):
    unit: str
    note: str
    source: str
    models: dict[str, Price]


def price_of(model: str) -> Price | None:
    """Return the price of a model, by the last part of its name; None for an unknown model."""
    return _table().models.get(model.rsplit("/", 1)[-1])


def prices_of(model: str) -> tuple[float, float, float] | None:
    """Return the rates of input, cached input and output; None for an unknown model."""
    price = price_of(model)
    return (price.input, price.cached, price.output) if price else None


def price_with_source(model: str) -> dict[str, Any] | None:
    """Return the price and its source as plain values; None for an unknown model."""
    price = price_of(model)
    if price is None:
        return None
    return {**msgspec.to_builtins(price), "source": _table().source}


def priced_models() -> list[str]:
    """Return the names of the models whose price is known."""
    return sorted(_table().models)


@cache
def _table() -> _PriceTable:
    text = files(__package__).joinpath("prices.json").read_bytes()
    return msgspec.json.decode(text, type=_PriceTable)
