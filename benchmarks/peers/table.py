"""The results as one table of ratios: 1.0 is the best tool of a scenario."""

from collections.abc import Mapping
from typing import Any

_RATIOS = (("cpu", "CPU", "s"), ("wall", "wall time", "s"), ("megabytes", "peak memory", "MB"))
_COUNTS = (
    ("lost", "lost"),
    ("paid_twice", "paid twice"),
    ("requests", "requests"),
    ("calls", "calls"),
)


def page(results: Mapping[str, Mapping[str, Mapping[str, Any]]], records: int, at_once: int) -> str:
    """Return the table in Markdown. A ratio is followed by the figure itself."""
    tools = list(next(iter(results.values())))
    lines = [
        f"{records} records, {at_once} at once.",
        "",
        f"| scenario | figure | {' | '.join(tools)} |",
        f"|---|---|{'---|' * len(tools)}",
    ]
    for scenario, of_tool in results.items():
        for name, label, unit in _RATIOS:
            values = [of_tool[tool][name] for tool in tools]
            cells = [f"{_ratio(value, min(values))} ({value:.1f} {unit})" for value in values]
            lines.append(f"| {scenario} | {label} | {' | '.join(cells)} |")
        for name, label in _COUNTS:
            cells = [str(of_tool[tool][name]) for tool in tools]
            lines.append(f"| {scenario} | {label} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _ratio(value: float, best: float) -> str:
    return f"{value / best:.1f}" if best else "–"
