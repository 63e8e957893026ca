"""Hard caps per run and per day, in US dollars and in tokens: which batches may still begin?

A batch in flight counts as spent, at the high end of its estimate, later attempts included.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from math import inf

from events import Settings
from handlers.ports import Policy
from tracking import Plan, Row, Tracking

from .estimate import Estimate, dollars, estimate
from .plans import analysis_of, stored_analysis

Since = Callable[[], date]
"""Returns the day before which no open run was planned. Called only where there is a cap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The caps of a run and of a day; None for no cap."""

    money: float | None
    tokens: int | None
    money_a_day: float | None
    """Of all runs together, by the UTC day on which an attempt is closed."""
    tokens_a_day: int | None

    @property
    def is_set(self) -> bool:
        return any(
            cap is not None
            for cap in (self.money, self.tokens, self.money_a_day, self.tokens_a_day)
        )

    @property
    def counts_money(self) -> bool:
        return self.money is not None or self.money_a_day is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemainingBudget:
    """What the tightest caps leave, and which batches of the run are in flight."""

    money: float
    tokens: float
    is_overspent: bool
    """A cap is exceeded already, without counting what is in flight."""
    in_flight: int
    """Batches of the run that have begun and have not ended."""
    last_begun: int

    def pays_for(self, size: Estimate) -> bool:
        """Compare with the high end of the estimate."""
        return (size.high or 0.0) <= self.money and _tokens(size)[1] <= self.tokens


def caps_of(settings: Settings, policy: Policy) -> Caps:
    return Caps(
        money=settings.budget,
        tokens=settings.budget_tokens,
        money_a_day=policy.budget_a_day,
        tokens_a_day=policy.tokens_a_day,
    )


def remaining_budget(run_id: str, caps: Caps, since: date, tracking: Tracking) -> RemainingBudget:
    """Compute what is left from the tables, from a day before which no open run was planned.

    The run itself need not be planned yet.
    """
    rows = tracking.query("spending", {"since": since})
    mine = [row for row in rows if row["run_id"] == run_id]
    run, run_due = _spent(mine, ""), _on_its_way(mine)
    day, day_due = _spent(rows, "_today"), _on_its_way(rows)
    spent = (run[0], day[0], run[1], day[1])
    due = (run_due[0], day_due[0], run_due[1], day_due[1])
    limits = (caps.money, caps.money_a_day, caps.tokens, caps.tokens_a_day)
    left = [inf if c is None else c - s - d for c, s, d in zip(limits, spent, due, strict=True)]
    return RemainingBudget(
        money=min(left[:2]),
        tokens=min(left[2:]),
        is_overspent=any(c is not None and s > c for c, s in zip(limits, spent, strict=True)),
        in_flight=sum(row["waiting_batches"] for row in mine),
        last_begun=max((row["last_begun"] for row in mine), default=0),
    )


def over_budget(
    size: Estimate, first_share: float, remaining: RemainingBudget, caps: Caps
) -> str | None:
    """Return why a run may not begin, or None: it, or its first batch, may exceed a cap."""
    low, high = _tokens(size)
    if caps.counts_money and size.low is not None and size.high is not None:
        if size.low > remaining.money:
            return f"it would cost {_range(size)}, and {_left(remaining.money)} is left"
        if size.high * first_share > remaining.money:
            return f"its first batch may cost more than the {_left(remaining.money)} left"
    if low > remaining.tokens:
        return f"it would take {low:,} to {high:,} tokens, and {remaining.tokens:,.0f} are left"
    if high * first_share > remaining.tokens:
        return f"its first batch may take more than the {remaining.tokens:,.0f} tokens left"
    return None


def last_payable(plan: Plan, remaining: RemainingBudget, bound: int, tracking: Tracking) -> int:
    """Return the last batch up to `bound` that may be in flight: those begun, and the next that fit.

    0 when a cap is exceeded, or when nothing is in flight and the next batch does not fit.
    """
    if remaining.last_begun >= plan.batches and not remaining.in_flight:
        return bound  # every batch has begun and is closed: nothing more is spent
    if remaining.is_overspent:
        return 0
    here = {"run_id": plan.run_id, "planned_on": date.fromisoformat(plan.day)}
    analysis, records, line_bytes = analysis_of(plan), 0, 0
    last = remaining.last_begun
    for row in tracking.query("batch_sizes", {**here, "after": last, "last": max(bound, last + 1)}):
        records, line_bytes = records + row["records"], line_bytes + row["bytes"]
        if not remaining.pays_for(estimate(records, line_bytes, plan.model, analysis)):
            break
        last = row["batch"]
    return min(last, bound) if remaining.in_flight or last > remaining.last_begun else 0


def _spent(rows: Sequence[Row], when: str) -> tuple[float, int]:
    return sum(r[f"cost{when}"] for r in rows), sum(r[f"tokens{when}"] for r in rows)


def _on_its_way(rows: Sequence[Row]) -> tuple[float, int]:
    money, tokens = 0.0, 0
    for row in rows:
        if row["waiting_records"]:
            size = estimate(
                row["waiting_records"],
                row["waiting_bytes"],
                row["model"],
                stored_analysis(row["run_id"], row["analysis"], row["analysis_files"]),
            )
            money, tokens = money + (size.high or 0.0), tokens + _tokens(size)[1]
    return money, tokens


def _tokens(size: Estimate) -> tuple[int, int]:
    return (
        size.input_tokens[0] + size.output_tokens[0],
        size.input_tokens[1] + size.output_tokens[1],
    )


def _range(size: Estimate) -> str:
    return f"{dollars(size.low)} to {dollars(size.high)}"


def _left(money: float) -> str:
    return dollars(max(0.0, money))
