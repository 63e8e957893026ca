"""The top and the foot of the page: the run, its totals and its five metrics."""

from handlers.summary.run_summary import RunSummary
from troupe.operations.reconciliation import Reconciliation

from . import formatting, labels, metrics
from .html import Markup, tag
from .reconciliation import totals_line


def title(summary: RunSummary) -> Markup:
    about = [
        f"analysis {labels.prompt(summary.analysis, summary.prompt_fingerprint)}",
        f"model {summary.model}",
        f"mode {summary.mode}",
        *_when(summary),
        *(["dry run"] if summary.dry_run else []),
    ]
    return tag(
        "header",
        tag("h1", f"Run {summary.run_id}"),
        tag("ul", *(tag("li", each) for each in about), class_="about"),
    )


def _when(summary: RunSummary) -> list[str]:
    times = summary.times
    lines = [f"planned {formatting.moment(times.planned_at or summary.planned_at)}"]
    if times.completed_at:
        lines.append(f"completed {formatting.moment(times.completed_at)}")
        lines.append(f"took {metrics.duration_of(summary)}")
    elif not summary.dry_run:
        lines.append("not over yet")
    return lines


def totals(summary: RunSummary, recounted: Reconciliation | None) -> Markup:
    """Whether the totals balance."""
    found = totals_line(summary, recounted)
    first, _, rest = found.line.partition(":")
    return tag("p", tag("b", f"{first}:"), rest, class_=f"totals {found.mood}")


def dry_run(summary: RunSummary) -> Markup:
    """What a dry run would select; it has no totals."""
    would = formatting.plural(summary.would_records, "record")
    into = formatting.plural(summary.would_batches, "batch", "batches")
    text = f" no request was sent and nothing was paid. It would select {would} in {into}."
    return tag("p", tag("b", "A dry run:"), text, class_="totals warn")


def tiles(summary: RunSummary) -> Markup:
    """The five success metrics."""
    return tag(
        "dl",
        *(
            tag(
                "div",
                tag("dt", metric.name),
                tag("dd", tag("b", metric.value), tag("small", metric.meaning)),
            )
            for metric in metrics.metrics_of(summary)
        ),
        class_="tiles",
    )


def foot(summary: RunSummary) -> Markup:
    text = "Counts and names only: this page holds no transcript."
    return tag("footer", text, f" Planned on {summary.planned_on} (UTC).")
