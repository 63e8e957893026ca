"""What the runs cost, in lines: each version of an analysis, and its runs."""

from collections.abc import Mapping
from typing import Any

from . import formatting
from .reconciliation import Fields, number, rows
from .text_columns import aligned, folded, line

SHOWN = 40
"""Runs of one version; the rest is counted."""


def costs_lines(answer: Mapping[str, Any]) -> list[str]:
    """Newest run last. A sum with one unknown cost is unknown."""
    found = rows(answer, "analyses")
    return [each for row in found for each in _analysis(row)] or ["Nothing was asked yet."]


def _analysis(row: Fields) -> list[str]:
    runs = formatting.plural(number(row, "runs"), "run")
    stored = formatting.plural(number(row, "analysed"), "row")
    return [
        line(
            f"{row.get('analysis')} with {row.get('model')}: {runs}, {stored},"
            f" cost {formatting.dollars(row.get('cost'))},"
            f" wasted {formatting.dollars(row.get('wasted'))}, {_each(row.get('each'))}"
        ),
        *folded(aligned([_run(run) for run in rows(row, "of_runs")], indent=4), SHOWN),
    ]


def _each(amount: float | None) -> str:
    return f"{formatting.dollars(amount)} a row"


def _run(run: Fields) -> tuple[str, ...]:
    cost, stored = run.get("cost"), number(run, "analysed")
    each = cost / stored if cost is not None and stored else None
    return (
        str(run.get("run_id")),
        formatting.moment(run.get("planned_at")),
        formatting.plural(stored, "row"),
        f"{formatting.count(number(run, 'prompt_tokens'))} input",
        f"{formatting.count(number(run, 'output_tokens'))} output",
        f"cost {formatting.dollars(cost)}",
        f"wasted {formatting.dollars(run.get('wasted'))}",
        _each(each) if stored else formatting.NONE,
    )
