"""The five success metrics, duration and grounding of a run as text."""

from dataclasses import dataclass

from handlers.summary.run_summary import RunSummary

from . import formatting


def duration_of(summary: RunSummary) -> str:
    """From plan to end."""
    seconds = formatting.between(summary.times.planned_at, summary.times.completed_at)
    return "not over" if seconds is None else formatting.seconds(seconds)


@dataclass(frozen=True, slots=True)
class MetricText:
    """One success metric."""

    name: str
    value: str
    meaning: str


def metrics_of(summary: RunSummary) -> list[MetricText]:
    """The five success metrics, in the order of the requirements."""
    metrics, times = summary.metrics, summary.times
    over = formatting.plural(times.batches_over, "batch", "batches")
    planned = formatting.plural(summary.records, "planned record")
    return [
        MetricText(
            "Batch success rate",
            formatting.percent(metrics.batch_success_rate),
            f"{formatting.count(times.batches_whole)} of {over} that are over had no failed record",
        ),
        MetricText(
            "Batches per hour",
            formatting.rate(metrics.batches_per_hour),
            "from the plan to the end of the run",
        ),
        MetricText(
            "Error rate",
            formatting.percent(metrics.error_rate),
            f"{formatting.count(summary.endings.failed)} of {planned} failed",
        ),
        MetricText(
            "Deduplication rate",
            *_deduplication(summary),
        ),
        MetricText(
            "Recovery time",
            formatting.seconds(metrics.recovery_seconds),
            "no batch had to be repeated"
            if metrics.recovery_seconds is None
            else "on average, from an attempt that left records open to the end of its batch",
        ),
    ]


def _deduplication(summary: RunSummary) -> tuple[str, str]:
    """A run with a limit did not look for further records, so a share would say nothing."""
    if summary.skipped.get("beyond_limit"):
        return formatting.NONE, "the run had a limit, so it was not measured"
    share = formatting.percent(summary.metrics.deduplication_rate)
    return share, "rows that were asked for and needed no new answer"


def grounding_of(summary: RunSummary) -> str:
    """The share of summary words found in their transcripts; empty when it was not measured."""
    grounding = summary.grounding
    if not grounding.measured:
        return ""
    below = formatting.plural(grounding.below_half, "row")
    return f"{formatting.percent(grounding.mean)} occur in the transcript; {below} below half"


def readers_of(summary: RunSummary) -> str:
    """The hashes of how the stored answers were read; more than one after an upgrade."""
    readers = sorted({each for row in summary.readings for each in row.readers.split(", ")})
    return ", ".join(readers)
