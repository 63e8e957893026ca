"""The cost of every run, grouped by analysis version, prompt and model."""

from itertools import groupby

import msgspec

from analysis.models import STAND_IN, is_simulated
from handlers.summary.costs import CostSum, RunCost, mean_cost, run_costs, sum_of
from tracking.attributes import path_of
from tracking.statements import table_name

from .backend import Backend
from .installed import grouped_by, installed_analysis


class AnalysisCosts(CostSum, frozen=True, kw_only=True):
    """One version of an analysis with one prompt, and one model that answered: sum and runs."""

    analysis: str
    prompt_fingerprint: str
    model: str
    answered_by: str | None
    """Models that the answers name, joined by commas; `stand-in` for simulated ones."""
    of_runs: list[RunCost]


class CostGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of what has one value of a label or a call attribute."""

    value: str | None
    """None: without a value."""
    analysis: str | None
    """Of an attribute; None: of all analyses, by label."""
    simulated: bool
    """Whether the stand-in answered: then nothing was paid."""
    runs: int
    analysed: int
    cost: float | None
    """US dollars; by attribute those of the stored rows, by label all that the runs cost."""
    each: float | None
    """The mean cost of a stored row."""


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `costs`."""

    analyses: list[AnalysisCosts]
    """Empty where `by` groups otherwise."""
    by: str | None = None
    """An attribute, or `label:` and a key."""
    groups: list[CostGroup] = []


def costs(backend: Backend, analysis: str | None = None, by: str | None = None) -> Costs:
    """Sum the costs of every run that closed an attempt, of one analysis or of all.

    `by` sums by a label of the runs (`label:team`), or by a call attribute of the stored rows. An
    analysis that was removed keeps its runs. Raises `InvalidOperation` for an unknown analysis
    without runs, and for an attribute by which no analysis may be grouped.
    """
    key = by.removeprefix(LABEL) if by and by.startswith(LABEL) else None
    if by is not None and key is None:
        return Costs(analyses=[], by=by, groups=_by_attribute(backend, analysis, by))
    runs = sorted(run_costs(backend.dependencies.tracking, analysis), key=_version)
    if analysis and not runs:
        installed_analysis(backend, analysis)
    if key is not None:
        return Costs(analyses=[], by=by, groups=_by_label(runs, key))
    groups = [(version, list(group)) for version, group in groupby(runs, _version)]
    return Costs(
        analyses=[
            AnalysisCosts(
                analysis=name,
                prompt_fingerprint=prompt,
                model=model,
                answered_by=answered_by or None,
                of_runs=of_runs,
                **msgspec.structs.asdict(sum_of(of_runs)),
            )
            for (name, model, prompt, answered_by), of_runs in groups
        ]
    )


LABEL = "label:"


class _AttributeCost(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/costs/costs_by_attribute.sql`."""

    value: str | None
    simulated: bool
    runs: int
    analysed: int
    cost: float | None


def _by_label(runs: list[RunCost], key: str) -> list[CostGroup]:
    """Sum runs by the value that they have for a label, the dearest first."""
    by_value: dict[tuple[str | None, bool], list[RunCost]] = {}
    for run in runs:
        labels: dict[str, str] = msgspec.json.decode(run.labels) if run.labels else {}
        of_run = labels.get(key), is_simulated(run.answered_by)
        by_value.setdefault(of_run, []).append(run)
    groups = []
    for (value, simulated), of_value in by_value.items():
        total = sum_of(of_value)
        groups.append(
            CostGroup(
                value=value, analysis=None, simulated=simulated, runs=total.runs, analysed=total.analysed,
                cost=total.cost, each=total.each,
            )
        )  # fmt: skip
    return sorted(groups, key=lambda group: (-(group.cost or 0.0), group.value or ""))


def _by_attribute(backend: Backend, analysis: str | None, attribute: str) -> list[CostGroup]:
    """Sum the stored rows of each analysis that has the attribute, and whose reports may show it."""
    groups = list[CostGroup]()
    for each in grouped_by(
        backend, analysis, attribute, f", or {LABEL}KEY for a label of the runs"
    ):
        rows = backend.dependencies.tracking.rows(
            "costs_by_attribute",
            _AttributeCost,
            {"analysis": each.name, "stand_in": STAND_IN},
            output=table_name(each.table),
            path=path_of(attribute),
        )
        groups += [
            CostGroup(
                **msgspec.structs.asdict(row),
                analysis=each.name,
                each=mean_cost(row.cost, row.analysed),
            )
            for row in rows
        ]
    return groups


def _version(run: RunCost) -> tuple[str, str, str, str]:
    return run.analysis, run.model, run.prompt_fingerprint, run.answered_by or ""
