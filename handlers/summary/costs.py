"""What a run cost, part by part, and what it saved. What is not known is None, and never 0."""

from collections.abc import Sequence
from typing import Any

from analysis.prices import Rates, price_of, price_with_source
from handlers.runs.estimate import Estimate
from tracking import Plan, Row, Tracking

Money = dict[str, Any]


def money_of(tracking: Tracking, plan: Plan, totals: Row, stored: int, expected: Estimate) -> Money:
    """Plain values, in US dollars."""
    of_analysis = tracking.query("costs", {"analysis": plan.analysis})
    so_far = sum_of(of_analysis)
    return {
        "price": price_with_source(plan.model),
        "parts": parts_of(plan.model, totals, expected),
        "online": _online(plan.model, totals),
        "saved": saved_of(plan, _each(totals["cost"], stored), so_far["each"]),
        "analysis": so_far,
    }


def parts_of(model: str, totals: Row, expected: Estimate) -> list[Row]:
    """Tokens by kind, with what was expected of them and what they cost."""
    price = price_of(model)
    tokens = _tokens(totals)
    costs = _costs(tokens, price) if price else dict.fromkeys(tokens)
    ranges = {"input": expected.input_tokens, "output": expected.output_tokens}
    return [
        {
            "part": name,
            "expected_tokens": ranges.get(name),
            "tokens": many,
            "price": _rate(price, name),
            "cost": costs[name],
        }
        for name, many in tokens.items()
    ]


def saved_of(plan: Plan, of_run: float | None, of_analysis: float | None) -> Row:
    """What the rows would have cost that needed no new answer, each at the mean of a stored row."""
    records = plan.duplicate + plan.processed + plan.changed
    each, by = (of_run, "run") if of_run is not None else (of_analysis, "analysis")
    return {
        "records": records,
        "each": each,
        "by": by if each is not None else None,
        "cost": 0.0 if not records else records * each if each is not None else None,
    }


def sum_of(runs: Sequence[Row]) -> Row:
    """Of rows of `costs`; one run of unknown cost makes the whole unknown."""
    known = [run["cost"] for run in runs if run["cost"] is not None]
    cost = sum(known) if runs and len(known) == len(runs) else None
    analysed = sum(run["analysed"] for run in runs)
    return {
        "runs": len(runs),
        "analysed": analysed,
        "cost": cost,
        "wasted": sum(run["wasted"] for run in runs) if cost is not None else None,
        "each": _each(cost, analysed),
    }


def _tokens(totals: Row) -> dict[str, int]:
    """Return tokens by kind; the input count excludes cached tokens."""
    return {
        "input": totals["prompt_tokens"] - totals["cached_tokens"],
        "cached": totals["cached_tokens"],
        "output": totals["output_tokens"],
        "thoughts": totals["thoughts_tokens"],
    }


def _costs(tokens: dict[str, int], rates: Rates) -> dict[str, float]:
    return {name: many * (_rate(rates, name) or 0.0) / 1e6 for name, many in tokens.items()}


def _rate(rates: Rates | None, part: str) -> float | None:
    """Thought tokens are billed as output."""
    if rates is None:
        return None
    return {"input": rates.input, "cached": rates.cached}.get(part, rates.output)


def _online(model: str, totals: Row) -> float | None:
    """What the same tokens would have cost without a batch job."""
    price = price_of(model)
    return sum(_costs(_tokens(totals), price.online).values()) if price else None


def _each(cost: float | None, rows: int) -> float | None:
    return cost / rows if cost is not None and rows else None
