"""Estimate what a run costs before it is paid for: a range, None where no price is known."""

import json
from dataclasses import dataclass
from math import floor, log10

from analysis import Analysis
from analysis.prices import prices_of
from analysis.schema import Node, leaves


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Tokens and US dollars, from low to high; None where the price is not known."""

    input_tokens: tuple[int, int]
    output_tokens: tuple[int, int]
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """The input tokens of a request as a line over the bytes of its transcript."""

    fixed: float
    """Tokens of a request without its transcript."""
    a_byte: float
    """Tokens for each byte of its transcript, escaped as in JSON."""

    def scaled(self, factor: float) -> "Line":
        return Line(self.fixed * factor, self.a_byte * factor)


@dataclass(frozen=True, slots=True)
class TokenRates:
    """What one request takes."""

    lines: tuple[Line, ...]
    """The smallest and the largest result of them are the ends of an estimate."""
    answer: tuple[float, float]
    """Fewest and most tokens of one answer, its thinking included."""


BYTES_PER_TOKEN = (4.6, 2.6)
"""Most and fewest bytes of a text for one token: plain English, and close to the densest scripts."""
FEWEST_A_FIELD = 8
"""Tokens of a field's name and of a short value; what is absent takes them as a null."""
MOST_A_FIELD = {"text": 42, "list": 40, "closed": 10}
"""Tokens of two sentences, of a few elements, and of one value out of a closed set."""


def widest_rates(analysis: Analysis) -> TokenRates:
    """Return rates that hold without any look at the texts: a cap of money relies on the high end.

    Whether the response schema is billed as if it were read is not documented: from no to yes.
    """
    texts = len(analysis.system.encode()) + len(analysis.user.encode())
    schema = len(json.dumps(analysis.schema))
    most, fewest = BYTES_PER_TOKEN
    return TokenRates(
        (Line(texts / most, 1 / most), Line((texts + schema) / fewest, 1 / fewest)),
        answer_tokens(analysis),
    )


def answer_tokens(analysis: Analysis) -> tuple[float, float]:
    """Return the fewest and most tokens that one usual answer takes, by the fields of its schema."""
    fields = [*leaves(analysis.contract.root)]
    return len(fields) * FEWEST_A_FIELD, sum(MOST_A_FIELD[_kind(field)] for field in fields)


def _kind(field: Node) -> str:
    if field.kind == "array":
        return "list"
    is_text = field.kind == "string" and field.values is None and field.pattern is None
    return "text" if is_text else "closed"


def estimate(
    records: int, line_bytes: int, model: str, analysis: Analysis, rates: TokenRates | None = None
) -> Estimate:
    """Estimate the tokens and US dollars of `records` requests with `line_bytes` bytes of lines.

    Without `rates` they are the widest ones.
    """
    rates = rates or widest_rates(analysis)
    text_bytes = max(0, line_bytes - records * analysis.line_overhead_bytes)
    read = [round(records * line.fixed + text_bytes * line.a_byte) for line in rates.lines]
    written = [round(records * min(each, analysis.max_output_tokens)) for each in rates.answer]
    prices = prices_of(model)
    ends = ((min(read), written[0]), (max(read), written[1]))
    costs = [(i * prices[0] + o * prices[2]) / 1e6 if prices else None for i, o in ends]
    return Estimate(
        input_tokens=(ends[0][0], ends[1][0]),
        output_tokens=(ends[0][1], ends[1][1]),
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
