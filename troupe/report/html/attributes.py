"""The section of the page that groups the records of a run by call attributes."""

from handlers.summary.attribute_groups import AttributeGroup, AttributeValue
from handlers.summary.run_summary import RunSummary
from troupe.report import formatting, labels
from troupe.report.text.run_cost import is_simulated

from .column_charts import value_name
from .elements import Markup, join, section, table, tag, track

NOTE = "Cost is that of the stored rows: an answer that gave no row is counted for the run alone."


def attribute_groups(summary: RunSummary) -> Markup:
    """A table for each attribute, and below it one for each closed column of the answers."""
    if not summary.attribute_groups:
        return Markup("")
    cost = "would have cost" if is_simulated(summary) else "cost"
    groups = (_group(group, cost) for group in summary.attribute_groups)
    return section("By call attribute", *groups, note=NOTE, id_="attributes")


def _group(group: AttributeGroup, cost: str) -> Markup:
    title = labels.plain(group.attribute)
    most = max((value.records for value in group.values), default=0)
    head = (title, "records", "failed", cost, "a row")
    rows = [
        (
            join([labels.attribute_value(value), track(value.records, most)]),
            formatting.count(value.records),
            formatting.count(value.failed),
            formatting.dollars(value.cost),
            formatting.dollars(value.each),
        )
        for value in group.values
    ]
    columns = list(dict.fromkeys(column for value in group.values for column in value.answers))
    return tag(
        "div",
        tag("h3", f"By {title}"),
        table(head, rows),
        *(_answers(group, column) for column in columns),
    )


def _answers(group: AttributeGroup, column: str) -> Markup:
    """The values of one column, by the values of the attribute; folded, because there are many."""
    totals: dict[str | None, int] = {}
    for value in group.values:
        for count in value.answers.get(column, []):
            totals[count.answer] = totals.get(count.answer, 0) + count.records
    answers = sorted(totals, key=lambda answer: -totals[answer])[:8]
    rows = [
        (labels.attribute_value(value), *(_count(value, column, answer) for answer in answers))
        for value in group.values
    ]
    title = f"{labels.plain(column)} by {labels.plain(group.attribute)}"
    head = (labels.plain(group.attribute), *map(value_name, answers))
    return tag("details", tag("summary", title), table(head, rows))


def _count(value: AttributeValue, column: str, answer: str | None) -> str:
    found = (each.records for each in value.answers.get(column, []) if each.answer == answer)
    return formatting.count(next(found, 0))
