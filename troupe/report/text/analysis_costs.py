"""The costs of all runs as lines: each version of an analysis, and its runs."""

from analysis.models import is_simulated
from handlers.summary.costs import RunCost
from troupe.operations.costs import AnalysisCosts, CostGroup, Costs
from troupe.report import formatting, labels

from .columns import aligned, folded, line
from .outcome import SIMULATED

SHOWN = 40
"""Runs of one version; the rest is counted."""


def costs_lines(costs: Costs) -> list[str]:
    """Newest run last. A sum with one unknown cost is unknown."""
    if costs.by is not None:
        return _groups(costs)
    return [each for analysis in costs.analyses for each in _analysis(analysis)] or [
        "No attempt was closed yet, so no cost is known."
    ]


def _groups(costs: Costs) -> list[str]:
    """A line for each value of a label or a call attribute."""
    rows = [
        (
            labels.NO_VALUE if group.value is None else group.value,
            *([group.analysis] if group.analysis else []),
            formatting.plural(group.runs, "run"),
            formatting.plural(group.analysed, "row"),
            f"{_would(group)}cost {formatting.dollars(group.cost)}",
            _each(group.each) if group.analysed else formatting.NONE,
        )
        for group in costs.groups
    ]
    if not rows:
        return ["No attempt was closed yet, so no cost is known."]
    simulated = any(group.simulated for group in costs.groups)
    return [
        *([line(SIMULATED)] if simulated else []),
        line(f"by {costs.by}:"),
        *folded(aligned(rows, indent=4), SHOWN, "group"),
    ]


def _would(group: CostGroup) -> str:
    return "would have " if group.simulated and group.cost is not None else ""


def _analysis(analysis: AnalysisCosts) -> list[str]:
    runs = formatting.plural(analysis.runs, "run")
    stored = formatting.plural(analysis.analysed, "row")
    prompt = labels.prompt(analysis.analysis, analysis.prompt_fingerprint)
    model = labels.model(analysis.model, analysis.answered_by)
    simulated = is_simulated(analysis.answered_by)
    would = "would have " if simulated and analysis.cost is not None else ""
    return [
        *([line(SIMULATED)] if simulated else []),
        line(
            f"{prompt} with {model}: {runs}, {stored},"
            f" {would}cost {formatting.dollars(analysis.cost)},"
            f" wasted {formatting.dollars(analysis.wasted)}, {_each(analysis.each)}"
        ),
        *folded(aligned([_run(run, would) for run in analysis.of_runs], indent=4), SHOWN, "run"),
    ]


def _each(amount: float | None) -> str:
    return f"{formatting.dollars(amount)} a row"


def _run(run: RunCost, would: str) -> tuple[str, ...]:
    return (
        run.run_id,
        formatting.moment(run.planned_at),
        formatting.plural(run.analysed, "row"),
        f"{formatting.count(run.prompt_tokens)} input",
        f"{formatting.count(run.output_tokens)} output",
        f"{would}cost {formatting.dollars(run.cost)}",
        f"wasted {formatting.dollars(run.wasted)}",
        _each(run.each) if run.analysed else formatting.NONE,
    )
