"""Estimate what a run costs before it is paid for: a range, None where no price is known."""

import json
from dataclasses import dataclass
from math import floor, log10

from analysis import Analysis
from analysis.prices import prices_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Tokens and US dollars, from low to high; None where the price is not known."""

    input_tokens: tuple[int, int]
    output_tokens: tuple[int, int]
    low: float | None
    high: float | None


BYTES_PER_TOKEN = (4.6, 2.6)
"""Bytes of a request line for one token: plain English, and other scripts.

A rule of thumb; the report of a run shows the real figures beside it.
"""
ANSWER_TOKENS = (120, 420)
"""Fewest and most tokens of one answer of the shipped analysis."""


def estimate(records: int, line_bytes: int, model: str, analysis: Analysis) -> Estimate:
    """Estimate the tokens and US dollars of `records` requests with `line_bytes` bytes of lines."""
    # Whether the response schema is billed as if it were read is not documented: from no to yes.
    text_bytes = line_bytes - records * len(json.dumps(analysis.schema))
    read = round(text_bytes / BYTES_PER_TOKEN[0]), round(line_bytes / BYTES_PER_TOKEN[1])
    written = tuple(
        min(records * tokens, records * analysis.max_output_tokens) for tokens in ANSWER_TOKENS
    )
    prices = prices_of(model)
    costs = (
        [(i * prices[0] + o * prices[2]) / 1e6 for i, o in zip(read, written, strict=True)]
        if prices
        else [None, None]
    )
    return Estimate(
        input_tokens=(read[0], read[1]),
        output_tokens=(written[0], written[1]),
        low=costs[0],
        high=costs[1],
    )


UNKNOWN = "unknown"


def dollars(amount: float | None) -> str:
    """Format US dollars with two significant digits, however small the amount."""
    if amount is None:
        return UNKNOWN
    if 0 < amount < 0.0001:
        return "under $0.0001"
    if amount >= 1000:
        return f"${amount:,.0f}"
    rounded = float(f"{amount:.2g}")  # so that $0.00999 and $0.01 have the same digits
    digits = 2 if amount <= 0 else max(2, 1 - floor(log10(rounded)))
    return f"${amount:.{digits}f}"
