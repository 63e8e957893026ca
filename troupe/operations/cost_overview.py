"""What all runs cost: by analysis and model, by week, and run by run, page by page."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from analysis.models import is_simulated
from handlers.summary.costs import CostSum, RunCost, mean_cost

from .backend import Backend, InvalidOperation
from .runs import first_day, plan_of

MOST = 200
"""Runs of one page."""
WEEKS = 13


class VersionCost(CostSum, frozen=True, kw_only=True):
    """All runs of one version of an analysis with one model."""

    analysis: str
    model: str
    answered_by: str | None
    """Models that the answers name, joined by commas; `stand-in` for simulated ones."""
    simulated: bool
    prompts: int
    """Different prompts among these runs."""


class WeekCost(CostSum, frozen=True, kw_only=True):
    """All runs that were planned in one week."""

    begins: date
    """A Monday."""
    simulated: bool


class CostOverview(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `cost_overview`."""

    versions: list[VersionCost]
    """The dearest first; what was paid before what was simulated."""
    weeks: list[WeekCost]
    """The 13 weeks up to the newest run, the oldest first; weeks without a run cost nothing."""
    labels: list[str]
    """Labels that runs of the last year have."""
    runs: list[RunCost]
    """One page of runs, the newest first."""
    after: str | None
    """The run where the next page begins; None on the last one."""


class _DayCost(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/costs/costs_by_day.sql`."""

    planned_on: date
    analysis: str
    prompt_fingerprint: str
    model: str
    answered_by: str | None
    runs: int
    analysed: int
    cost: float | None
    wasted: float | None

    @property
    def simulated(self) -> bool:
        return is_simulated(self.answered_by)


def cost_overview(
    backend: Backend, analysis: str | None = None, after: str | None = None, most: int = 50
) -> CostOverview:
    """Sum the costs of all runs, of one analysis or of all, and list the runs after `after`.

    Raises `InvalidOperation` for a run that has no plan, or is of another analysis.
    """
    if not 1 <= most <= MOST:
        raise InvalidOperation(f"a page has 1 to {MOST} runs, not {most}")
    tracking = backend.dependencies.tracking
    place = _place(backend, analysis, after)
    days = tracking.rows("costs_by_day", _DayCost, {"analysis": analysis})
    params = {"analysis": analysis, "most": most + 1, **place}
    runs = tracking.rows("costs_page", RunCost, params)
    return CostOverview(
        versions=_versions(days),
        weeks=_weeks(days),
        labels=_labels(backend),
        runs=runs[:most],
        after=runs[most - 1].run_id if len(runs) > most else None,
    )


def _place(backend: Backend, analysis: str | None, after: str | None) -> dict[str, Any]:
    if after is None:
        return {"found_before": None, "after_run": None}
    plan = plan_of(backend, after)
    if analysis not in (None, plan.analysis):
        raise InvalidOperation(f"run {after} is of {plan.analysis}, not of {analysis}")
    return {"found_before": plan.planned_at, "after_run": after}


def _versions(days: Sequence[_DayCost]) -> list[VersionCost]:
    found: dict[tuple[str, str, str | None], list[_DayCost]] = {}
    for day in days:
        found.setdefault((day.analysis, day.model, day.answered_by), []).append(day)
    sums = [
        VersionCost(
            analysis=analysis,
            model=model,
            answered_by=answered_by,
            simulated=is_simulated(answered_by),
            prompts=len({day.prompt_fingerprint for day in of_version}),
            **_sum(of_version),
        )
        for (analysis, model, answered_by), of_version in found.items()
    ]
    return sorted(sums, key=lambda each: (each.simulated, -(each.cost or 0.0), each.analysis))


def _weeks(days: Sequence[_DayCost]) -> list[WeekCost]:
    """Money that was paid and money that was not stand apart, so a week has one or two sums."""
    if not days:
        return []
    newest = days[-1].planned_on
    first = newest - timedelta(days=newest.weekday() + 7 * (WEEKS - 1))
    recent = [day for day in days if day.planned_on >= first]
    found: dict[tuple[date, bool], list[_DayCost]] = {}
    for day in recent:
        begins = day.planned_on - timedelta(days=day.planned_on.weekday())
        found.setdefault((begins, day.simulated), []).append(day)
    return [
        WeekCost(begins=begins, simulated=simulated, **_sum(found.get((begins, simulated), [])))
        for simulated in sorted({simulated for _, simulated in found})
        for begins in (first + timedelta(days=7 * at) for at in range(WEEKS))
    ]


def _sum(days: Sequence[_DayCost]) -> dict[str, Any]:
    """Add up days; one unknown cost makes the sum unknown, and no run costs nothing."""
    known = [day.cost for day in days if day.cost is not None]
    cost = sum(known) if len(known) == len(days) else None
    analysed = sum(day.analysed for day in days)
    return {
        "runs": sum(day.runs for day in days),
        "analysed": analysed,
        "cost": cost,
        "wasted": None if cost is None else sum(day.wasted or 0.0 for day in days),
        "each": mean_cost(cost, analysed),
    }


def _labels(backend: Backend) -> list[str]:
    since = first_day(backend) - timedelta(days=365)
    rows = backend.dependencies.tracking.query("labels_of_runs", {"since": since})
    texts = [row["labels"] for row in rows if row["labels"]]
    return sorted({key for text in texts for key in msgspec.json.decode(text, type=dict[str, str])})
