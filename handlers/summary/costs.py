"""What a run cost, part by part, and what it saved. An unknown amount is None, never 0."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from analysis.models import is_simulated
from analysis.prices import Price, Rates, price_of, price_with_source
from handlers.runs.estimate import Estimate
from tracking import Plan, Tracking

UNPRICED = ""
"""A model without a price."""

Part = Literal["input", "cached", "output", "thoughts"]


class QuotedPrice(Price, frozen=True, kw_only=True):
    """The price of a model, with the page that it was read from."""

    source: str


class TokenCost(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of one kind. Cached tokens are not counted as input."""

    part: Part
    expected_tokens: tuple[int, int] | None
    """From low to high; None for a kind that the estimate leaves out."""
    tokens: int
    price: float | None
    """US dollars for a million of them."""
    cost: float | None


class Saving(msgspec.Struct, frozen=True, kw_only=True):
    """What the rows would have cost that needed no new answer."""

    records: int
    each: float | None
    """The mean cost of a stored row."""
    by: Literal["run", "analysis"] | None
    """What `each` is the mean of."""
    cost: float | None


class CostSum(msgspec.Struct, frozen=True, kw_only=True):
    """Cost of several runs; None where the cost of one of them is unknown."""

    runs: int
    analysed: int
    cost: float | None
    wasted: float | None
    each: float | None
    """The mean cost of a stored row."""


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of a run in US dollars."""

    price: QuotedPrice | None
    parts: list[TokenCost]
    online: float | None
    """What the same tokens would have cost without a batch job."""
    saved: Saving
    analysis: CostSum
    """Of all runs of this version of the analysis so far."""
    other_prompts: int
    """Runs of these that asked otherwise: another model or output limit, or an edited analysis."""


class RunCost(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/costs/costs.sql`: one run with a closed attempt."""

    analysis: str
    prompt_fingerprint: str
    model: str
    run_id: str
    planned_at: datetime
    answered_by: str | None
    """Models that the answers name, joined by commas."""
    labels: str | None = None
    """Labels of the run's jobs, as a JSON object."""
    attempts: int
    asked: int
    analysed: int
    prompt_tokens: int
    cached_tokens: int
    thoughts_tokens: int
    output_tokens: int
    cost: float | None
    wasted: float | None

    @property
    def each(self) -> float | None:
        """The mean cost of a stored row."""
        return mean_cost(self.cost, self.analysed)


class RunTotals(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/runs/run_totals.sql`: requests, tokens and cost over all attempts of a run."""

    attempts: int
    answered_by: str | None
    """Models that the answers name, joined by commas."""
    repeated_attempts: int
    asked: int
    """Requests sent."""
    lines: int
    """Answer lines read."""
    prompt_tokens: int
    cached_tokens: int
    thoughts_tokens: int
    output_tokens: int
    cost: float | None
    wasted: float | None
    """Cost of answers that gave no row."""
    repeated_cost: float | None
    reading_seconds: float
    peak_megabytes: float | None
    recovery_seconds: float | None

    @property
    def is_priced(self) -> bool:
        """Whether the price of the planned model holds; not for answers of an endpoint of one's own."""
        return self.attempts == 0 or self.cost is not None


def money_of(
    tracking: Tracking, plan: Plan, totals: RunTotals, stored: int, expected: Estimate
) -> Money:
    """The cost of a run; `stored` is its number of stored rows."""
    mine = is_simulated(
        totals.answered_by
    )  # money that was paid, and money that was not, do not mix
    runs = [
        run
        for run in run_costs(tracking, plan.analysis)
        if not totals.attempts or is_simulated(run.answered_by) == mine
    ]
    so_far = sum_of(runs)
    model = plan.model if totals.is_priced else UNPRICED
    return Money(
        price=quoted_price(model),
        parts=parts_of(model, totals, expected),
        online=_online(model, totals),
        saved=saved_of(plan, mean_cost(totals.cost, stored), so_far.each),
        analysis=so_far,
        other_prompts=sum(run.prompt_fingerprint != plan.prompt_fingerprint for run in runs),
    )


def run_costs(tracking: Tracking, analysis: str | None) -> list[RunCost]:
    """Every run with a closed attempt, of one analysis or of all."""
    return tracking.rows("costs", RunCost, {"analysis": analysis})


def quoted_price(model: str) -> QuotedPrice | None:
    """The price of a model with its source; None when the price table does not list it."""
    price = price_with_source(model)
    return None if price is None else msgspec.convert(price, QuotedPrice)


def parts_of(model: str, totals: RunTotals, expected: Estimate) -> list[TokenCost]:
    """Tokens by kind, with the expected number and the cost of each."""
    price = price_of(model)
    ranges: dict[Part, tuple[int, int]] = {
        "input": expected.input_tokens,
        "output": expected.output_tokens,
    }
    return [
        TokenCost(
            part=part,
            expected_tokens=ranges.get(part),
            tokens=tokens,
            price=_rate(price, part) if price else None,
            cost=_cost(tokens, price, part) if price else None,
        )
        for part, tokens in _tokens(totals).items()
    ]


def saved_of(plan: Plan, of_run: float | None, of_analysis: float | None) -> Saving:
    """Value the rows that needed no new answer at the mean cost of a stored row."""
    records = plan.copies + plan.processed + plan.changed
    each = of_run if of_run is not None else of_analysis
    by: Literal["run", "analysis"] = "run" if of_run is not None else "analysis"
    return Saving(
        records=records,
        each=each,
        by=by if each is not None else None,
        cost=0.0 if not records else records * each if each is not None else None,
    )


def sum_of(runs: Sequence[RunCost]) -> CostSum:
    """Add up the costs of runs; one unknown cost makes the sum unknown."""
    known = [run.cost for run in runs if run.cost is not None]
    cost = sum(known) if runs and len(known) == len(runs) else None
    analysed = sum(run.analysed for run in runs)
    return CostSum(
        runs=len(runs),
        analysed=analysed,
        cost=cost,
        wasted=sum(run.wasted or 0.0 for run in runs) if cost is not None else None,
        each=mean_cost(cost, analysed),
    )


def mean_cost(cost: float | None, rows: int) -> float | None:
    """US dollars a row; None for an unknown cost or no rows."""
    return cost / rows if cost is not None and rows else None


def _tokens(totals: RunTotals) -> dict[Part, int]:
    """Return tokens by kind; the input count excludes cached tokens."""
    return {
        "input": totals.prompt_tokens - totals.cached_tokens,
        "cached": totals.cached_tokens,
        "output": totals.output_tokens,
        "thoughts": totals.thoughts_tokens,
    }


def _cost(tokens: int, rates: Rates, part: Part) -> float:
    return tokens * _rate(rates, part) / 1e6


def _rate(rates: Rates, part: Part) -> float:
    """US dollars for a million tokens. Thought tokens are billed as output."""
    return {"input": rates.input, "cached": rates.cached}.get(part, rates.output)


def _online(model: str, totals: RunTotals) -> float | None:
    price = price_of(model)
    if price is None:
        return None
    return sum(_cost(tokens, price.online, part) for part, tokens in _tokens(totals).items())
