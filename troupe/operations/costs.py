"""The cost of every run, grouped by analysis version, prompt and model."""

from itertools import groupby

import msgspec

from analysis import AnalysisError
from handlers.summary.costs import CostSum, RunCost, run_costs, sum_of

from .backend import Backend, InvalidOperation


class AnalysisCosts(CostSum, frozen=True, kw_only=True):
    """One version of an analysis with one prompt, and one model that answered: sum and runs."""

    analysis: str
    prompt_fingerprint: str
    model: str
    answered_by: str | None
    """Models that the answers name, joined by commas; `stand-in` for simulated ones."""
    of_runs: list[RunCost]


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `costs`."""

    analyses: list[AnalysisCosts]


def costs(backend: Backend, analysis: str | None = None) -> Costs:
    """Sum the costs of every run that closed an attempt, of one analysis or of all.

    An analysis that was removed keeps its runs. Raises `InvalidOperation` for an unknown analysis
    without runs.
    """
    runs = sorted(run_costs(backend.dependencies.tracking, analysis), key=_version)
    if analysis and not runs:
        try:
            backend.dependencies.analyses.load(analysis)
        except AnalysisError as error:
            raise InvalidOperation(str(error)) from error
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


def _version(run: RunCost) -> tuple[str, str, str, str]:
    return run.analysis, run.model, run.prompt_fingerprint, run.answered_by or ""
