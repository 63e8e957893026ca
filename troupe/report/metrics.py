"""Time, grounding and the five metrics of a run, in words."""

from dataclasses import dataclass

from . import formatting
from .reconciliation import Fields, number, part


def time_of(summary: Fields) -> str:
    """From plan to end."""
    times = part(summary, "times")
    taken_time = formatting.between(times.get("planned_at"), times.get("completed_at"))
    return "not over" if taken_time is None else formatting.seconds(taken_time)


@dataclass(frozen=True, slots=True)
class Metric:
    """One of the five measures of success."""

    name: str
    value: str
    means: str


def metrics_of(summary: Fields) -> list[Metric]:
    found, times = part(summary, "metrics"), part(summary, "times")
    completed = number(times, "batches_completed")
    over = formatting.plural(completed + number(times, "batches_abandoned"), "batch", "batches")
    failed = formatting.count(number(part(summary, "books"), "failed"))
    planned = formatting.plural(number(summary, "records"), "planned record")
    recovery = found.get("recovery_seconds")
    return [
        Metric(
            "Batch success rate",
            formatting.percent(found.get("batch_success_rate")),
            f"{formatting.count(completed)} of {over} that are over",
        ),
        Metric(
            "Batches per hour",
            formatting.rate(found.get("batches_per_hour")),
            "from the plan to the end of the run",
        ),
        Metric(
            "Error rate",
            formatting.percent(found.get("error_rate")),
            f"{failed} of {planned} failed",
        ),
        Metric(
            "Deduplication rate",
            formatting.percent(found.get("deduplication_rate")),
            "of the rows asked for needed no new analysis",
        ),
        Metric(
            "Recovery time",
            formatting.seconds(recovery),
            "nothing had to be mended"
            if recovery is None
            else "until a batch with open records was whole",
        ),
    ]


def grounding_of(summary: Fields) -> str:
    """How much of the summaries was said in their transcripts; empty when it was not measured."""
    found = part(summary, "grounding")
    if not number(found, "measured"):
        return ""
    below = formatting.plural(number(found, "below_half"), "row")
    return f"{formatting.percent(found['mean'])} occur in the transcript; {below} below half"
