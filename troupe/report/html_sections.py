"""The middle of the page: the way of the records, the errors, the answers and the time."""

from . import formatting, labels, reconciliation
from .html import Bar, Markup, bars, empty, join, pairs, section, table, tag, track, unbroken
from .reconciliation import Exit, Fields, number, part, rows


def funnel(summary: Fields) -> Markup:
    """From the rows of the source to the rows stored, with every exit by name."""
    whole = number(summary, "source_rows")
    title = "From source to stored rows"
    if not whole and not reconciliation.taken(summary):
        return section(title, empty("The source held no rows."), id_="funnel")
    before = reconciliation.exits_before(summary)
    lines = [_step("rows in the source", whole, whole), *_exits(before, whole)]
    if reconciliation.is_preview(summary):
        lines.append(_step("records it would take", reconciliation.taken(summary), whole))
        return section(title, bars(lines, whole), _folded(before), id_="funnel")
    after = reconciliation.exits_after(summary)
    stored = number(part(summary, "books"), "analysed")
    lines += [
        _step("records planned", number(summary, "records"), whole),
        *_exits(after, whole),
        _step("rows stored", stored, whole),
    ]
    return section(title, bars(lines, whole), _folded([*before, *after]), id_="funnel")


def _step(label: str, records: int, whole: int) -> Bar:
    return Bar(
        label, records, formatting.count(records), formatting.share_of(records, whole), "step"
    )


def _exits(exits: list[Exit], whole: int) -> list[Bar]:
    return [
        Bar(
            each.words,
            abs(each.records),
            each.signed.replace("-", "−"),
            formatting.share_of(each.records, whole),
            "exit",
        )
        for each in exits
        if each.records
    ]


def _folded(exits: list[Exit]) -> Markup:
    nobody = [each.words for each in exits if not each.records]
    if not nobody:
        return Markup("")
    title = formatting.plural(len(nobody), "further exit that no row took",
                           "further exits that no row took")  # fmt: skip
    inside = tag("ul", *(tag("li", text) for text in nobody))
    return tag("details", tag("summary", title), inside)


def batches(summary: Fields) -> Markup:
    times, totals = part(summary, "times"), part(summary, "totals")
    planned = number(summary, "batches")
    over = number(times, "batches_completed") + number(times, "batches_abandoned")
    if not planned:
        return section("Batches", empty("No batch was planned."), id_="batches")
    memory = totals.get("peak_megabytes")
    told = [
        ("Batches planned", formatting.count(planned)),
        ("Batches completed", formatting.count(number(times, "batches_completed"))),
        ("Batches abandoned", formatting.count(number(times, "batches_abandoned"))),
        ("Batches not over", formatting.count(planned - over)),
        ("Attempts closed", formatting.count(number(totals, "attempts"))),
        ("Attempts repeated", formatting.count(number(totals, "repeated_attempts"))),
        ("Jobs", formatting.count(number(times, "jobs"))),
        ("Events told", formatting.count(number(times, "events"))),
        ("Requests sent", formatting.count(number(totals, "asked"))),
        ("Answer lines read", formatting.count(number(totals, "lines"))),
        ("Time to read them", formatting.seconds(totals.get("reading_seconds"))),
        ("Most memory", formatting.NONE if memory is None else f"{memory:,.0f} MB"),
    ]
    return section("Batches, attempts and jobs", pairs(told), id_="batches")


def errors(summary: Fields) -> Markup:
    found = rows(summary, "errors")
    if not found:
        return section("Errors", empty("No errors."), id_="errors")
    lines = tag("ul", *(_error(each) for each in found), class_="errors")
    note = "Errors that a further attempt mended are counted as well."
    return section("Errors by type", lines, note=note, id_="errors")


def _error(error: Fields) -> Markup:
    name = str(error.get("error_type", ""))
    cause = error.get("cause")
    counted = (
        f"{formatting.plural(number(error, 'errors'), 'error')},"
        f" {formatting.plural(number(error, 'records'), 'record')}"
    )
    because = [" after ", tag("code", cause)] if cause else []
    return tag(
        "li",
        tag("div", tag("span", tag("code", name), *because), tag("span", counted), class_="head"),
        tag(
            "div",
            labels.hint(name, error.get("hint")),
            " ",
            tag("small", reconciliation.fate(error)),
        ),
    )


def readings(summary: Fields) -> Markup:
    found = rows(summary, "readings")
    if not found:
        return section("How answers were read", empty("No answer was stored."), id_="readings")
    whole = sum(number(row, "records") for row in found)
    lines = [
        Bar(
            f"{labels.method(row.get('parse_method'))} ({labels.grade(row.get('repair_grade'))})",
            number(row, "records"),
            formatting.count(number(row, "records")),
            formatting.share_of(number(row, "records"), whole),
        )
        for row in found
    ]
    return section("How answers were read", bars(lines), id_="readings")


def grounding(summary: Fields) -> Markup:
    """How much of the summaries was said in the calls; an invented one stands out."""
    title, found = "Grounding of the summaries", part(summary, "grounding")
    if not number(found, "measured"):
        return section(title, empty("It was not measured."), id_="grounding")
    mean = Bar(
        "words found in their transcript, mean",
        found["mean"],
        formatting.percent(found["mean"]),
    )
    told = [
        ("Rows measured", formatting.count(number(found, "measured"))),
        ("Least of all rows", formatting.percent(found.get("least"))),
        ("Rows below half", formatting.count(number(found, "below_half"))),
    ]
    return section(title, bars([mean], 1.0), pairs(told), id_="grounding")


def stages(summary: Fields) -> Markup:
    """Means, so that the bars of an attempt add up to its time."""
    found = {str(row.get("stage")): row for row in rows(summary, "stages")}
    if not found:
        return section("Time by stage", empty("No stage was finished."), id_="stages")
    order = [name for name in labels.STAGES if name in found]
    order += [name for name in found if name not in labels.STAGES]
    whole = sum(_mean(row) for row in found.values())
    lines = [
        (
            join([labels.STAGES.get(name, name), track(_mean(found[name]), whole)]),
            formatting.count(number(found[name], "times")),
            unbroken(formatting.seconds(found[name].get("mean_seconds"))),
            unbroken(formatting.seconds(found[name].get("most_seconds"))),
        )
        for name in order
    ]
    head = ("stage of an attempt", "times", "mean", "most")
    return section("Time by stage", table(head, lines), id_="stages")


def _mean(row: Fields) -> float:
    return float(row.get("mean_seconds") or 0.0)
