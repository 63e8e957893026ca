"""What canary, breaker and budget of a run saw, and how to go on."""

from collections.abc import Iterator

from . import formatting
from .reconciliation import Fields, number, part


def course_lines(run: Fields) -> list[str]:
    """Nothing for a run that was not asked about."""
    course = part(run, "course")
    if not course:
        return []
    stopped = {reason.strip() for reason in str(run.get("stopped_for") or "").split(",")}
    return [
        *_canary(part(course, "canary")),
        *_breaker(part(course, "breaker"), str(run.get("run_id")), "breaker" in stopped),
        *_budget(part(course, "budget"), "budget" in stopped),
    ]


def _canary(canary: Fields) -> Iterator[str]:
    if not canary:
        return
    size = f"canary: batch 1 with {formatting.plural(number(canary, 'records'), 'record')}"
    if not canary.get("is_over"):
        yield f"{size} is under way; the others begin when it is over"
        return
    counts = ", ".join(
        f"{formatting.count(number(canary, name))} {name}" for name in ("analysed", "failed")
    )
    yield f"{size} is over: {counts}"


def _breaker(breaker: Fields, run_id: str, tripped: bool) -> Iterator[str]:
    over = number(breaker, "records_over")
    if not over:
        return
    share = formatting.share_of(number(breaker, "failed_over"), over)
    failed = formatting.count(number(breaker, "failed_over"))
    yield (
        f"breaker: {failed} of {formatting.plural(over, 'record')} over have failed ({share}), "
        f"limit {breaker.get('limit'):g} %"
    )
    if tripped:
        yield (
            "  look at the errors below and correct their cause; then `troupe request` takes what "
            f"was released, and `troupe reprocess --run {run_id}` what failed"
        )


def _budget(budget: Fields, spent: bool) -> Iterator[str]:
    if not budget:
        return
    parts = [
        f"{formatting.dollars(budget['spent'])} of {formatting.dollars(budget['limit'])} spent"
        if budget.get("limit") is not None
        else "",
        f"{number(budget, 'tokens'):,} of {budget['limit_tokens']:,} tokens spent"
        if budget.get("limit_tokens") is not None
        else "",
    ]
    told = ", ".join(part for part in parts if part)
    under_way = formatting.plural(number(budget, "in_flight"), "batch", "batches")
    yield f"budget: {told}; {under_way} under way"
    if spent:
        yield "  what was released is taken by the next run: `troupe request` with a larger budget"
