"""The report of a run as one self-contained HTML page."""

from functools import cache
from importlib.resources import files
from string import Template

from handlers.summary.run_summary import RunSummary
from troupe.operations.outcome import Outcome
from troupe.operations.reconciliation import Reconciliation

from . import html_head, html_sections
from .html import Markup, join, text
from .html_attributes import attribute_groups
from .html_column_charts import column_charts
from .html_costs import costs
from .redaction_text import redaction_section


def render_html(
    summary: RunSummary, outcome: Outcome, recounted: Reconciliation | None = None
) -> str:
    """The page; `recounted` are the recounted totals of the run.

    It has no script, and no address, font or picture from elsewhere. Everything in the summary is
    shown as text.
    """
    sections = [
        html_head.title(summary),
        html_head.head(summary, outcome, recounted),
        html_sections.funnel(summary),
        *_sections(summary),
        html_head.foot(summary),
    ]
    title = text(f"Run {summary.run_id}: {outcome.word}")
    return Template(_file("page.html")).substitute(
        title=title, style=_file("page.css").strip(), body=join(sections)
    )


def _sections(summary: RunSummary) -> list[Markup]:
    """What failed, what the answers say, what they cost, and how the run went about it."""
    if summary.dry_run:
        return [redaction_section(summary), costs(summary)]
    errors = html_sections.errors(summary)
    if not summary.records:
        return [errors] if summary.errors else []
    return [
        errors,
        column_charts(summary),
        attribute_groups(summary),
        costs(summary),
        html_head.tiles(summary),
        html_sections.readings(summary),
        html_sections.grounding(summary),
        redaction_section(summary),
        html_sections.batches(summary),
        html_sections.stages(summary),
    ]


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
