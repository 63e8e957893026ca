"""The estimate of a preview: tokens that a service counted in some of the very requests."""

import hashlib
from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

import msgspec

from analysis import Analysis, Request, render
from handlers.runs.estimate import Line, TokenRates
from handlers.runs.token_rates import Basis, token_rates
from tracking import Reading
from troupe.online.ask import in_parallel
from troupe.online.port import NotCounted, TokenCounter

from .backend import Backend

COUNTED = 40
"""Requests that are counted."""
_AT_ONCE = 8
_LEAST_SPREAD = 0.05
"""What an answer reports was not compared with the count of its request."""
_MOST_SPREAD = 0.2
"""The high end is then 1.5 times the low one."""


def preview_rates(
    backend: Backend, analysis: Analysis, params: Mapping[str, Any], reading: Reading
) -> tuple[TokenRates, Basis]:
    """Return the rates of a run with these parameters: counted where the backend has a service.

    Where that does not count, the basis says why, and the rates are those of `token_rates`.
    """
    tracking = backend.dependencies.tracking
    rates, basis = token_rates(tracking, backend.clock, analysis, params, reading)
    counter = backend.token_counter(params["model"])
    if counter is None:
        return rates, basis
    try:
        fixed = counter.count_tokens(_line(analysis, ""))
        texts = tracking.sample_of_plan({**params, "sample": COUNTED}, reading)
        if not texts:
            return rates, basis
        lines = counted_lines(counter, analysis, texts, fixed)
    except NotCounted as error:
        return rates, msgspec.structs.replace(basis, not_counted=str(error))
    counted = Basis(input="counted", output=basis.output, samples=len(texts))
    return TokenRates(lines, rates.answer), counted


def counted_lines(
    counter: TokenCounter, analysis: Analysis, texts: Sequence[str], fixed: int
) -> tuple[Line, Line]:
    """Count the request of each text; return the low and the high end for all requests of a run.

    `fixed` are the tokens of a request without a text. Raises `NotCounted`.
    """
    lines = [_line(analysis, text) for text in texts]
    counts = list(in_parallel(counter.count_tokens, lines, _AT_ONCE))
    tokens = [max(0, count - fixed) for count in counts]
    sizes = [len(msgspec.json.encode(text)) - 2 for text in texts]
    a_byte = sum(tokens) / max(1, sum(sizes))
    errors = [each - a_byte * size for each, size in zip(tokens, sizes, strict=True)]
    spread = _spread(errors, sum(counts) / len(counts))
    line = Line(fixed, a_byte)
    return line.scaled(1 - spread), line.scaled(1 + spread)


def _spread(errors: Sequence[float], mean: float) -> float:
    """Three standard errors of the mean, as a share of it, within the limits."""
    count = len(errors)
    if count < 2:
        return _MOST_SPREAD
    deviation = sqrt(sum(each * each for each in errors) / (count - 1))
    return min(_MOST_SPREAD, _LEAST_SPREAD + 3 * deviation / sqrt(count) / max(1.0, mean))


def _line(analysis: Analysis, text: str) -> bytes:
    """Render a request under a record id like those of a run."""
    record_id = hashlib.sha256(text.encode()).hexdigest()[:32]
    (line,) = render(analysis, [Request(record_id, text, analysis.max_output_tokens)])
    return line
