"""What may hold up or stop a run: canary, circuit breaker and budget, as they stand."""

from datetime import date

import msgspec

from handlers.runs.budget import caps_of
from handlers.runs.plans import settings_of
from tracking import Plan

from .backend import Backend
from .runs import BatchRow


class Canary(msgspec.Struct, frozen=True, kw_only=True):
    """Batch 1; the others begin when it has succeeded."""

    records: int
    is_over: bool
    analysed: int
    failed: int


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    """The circuit breaker stops the run when too many of the records that are over have failed."""

    records_over: int
    failed_over: int
    limit: float
    """Per cent."""


class BudgetUse(msgspec.Struct, frozen=True, kw_only=True):
    """Spending in US dollars and tokens, and the limits of the run and of the day."""

    limit: float | None
    spent: float
    limit_tokens: int | None
    tokens: int
    in_flight: int
    """Batches whose cost is not known yet."""
    a_day: float | None
    tokens_a_day: int | None
    today: float
    tokens_today: int


class Safeguards(msgspec.Struct, frozen=True, kw_only=True):
    """Canary, circuit breaker and budget of one run."""

    canary: Canary | None
    breaker: Breaker
    budget: BudgetUse | None
    """None for a run without a budget."""


class _Spending(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/costs/spending.sql`."""

    run_id: str
    cost: float
    tokens: int
    cost_today: float
    tokens_today: int
    waiting_batches: int


def safeguards(backend: Backend, plan: Plan, batches: list[BatchRow]) -> Safeguards | None:
    """The safeguards of a run; None for a run without batches."""
    if not plan.batches:
        return None
    settings = settings_of(plan)
    progress = backend.dependencies.tracking.progress(plan.run_id, plan.day)
    caps = caps_of(settings, backend.dependencies.policy)
    first = next((row for row in batches if row.batch == 1), None)
    canary = None
    if first is not None:
        canary = Canary(
            records=first.records,
            is_over=progress.canary_finished,
            analysed=first.analysed,
            failed=first.failed,
        )
    return Safeguards(
        canary=canary,
        breaker=Breaker(
            records_over=progress.records_over,
            failed_over=progress.failed_over,
            limit=settings.breaker,
        ),
        budget=_budget(backend, plan, caps.money, caps.tokens) if caps.is_set else None,
    )


def _budget(backend: Backend, plan: Plan, money: float | None, tokens: int | None) -> BudgetUse:
    policy = backend.dependencies.policy
    since = min(
        backend.dependencies.event_log.lookback_start(backend.clock()), date.fromisoformat(plan.day)
    )
    rows = backend.dependencies.tracking.rows("spending", _Spending, {"since": since})
    own = next(row for row in rows if row.run_id == plan.run_id)
    return BudgetUse(
        limit=money,
        spent=own.cost,
        limit_tokens=tokens,
        tokens=own.tokens,
        in_flight=own.waiting_batches,
        a_day=policy.budget_a_day,
        tokens_a_day=policy.tokens_a_day,
        today=sum(row.cost_today for row in rows),
        tokens_today=sum(row.tokens_today for row in rows),
    )
