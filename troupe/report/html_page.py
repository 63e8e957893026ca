"""The report of a run as one self-contained HTML page."""

from functools import cache
from importlib.resources import files
from string import Template

from handlers.summary.run_summary import RunSummary
from troupe.operations.reconciliation import Reconciliation

from . import html_header, html_sections
from .html import Markup, join, text
from .html_attributes import attribute_groups
from .html_column_charts import column_charts
from .html_costs import costs


def render_html(summary: RunSummary, recounted: Reconciliation | None = None) -> str:
    """The page; `recounted` are the recounted totals of the run.

    It has no script, and no address, font or picture from elsewhere. Everything in the summary is
    shown as text.
    """
    sections = _dry_run(summary) if summary.dry_run else _run(summary, recounted)
    title = text(f"Run {summary.run_id}: {summary.analysis}")
    return Template(_file("page.html")).substitute(
        title=title, style=_file("page.css").strip(), body=join(sections)
    )


def _run(summary: RunSummary, recounted: Reconciliation | None) -> list[Markup]:
    return [
        html_header.title(summary),
        html_header.totals(summary, recounted),
        html_header.tiles(summary),
        html_sections.funnel(summary),
        html_sections.batches(summary),
        html_sections.errors(summary),
        html_sections.readings(summary),
        html_sections.grounding(summary),
        html_sections.stages(summary),
        costs(summary),
        column_charts(summary),
        attribute_groups(summary),
        html_header.foot(summary),
    ]


def _dry_run(summary: RunSummary) -> list[Markup]:
    """A dry run has no errors, answers or totals."""
    return [
        html_header.title(summary),
        html_header.dry_run(summary),
        html_sections.funnel(summary),
        costs(summary),
        html_header.foot(summary),
    ]


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
