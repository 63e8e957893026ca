"""The report of a run as one self-contained HTML page."""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from string import Template

from handlers.summary.run_summary import RunSummary
from troupe.operations.outcome import Outcome
from troupe.operations.reconciliation import Reconciliation
from troupe.quality.accuracy import GoldenAccuracy
from troupe.report.text.redaction import redaction_section

from . import head as html_head
from . import sections as html_sections
from .accuracy import golden_accuracy
from .attributes import attribute_groups
from .column_charts import column_charts
from .costs import costs
from .elements import Markup, join, text


def render_html(
    summary: RunSummary,
    outcome: Outcome,
    recounted: Reconciliation | None = None,
    accuracy: Sequence[GoldenAccuracy] = (),
) -> str:
    """The page; `recounted` are the recounted totals of the run, `accuracy` that by golden sets.

    It has no script, and no address, font or picture from elsewhere. Everything in the summary is
    shown as text.
    """
    sections = report_sections(summary, outcome, recounted, accuracy)
    return page(f"Run {summary.run_id}: {outcome.word}", sections)


def report_sections(
    summary: RunSummary,
    outcome: Outcome,
    recounted: Reconciliation | None = None,
    accuracy: Sequence[GoldenAccuracy] = (),
) -> list[Markup]:
    """The sections of the report, from its title to its foot."""
    return [
        html_head.title(summary),
        html_head.head(summary, outcome, recounted),
        html_sections.funnel(summary),
        *_sections(summary, accuracy),
        html_head.foot(summary),
    ]


def page(title: str, sections: Iterable[Markup], *styles: str) -> str:
    """A self-contained page with these sections: no script, and nothing from elsewhere.

    `styles` are style sheets of this package beside the common one.
    """
    style = "\n".join(page_file(name).strip() for name in ("page.css", *styles))
    return Template(page_file("page.html")).substitute(
        title=text(title), style=style, body=join(sections)
    )


def _sections(summary: RunSummary, accuracy: Sequence[GoldenAccuracy]) -> list[Markup]:
    """What failed, what the answers say, what they cost, and how the run went about it."""
    if summary.dry_run:
        return [redaction_section(summary), costs(summary)]
    errors = html_sections.errors(summary)
    if not summary.records:
        return [errors] if summary.errors else []
    return [
        errors,
        golden_accuracy(accuracy),
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
def page_file(name: str) -> str:
    """Read a part of the pages of this package."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
