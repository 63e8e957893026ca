"""What the runs cost, in lines: each version of an analysis, and its runs."""

from collections.abc import Mapping
from typing import Any

from . import figures
from .account import Facts, number, rows
from .columns import aligned, folded, line

SHOWN = 40
"""Runs of one version; the rest is counted."""


def costs_lines(answer: Mapping[str, Any]) -> list[str]:
    """Newest run last. A sum with one unknown cost is unknown."""
    found = rows(answer, "analyses")
    return [each for row in found for each in _analysis(row)] or ["Nothing was asked yet."]


def _analysis(row: Facts) -> list[str]:
    runs = figures.plural(number(row, "runs"), "run")
    stored = figures.plural(number(row, "analysed"), "row")
    return [
        line(
            f"{row.get('analysis')} with {row.get('model')}: {runs}, {stored},"
            f" cost {figures.dollars(row.get('cost'))},"
            f" wasted {figures.dollars(row.get('wasted'))}, {_each(row.get('each'))}"
        ),
        *folded(aligned([_run(run) for run in rows(row, "of_runs")], indent=4), SHOWN),
    ]


def _each(amount: float | None) -> str:
    return f"{figures.dollars(amount)} a row"


def _run(run: Facts) -> tuple[str, ...]:
    cost, stored = run.get("cost"), number(run, "analysed")
    each = cost / stored if cost is not None and stored else None
    return (
        str(run.get("run_id")),
        figures.moment(run.get("planned_at")),
        figures.plural(stored, "row"),
        f"{figures.count(number(run, 'prompt_tokens'))} input",
        f"{figures.count(number(run, 'output_tokens'))} output",
        f"cost {figures.dollars(cost)}",
        f"wasted {figures.dollars(run.get('wasted'))}",
        _each(each) if stored else figures.NONE,
    )
