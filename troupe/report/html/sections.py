"""The middle of the page: funnel, batches, errors, answers and time."""

from collections.abc import Sequence

from handlers.summary.changed_fields import ChangedField
from handlers.summary.run_summary import ErrorCount, RunSummary, StageTime
from troupe.report import formatting, labels, metrics
from troupe.report.reconciliation import (
    Exit,
    consequence,
    exits_after,
    exits_before,
    fatal_first,
    taken,
)

from .elements import Bar, Markup, bars, empty, join, pairs, section, table, tag, track, unbroken


def funnel(summary: RunSummary) -> Markup:
    """From the rows of the source to the rows stored, with every exit by name."""
    whole = summary.source_rows
    title = "From source to stored rows"
    if not whole and not taken(summary):
        return section(title, empty("The source held no rows."), id_="funnel")
    before = exits_before(whole, summary.skipped, taken(summary))
    lines = [_step("rows in the source", whole, whole), *_exits(before, whole)]
    if summary.dry_run:
        lines.append(_step("records it would select", taken(summary), whole))
        return section(title, bars(lines, whole), id_="funnel")
    after = exits_after(summary)
    lines += [
        _step("records planned", summary.records, whole),
        *_exits(after, whole),
        _step("rows stored", summary.endings.analysed, whole),
    ]
    return section(title, bars(lines, whole), id_="funnel")


def _step(label: str, records: int, whole: int) -> Bar:
    return Bar(
        label, records, formatting.count(records), formatting.share_of(records, whole), "step"
    )


def _exits(exits: list[Exit], whole: int) -> list[Bar]:
    return [
        Bar(
            each.label,
            abs(each.records),
            each.signed.replace("-", "−"),
            formatting.share_of(each.records, whole),
            "exit",
        )
        for each in exits
        if each.records
    ]


def batches(summary: RunSummary) -> Markup:
    times, totals = summary.times, summary.totals
    if not summary.batches:
        return section("Batches", empty("No batch was planned."), id_="batches")
    memory = totals.peak_megabytes
    lines = [
        ("Batches planned", formatting.count(summary.batches)),
        ("Batches without a failed record", formatting.count(times.batches_whole)),
        ("Batches with failed records", formatting.count(times.batches_with_failures)),
        ("Batches abandoned", formatting.count(times.batches_abandoned)),
        ("Batches not over", formatting.count(summary.batches - times.batches_over)),
        ("Attempts closed", formatting.count(totals.attempts)),
        ("Attempts repeated", formatting.count(totals.repeated_attempts)),
        ("Jobs", formatting.count(times.jobs)),
        ("Requests sent", formatting.count(totals.asked)),
        ("Answer lines read", formatting.count(totals.lines)),
        ("Time to read the answers", formatting.seconds(totals.reading_seconds)),
        ("Most memory while reading", formatting.NONE if memory is None else f"{memory:,.0f} MB"),
    ]
    return section("Batches, attempts and jobs", pairs(lines), id_="batches")


def errors(summary: RunSummary) -> Markup:
    """What ended records, then what concerned no record, then what a further attempt mended."""
    if not summary.errors:
        return section("Errors", empty("No errors."), id_="errors")
    ordered = fatal_first(summary.errors)
    system = [each for each in ordered if each.scope == "system" and not each.retryable]
    mended = [each for each in ordered if each.retryable]
    fatal = [each for each in ordered if each not in system and each not in mended]
    return section(
        "Errors by type",
        *_group("Records without a row", fatal),
        *_group("No record's fault", system),
        *_group("Asked again by itself", mended),
        id_="errors",
    )


def _group(name: str, errors_: Sequence[ErrorCount]) -> list[Markup]:
    if not errors_:
        return []
    return [tag("h3", name), tag("ul", *(_error(error) for error in errors_), class_="errors")]


def _error(error: ErrorCount) -> Markup:
    """What happened, what the system did, and what the reader can do, apart."""
    counts = (
        f"{formatting.plural(error.errors, 'error')}, {formatting.plural(error.records, 'record')}"
    )
    because = [" after ", tag("code", error.cause)] if error.cause else []
    name = tag("span", tag("code", error.error_type), *because)
    advice = labels.advice(error.error_type)
    return tag(
        "li",
        tag("div", name, tag("span", counts), class_="head"),
        tag(
            "div",
            labels.what(error.error_type, error.hint),
            " ",
            tag("small", consequence(error)),
        ),
        *([tag("div", tag("b", "What you can do: "), advice, class_="advice")] if advice else []),
    )


def readings(summary: RunSummary) -> Markup:
    if not summary.readings:
        return section("How answers were read", empty("No answer was stored."), id_="parse_methods")
    whole = sum(row.records for row in summary.readings)
    lines = [
        Bar(
            f"{labels.method(row.parse_method)} ({labels.grades(row.repair_grade, row.grade)})",
            row.records,
            formatting.count(row.records),
            formatting.share_of(row.records, whole),
        )
        for row in summary.readings
    ]
    readers = pairs([("Reader", metrics.readers_of(summary))])
    return section(
        "How answers were read", bars(lines), readers, _changed(summary), id_="parse_methods"
    )


def _changed(summary: RunSummary) -> Markup:
    """The columns whose values did not fit as they were written, with lines for analysis.json."""
    items = [
        tag("li", tag("code", field.column), f": {labels.changed(field)}", *_equivalents(field))
        for field in summary.changed_fields
    ]
    return tag("ul", *items) if items else Markup("")


def _equivalents(field: ChangedField) -> list[Markup | str]:
    if not field.is_frequent or not field.equivalents:
        return []
    return [" List what is meant in equivalents of analysis.json: ", tag("code", field.equivalents)]


def grounding(summary: RunSummary) -> Markup:
    """The share of summary words that occur in their transcripts: low for invented summaries."""
    title, found = "Grounding of the summaries", summary.grounding
    if not found.measured or found.mean is None:
        return section(title, empty("It was not measured."), id_="grounding")
    mean = Bar("words found in their transcript, mean", found.mean, formatting.percent(found.mean))
    lines = [
        ("Rows measured", formatting.count(found.measured)),
        ("Least of all rows", formatting.percent(found.least)),
        ("Rows below half", formatting.count(found.below_half)),
    ]
    return section(title, bars([mean], 1.0), pairs(lines), id_="grounding")


def stages(summary: RunSummary) -> Markup:
    """Means, so that the bars of an attempt add up to its time."""
    by_name = {row.stage: row for row in summary.stages}
    if not by_name:
        return section("Time by stage", empty("No stage was finished."), id_="stages")
    order = [name for name in labels.STAGES if name in by_name]
    order += [name for name in by_name if name not in labels.STAGES]
    whole = sum(row.mean_seconds for row in by_name.values())
    lines = [_stage(by_name[name], whole) for name in order]
    head = ("stage of an attempt", "times", "mean", "most")
    return section("Time by stage", table(head, lines), id_="stages")


def _stage(row: StageTime, whole: float) -> tuple[object, ...]:
    return (
        join([labels.STAGES.get(row.stage, row.stage), track(row.mean_seconds, whole)]),
        formatting.count(row.times),
        unbroken(formatting.seconds(row.mean_seconds)),
        unbroken(formatting.seconds(row.most_seconds)),
    )
