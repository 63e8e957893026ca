"""Limits for a pipeline: which figures of a comparison are below the least that is asked for."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from .comparison import ColumnComparison, Comparison, Gate

MEASURES = ("agreement", "kappa", "overlap", "f1")
EXAMPLE = "call_tone=0.9 or kappa:call_tone=0.6"


class InvalidGate(Exception):
    """A limit cannot be used; the text says why and what to write."""


class Limit(NamedTuple):
    """What `--fail-below` says: the measure of the column must be at least the threshold."""

    measure: str
    column: str
    threshold: float


class _Measured(NamedTuple):
    value: float | None
    low: float | None = None
    high: float | None = None


def read_limit(text: str) -> Limit:
    """Read `column=0.9` or `measure:column=0.9`. Raises `InvalidGate`."""
    name, equals, number = text.partition("=")
    measure, colon, column = name.rpartition(":")
    try:
        threshold = float(number)
    except ValueError:
        threshold = math.nan
    if not equals or not column.strip():
        raise InvalidGate(f"invalid --fail-below {text!r}: use COLUMN=SHARE, e.g. {EXAMPLE}")
    if colon and measure not in MEASURES:
        raise InvalidGate(
            f"invalid --fail-below {text!r}: {measure!r} is no measure; use one of {', '.join(MEASURES)}"
        )
    if not -1 <= threshold <= 1:
        raise InvalidGate(f"invalid --fail-below {text!r}: use a share up to 1, e.g. {EXAMPLE}")
    return Limit(measure or "agreement", column, threshold)


def gates(comparison: Comparison, limits: Iterable[Limit]) -> list[Gate]:
    """Measure each limit. Raises `InvalidGate` for a column or a measure that it cannot have."""
    columns = {each.column: each for each in comparison.columns}
    return [_gate(limit, columns.get(limit.column), columns.keys()) for limit in limits]


def _gate(limit: Limit, column: ColumnComparison | None, known: Iterable[str]) -> Gate:
    if column is None:
        raise InvalidGate(
            f"invalid --fail-below {limit.column!r}: no such column is compared; "
            f"use one of {', '.join(known)}"
        )
    measured = _measured(limit, column)
    return Gate(
        column=limit.column,
        measure=limit.measure,
        threshold=limit.threshold,
        value=measured.value,
        low=measured.low,
        high=measured.high,
        passed=measured.value is not None and measured.value >= limit.threshold,
    )


def _measured(limit: Limit, column: ColumnComparison) -> _Measured:
    if limit.measure == "overlap":
        if column.amounts is None or column.kind == "number":
            raise InvalidGate(_has_no(limit, column, "texts and lists have"))
        return _Measured(column.amounts.overlap)
    if limit.measure == "kappa":
        if column.kind != "closed":
            raise InvalidGate(_has_no(limit, column, "closed sets have"))
        kappa = column.kappa
        return _Measured(kappa.value, kappa.low, kappa.high) if kappa else _Measured(None)
    if limit.measure == "f1":
        if not column.scores:
            raise InvalidGate(_has_no(limit, column, "closed sets have, beside labels"))
        return _Measured(column.macro_f1)
    if column.kind == "text" and column.agreement is None:
        raise InvalidGate(
            f"invalid --fail-below {limit.column!r}: two texts in other words may both be right, so no "
            f"agreement is counted; use overlap:{limit.column}, or compare with labels"
        )
    return _Measured(column.agreement, column.low, column.high)


def _has_no(limit: Limit, column: ColumnComparison, who: str) -> str:
    return (
        f"invalid --fail-below '{limit.measure}:{limit.column}': {column.column} is a {column.kind} "
        f"column, and only {who} {limit.measure}; use {limit.column}=SHARE"
    )
