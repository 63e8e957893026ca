"""The report of a run: one page that needs nothing but itself."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from . import head, insights, sections
from .account import Facts, is_preview
from .costs import costs
from .markup import Markup, join, text


def render_html(summary: Mapping[str, Any], verdict: Mapping[str, Any] | None = None) -> str:
    """The summary as a page; `verdict` are the recounted books of the run.

    Self-contained: no script, no address, no font or picture from elsewhere. Every part of the
    summary may be absent; whatever it says is shown as text.
    """
    parts = _preview(summary) if is_preview(summary) else _run(summary, verdict)
    title = text(f"Run {summary.get('run_id', '')}: {summary.get('analysis', '')}")
    return Template(_file("page.html")).substitute(
        title=title, style=_file("page.css").strip(), body=join(parts)
    )


def _run(summary: Facts, verdict: Facts | None) -> list[Markup]:
    return [
        head.title(summary),
        head.books(summary, verdict),
        head.tiles(summary),
        sections.funnel(summary),
        sections.batches(summary),
        sections.errors(summary),
        sections.readings(summary),
        sections.grounding(summary),
        sections.stages(summary),
        costs(summary),
        insights.insights(summary),
        head.foot(summary),
    ]


def _preview(summary: Facts) -> list[Markup]:
    """A dry run met no error, read no answer and has no books."""
    return [
        head.title(summary),
        head.preview(summary),
        sections.funnel(summary),
        costs(summary),
        head.foot(summary),
    ]


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
