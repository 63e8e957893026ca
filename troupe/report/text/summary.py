"""The summary of a run as lines for a terminal."""

from collections.abc import Sequence

from handlers.summary.run_summary import ErrorCount, RunSummary
from troupe.operations.outcome import Outcome
from troupe.operations.reconciliation import Reconciliation
from troupe.report import formatting, labels, metrics
from troupe.report.reconciliation import exits_after, exits_before, fatal_first, taken, totals_line

from .columns import aligned, exit_lines, folded, line, named
from .outcome import empty_reason, happened, simulated_lines, step_lines, stuck
from .redaction import redaction_lines
from .run_cost import (
    analysis_line,
    cost_sentence,
    differences,
    is_simulated,
    money_text,
    price_of,
    saved_line,
)

ERRORS_SHOWN = 8


def summary_lines(
    summary: RunSummary,
    outcome: Outcome,
    recounted: Reconciliation | None = None,
    more: Sequence[str] = (),
) -> list[str]:
    """What happened, what failed and what it cost; then all figures, and the command that follows.

    Of a dry run, what it would select. `more` are lines before that command.
    """
    if summary.dry_run:
        return [_title(summary), *_dry_run(summary)]
    return [
        _title(summary),
        *_head(summary, outcome),
        line(totals_line(summary, recounted).line),
        *_funnel(summary),
        *redaction_lines(summary),
        *error_lines(summary.errors),
        *_readings(summary),
        *_grounding(summary),
        *(
            line(f"{each.name.lower():<20}", f"{each.value}:", each.meaning)
            for each in metrics.metrics_of(summary)
        ),
        *_costs(summary),
        *_attribute_groups(summary),
        _time(summary),
        *more,
        *step_lines(outcome.next),
    ]


def _head(summary: RunSummary, outcome: Outcome) -> list[str]:
    return [
        *simulated_lines(outcome),
        line(happened(outcome)),
        *(
            [line(empty_reason(summary.source_rows, summary.skipped, summary.analysis))]
            if not summary.records
            else []
        ),
        *(line(each) for each in stuck(outcome)),
        line(f"Cost: {cost_sentence(summary)}"),
    ]


def _title(summary: RunSummary) -> str:
    prompt = labels.prompt(summary.analysis, summary.prompt_fingerprint)
    model = labels.model(summary.model, summary.totals.answered_by)
    return line(f"Run {summary.run_id}: {prompt}, {model}, {summary.mode}")


def _dry_run(summary: RunSummary) -> list[str]:
    would = formatting.plural(summary.would_records, "record")
    into = formatting.plural(summary.would_batches, "batch", "batches")
    return [
        f"A dry run: no request was sent and nothing was paid. It would select {would} in {into}.",
        *_source(summary),
        *redaction_lines(summary),
    ]


def _source(summary: RunSummary) -> list[str]:
    rows = summary.source_rows
    return [
        named("source", formatting.plural(rows, "row") if rows else "no rows"),
        *exit_lines(exits_before(rows, summary.skipped, taken(summary))),
    ]


def _funnel(summary: RunSummary) -> list[str]:
    planned = formatting.plural(summary.records, "record")
    into = formatting.plural(summary.batches, "batch", "batches")
    return [
        *_source(summary),
        named("planned", f"{planned} in {into}"),
        *exit_lines(exits_after(summary)),
        named("stored", formatting.plural(summary.endings.analysed, "row")),
    ]


def error_lines(errors: Sequence[ErrorCount]) -> list[str]:
    """Each type of error with its count and what to do, those that ended a record first."""
    if not errors:
        return [named("errors", formatting.NONE)]
    lines = [
        line(f"    {formatting.count(error.errors)} {_error(error)}")
        for error in fatal_first(errors)
    ]
    total = sum(error.errors for error in errors)
    return [
        named("errors", formatting.count(total)),
        *folded(lines, ERRORS_SHOWN, "kind of error", "kinds of error"),
    ]


def _error(error: ErrorCount) -> str:
    because = f" after {error.cause}" if error.cause else ""
    return f"{error.error_type}{because}: {labels.hint(error.error_type, error.hint)}"


def _readings(summary: RunSummary) -> list[str]:
    readings = [
        f"{formatting.count(row.records)} {labels.method(row.parse_method)}"
        f"{labels.grades('', row.grade).removeprefix(labels.grade(''))}"
        for row in summary.readings
    ]
    if not readings:
        return []
    return [
        named("answers", "; ".join(readings[:4])),
        named("reader", metrics.readers_of(summary)),
        *_changed_fields(summary),
    ]


def _changed_fields(summary: RunSummary) -> list[str]:
    """Each column whose values did not fit as written; what is frequent comes with a remedy."""
    lines = list[str]()
    for field in summary.changed_fields:
        lines.append(named("column", f"{field.column}: {labels.changed(field)}"))
        if field.is_frequent and field.equivalents:
            lines.append(line(f"    for equivalents of analysis.json: {field.equivalents}"))
    return lines


def _grounding(summary: RunSummary) -> list[str]:
    text = metrics.grounding_of(summary)
    return [named("grounding", text)] if text else []


def _costs(summary: RunSummary) -> list[str]:
    totals, money = summary.totals, money_text(summary)
    tokens = (
        f"{formatting.count(totals.prompt_tokens)} input"
        f" ({formatting.count(totals.cached_tokens)} cached),"
        f" {formatting.count(totals.output_tokens)} output,"
        f" {formatting.count(totals.thoughts_tokens)} thoughts"
    )
    would = "would have cost " if is_simulated(summary) else ""
    cost = (
        f"{would}{money.actual} (expected {money.expected}), wasted on failures {money.wasted},"
        f" saved by deduplication {money.saved}"
    )
    notes = [
        *differences(summary), saved_line(summary), analysis_line(summary), price_of(summary)
    ]  # fmt: skip
    return [
        named("tokens", tokens),
        named("cost", cost),
        *(line("   ", note) for note in notes if note),
    ]


def _attribute_groups(summary: RunSummary) -> list[str]:
    """A line for each value; the answers of each group are on the page and in the JSON."""
    lines = list[str]()
    would = "would have " if is_simulated(summary) else ""
    for group in summary.attribute_groups:
        lines.append(named("by", labels.plain(group.attribute)))
        rows = [
            (
                labels.attribute_value(value),
                formatting.plural(value.records, "record"),
                f"{formatting.count(value.failed)} failed",
                f"rows {would}cost {formatting.dollars(value.cost)}",
            )
            for value in group.values
        ]
        lines += aligned(rows, indent=4)
    return lines


def _time(summary: RunSummary) -> str:
    times = summary.times
    planned = formatting.moment(times.planned_at or summary.planned_at)
    if times.completed_at is None:
        return named("time", f"not over, planned {planned}")
    completed = formatting.moment(times.completed_at)
    return named("time", f"{metrics.duration_of(summary)}, from {planned} to {completed}")
