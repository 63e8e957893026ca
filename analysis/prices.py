"""What a million tokens cost. An unknown model has no price, and never the price 0."""

from functools import cache
from importlib.resources import files

import msgspec


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars for a million tokens of one model in a batch job."""

    input: float
    cached: float
    """Cached input: its discount takes the place of the batch discount."""
    output: float
    as_of: str
    source: str


class _PriceTable(msgspec.Struct, frozen=True, kw_only=True):
    unit: str
    models: dict[str, Price]


def price_of(model: str) -> Price | None:
    """By the last part of the model's name; None when the table does not list it."""
    return _table().models.get(model.rsplit("/", 1)[-1])


def prices_of(model: str) -> tuple[float, float, float] | None:
    """Input, cached input and output."""
    price = price_of(model)
    return (price.input, price.cached, price.output) if price else None


@cache
def _table() -> _PriceTable:
    text = files(__package__).joinpath("prices.json").read_bytes()
    return msgspec.json.decode(text, type=_PriceTable)
