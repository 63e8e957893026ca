"""The report of a run: one page that needs nothing but itself."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from . import html_answers, html_header, html_sections
from .html import Markup, join, text
from .html_costs import costs
from .reconciliation import Fields, is_preview


def render_html(summary: Mapping[str, Any], totals: Mapping[str, Any] | None = None) -> str:
    """The summary as a page; `verdict` are the recounted books of the run.

    Self-contained: no script, no address, no font or picture from elsewhere. Every part of the
    summary may be absent; whatever it says is shown as text.
    """
    parts = _preview(summary) if is_preview(summary) else _run(summary, totals)
    title = text(f"Run {summary.get('run_id', '')}: {summary.get('analysis', '')}")
    return Template(_file("page.html")).substitute(
        title=title, style=_file("page.css").strip(), body=join(parts)
    )


def _run(summary: Fields, totals: Fields | None) -> list[Markup]:
    return [
        html_header.title(summary),
        html_header.books(summary, totals),
        html_header.tiles(summary),
        html_sections.funnel(summary),
        html_sections.batches(summary),
        html_sections.errors(summary),
        html_sections.readings(summary),
        html_sections.grounding(summary),
        html_sections.stages(summary),
        costs(summary),
        html_answers.insights(summary),
        html_header.foot(summary),
    ]


def _preview(summary: Fields) -> list[Markup]:
    """A dry run met no error, read no answer and has no books."""
    return [
        html_header.title(summary),
        html_header.preview(summary),
        html_sections.funnel(summary),
        costs(summary),
        html_header.foot(summary),
    ]


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
