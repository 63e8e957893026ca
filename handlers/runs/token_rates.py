"""What the requests of a run would take: measured on earlier answers, or by a look at their texts."""

from collections.abc import Mapping
from datetime import timedelta
from math import sqrt
from typing import Any, Literal

import msgspec

from analysis import Analysis
from analysis.tokens import Range, token_range, token_range_of_all
from handlers.ports import Clock
from tracking import Reading, Tracking

from .estimate import Line, TokenRates, answer_tokens

SAMPLE = 200
"""Texts that are looked at."""
FEWEST_ANSWERS = 20
"""Fewer say nothing about the next run."""
MEASURED_DAYS = 90
_ID = Range(25, 32)
"""Tokens of a record id; a request's text has two of them."""
_SCHEMA_BYTES_PER_TOKEN = 4.2
"""Measured on the schema of the shipped analysis: 469 tokens in 1,965 bytes."""


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What an estimate of tokens rests on."""

    input: Literal["counted", "measured", "sampled"]
    """`counted`: by the service, in some of the requests; `measured`: tokens of earlier answers;
    `sampled`: words, digits and scripts of some texts."""
    output: Literal["measured", "assumed"]
    """`assumed`: by the fields of the schema."""
    samples: int
    """Requests, answers or texts."""
    not_counted: str | None = None
    """Why a service that could count did not."""


class _Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/runs/measured_tokens.sql`."""

    answers: int
    bytes: int
    input_tokens: int
    output_tokens: int


def token_rates(
    tracking: Tracking,
    clock: Clock,
    analysis: Analysis,
    params: Mapping[str, Any],
    reading: Reading,
) -> tuple[TokenRates, Basis]:
    """Return the rates of a run, and what they rest on.

    `params` and `reading` are those of its plan.
    """
    since = clock().date() - timedelta(days=MEASURED_DAYS)
    asked = {"prompt_fingerprint": params["prompt_fingerprint"], "since": since}
    measured = tracking.row("measured_tokens", _Measured, asked)
    if measured.answers >= FEWEST_ANSWERS:
        basis = Basis(input="measured", output="measured", samples=measured.answers)
        return _measured_rates(measured, analysis), basis
    texts = tracking.sample_of_plan({**params, "sample": SAMPLE}, reading)
    return sampled_rates(texts, analysis), Basis(
        input="sampled", output="assumed", samples=len(texts)
    )


def _fixed(analysis: Analysis) -> tuple[float, float]:
    """Return the tokens of a request without its transcript: without and with the schema's."""
    texts = token_range(analysis.system) + token_range(analysis.user) + _ID + _ID
    schema = len(msgspec.json.encode(analysis.schema)) / _SCHEMA_BYTES_PER_TOKEN
    return texts.low, texts.high + schema


def _measured_rates(measured: _Measured, analysis: Analysis) -> TokenRates:
    """Split what was measured into a fixed part and one by bytes, in both ways it can be split."""
    answers = measured.answers
    spread = 0.08 + 1 / sqrt(answers)
    text_bytes = max(1, measured.bytes - answers * analysis.line_overhead_bytes)
    mean = measured.input_tokens / answers
    lines = [
        Line(fixed, (mean - fixed) * answers / text_bytes)
        for fixed in (min(each, mean) for each in _fixed(analysis))
    ]
    written = measured.output_tokens / answers
    return TokenRates(
        tuple(line.scaled(1 + sign * spread) for line in lines for sign in (-1, 1)),
        (written * (1 - spread), written * (1 + spread)),
    )


def sampled_rates(texts: list[str], analysis: Analysis) -> TokenRates:
    size = sum(len(msgspec.json.encode(text)) - 2 for text in texts)
    tokens = token_range_of_all(texts)
    fixed = _fixed(analysis)
    return TokenRates(
        tuple(Line(each, end / max(1, size)) for each, end in zip(fixed, tokens, strict=True)),
        answer_tokens(analysis),
    )
