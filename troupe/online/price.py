"""What it costs to ask a model now. Without a batch job the price is the online one."""

from collections.abc import Iterable

from analysis import Analysis, Reading
from analysis.prices import price_of
from handlers.runs.estimate import estimate
from handlers.runs.token_rates import sampled_rates


def cost_of(reading: Reading, model: str) -> float | None:
    """Return the cost of an answer in US dollars; None without a price, or without token counts."""
    price = price_of(model)
    if price is None or reading.prompt_tokens is None:
        return None
    rates, cached = price.online, reading.cached_tokens or 0
    written = (reading.output_tokens or 0) + (reading.thoughts_tokens or 0)
    read = (reading.prompt_tokens - cached) * rates.input + cached * rates.cached
    return (read + written * rates.output) / 1e6


def expected_cost(
    analysis: Analysis, texts: Iterable[str], line_bytes: int
) -> tuple[float, float] | None:
    """Estimate the cost of asking about these texts, from low to high; None without a price.

    `line_bytes` is the size of all request lines.
    """
    price, texts = price_of(analysis.model), list(texts)
    if price is None:
        return None
    rates = sampled_rates(texts, analysis)
    size = estimate(len(texts), line_bytes, analysis.model, analysis, rates)
    low, high = (
        (read * price.online.input + written * price.online.output) / 1e6
        for read, written in zip(size.input_tokens, size.output_tokens, strict=True)
    )
    return low, high
