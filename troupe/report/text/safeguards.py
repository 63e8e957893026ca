"""Canary, circuit breaker and budget of a run as lines, and what to do after one stopped it."""

from collections.abc import Iterator, Sequence

from troupe.operations.safeguards import Breaker, BudgetUse, Canary, Safeguards
from troupe.report import formatting


def safeguard_lines(
    run_id: str, safeguards: Safeguards | None, stop_reasons: Sequence[str]
) -> list[str]:
    """None for a run without batches."""
    if safeguards is None:
        return []
    return [
        *_canary(safeguards.canary),
        *_breaker(safeguards.breaker, run_id, tripped="breaker" in stop_reasons),
        *_budget(safeguards.budget, is_spent="budget" in stop_reasons),
    ]


def _canary(canary: Canary | None) -> Iterator[str]:
    if canary is None:
        return
    size = f"canary: batch 1 with {formatting.plural(canary.records, 'record')}"
    if not canary.is_over:
        yield f"{size} is under way; the others begin when it is over"
        return
    analysed, failed = formatting.count(canary.analysed), formatting.count(canary.failed)
    yield f"{size} is over: {analysed} analysed, {failed} failed"


def _breaker(breaker: Breaker, run_id: str, *, tripped: bool) -> Iterator[str]:
    over = breaker.records_over
    if not over:
        return
    share = formatting.share_of(breaker.failed_over, over)
    failed = formatting.count(breaker.failed_over)
    yield (
        f"breaker: {failed} of {formatting.plural(over, 'record')} over have failed ({share}), "
        f"limit {breaker.limit:g} %"
    )
    if tripped:
        yield (
            "  read the errors below and correct their cause; then `troupe request` selects what "
            f"was released, and `troupe reprocess --run {run_id}` what failed"
        )


def _budget(budget: BudgetUse | None, *, is_spent: bool) -> Iterator[str]:
    if budget is None:
        return
    limits = [
        f"{formatting.dollars(budget.spent)} of {formatting.dollars(budget.limit)} spent"
        if budget.limit is not None
        else "",
        f"{budget.tokens:,} of {budget.limit_tokens:,} tokens spent"
        if budget.limit_tokens is not None
        else "",
    ]
    under_way = formatting.plural(budget.in_flight, "batch", "batches")
    yield f"budget: {', '.join(limit for limit in limits if limit)}; {under_way} under way"
    if is_spent:
        yield "  the next run selects what was released: `troupe request` with a larger budget"
