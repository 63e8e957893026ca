"""The top of the page: which run it was, whether its books balance, and the five metrics."""

from . import formatting, metrics, reconciliation
from .html import Markup, tag
from .reconciliation import Fields


def title(summary: Fields) -> Markup:
    events = [
        f"{name} {summary[key]}"
        for name, key in (("analysis", "analysis"), ("model", "model"), ("mode", "mode"))
        if summary.get(key)
    ]
    dry = ["dry run"] if reconciliation.is_preview(summary) else []
    return tag(
        "header",
        tag("h1", f"Run {summary.get('run_id') or 'without a name'}"),
        tag(
            "ul", *(tag("li", event) for event in [*events, *_when(summary), *dry]), class_="events"
        ),
    )


def _when(summary: Fields) -> list[str]:
    times = reconciliation.part(summary, "times")
    planned = times.get("planned_at") or summary.get("planned_at")
    told = [f"planned {formatting.moment(planned)}"] if planned else []
    if times.get("completed_at"):
        told.append(f"completed {formatting.moment(times['completed_at'])}")
        told.append(f"took {metrics.time_of(summary)}")
    elif not reconciliation.is_preview(summary):
        told.append("not over yet")
    return told


def books(summary: Fields, totals: Fields | None) -> Markup:
    found = reconciliation.reconcile(summary, totals)
    first, _, rest = found.line.partition(":")
    return tag("p", tag("b", f"{first}:"), rest, class_=f"books {found.mood}")


def preview(summary: Fields) -> Markup:
    """A dry run has no books: it says what it would take."""
    would = formatting.plural(reconciliation.number(summary, "would_records"), "record")
    into = formatting.plural(reconciliation.number(summary, "would_batches"), "batch", "batches")
    said = f" nothing was asked and nothing was paid. It would take {would} in {into}."
    return tag("p", tag("b", "A dry run:"), said, class_="books warn")


def tiles(summary: Fields) -> Markup:
    return tag(
        "dl",
        *(
            tag(
                "div",
                tag("dt", metric.name),
                tag("dd", tag("b", metric.value), tag("small", metric.means)),
            )
            for metric in metrics.metrics_of(summary)
        ),
        class_="tiles",
    )


def foot(summary: Fields) -> Markup:
    day = summary.get("planned_on")
    said = "Counts and names only: this page holds no transcript."
    return tag("footer", said, f" Planned on {day} (UTC)." if day else "")
