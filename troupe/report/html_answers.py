"""The foot of the page: what the calls were about, counted."""

from . import formatting, html_sentiment_flow, labels
from .html import Bar, Markup, bars, empty, section, table, tag
from .html_column_charts import NOTHING, TITLE, own_insights
from .reconciliation import Fields, number, part, rows

SHOWN = 12
"""Lines of a list; the rest is counted."""


def insights(summary: Fields) -> Markup:
    found = rows(summary, "insights")
    stored = number(part(summary, "books"), "analysed")
    if part(summary, "column_counts"):
        return own_insights(summary, stored)
    if not found:
        said = "This analysis has no columns that are counted here." if stored else NOTHING
        return section(TITLE, empty(said), id_="insights")
    kinds = list(dict.fromkeys([*labels.KINDS, *(str(row["kind"]) for row in found)]))
    lists = [
        _list(kind, [row for row in found if row["kind"] == kind], stored)
        for kind in kinds
        if kind != "sentiment"
    ]
    return section(
        TITLE,
        _sentiment([row for row in found if row["kind"] == "sentiment"]),
        tag("div", *lists, class_="lists"),
        id_="insights",
    )


def _list(kind: str, found: list[Fields], stored: int) -> Markup:
    if not found:
        return Markup("")
    found = sorted(found, key=lambda row: -number(row, "records"))
    named = sum(number(row, "records") for row in found)
    whole = max(stored, 1) if kind == "product" else named
    lines = [
        Bar(
            labels.value(kind, row.get("value")),
            number(row, "records"),
            formatting.count(number(row, "records")),
            formatting.share_of(number(row, "records"), whole),
        )
        for row in found[:SHOWN]
    ]
    head = tag("h3", labels.KINDS.get(kind, labels.plain(kind)))
    return tag("div", head, bars(lines, named if kind == "resolved" else None), _more(found))


def _more(found: list[Fields]) -> Markup:
    rest = found[SHOWN:]
    if not rest:
        return Markup("")
    times = formatting.plural(sum(number(row, "records") for row in rest), "time")
    return tag("p", f"and {formatting.count(len(rest))} more, named {times}", class_="empty")


def _sentiment(found: list[Fields]) -> Markup:
    moves = html_sentiment_flow.moves_of(found)
    if not moves:
        return Markup("")
    befores, afters = html_sentiment_flow.sides_of(moves)
    matrix = table(
        ("before ↓   after →", *afters),
        [
            (before, *(formatting.count(moves.get((before, after), 0)) for after in afters))
            for before in befores
        ],
    )
    return tag(
        "div",
        tag("div", tag("h3", "Sentiment, before and after"), html_sentiment_flow.picture(moves)),
        tag("div", tag("h3", "The same in figures"), matrix),
        class_="two",
    )
