"""The foot of the page: what the calls were about, counted."""

from . import figures, flow, words
from .account import Facts, number, part, rows
from .markup import Bar, Markup, bars, empty, section, table, tag
from .own_insights import NOTHING, TITLE, own_insights

SHOWN = 12
"""Lines of a list; the rest is counted."""


def insights(summary: Facts) -> Markup:
    found = rows(summary, "insights")
    stored = number(part(summary, "books"), "analysed")
    if part(summary, "glance"):
        return own_insights(summary, stored)
    if not found:
        said = "This analysis has no columns that are counted here." if stored else NOTHING
        return section(TITLE, empty(said), id_="insights")
    kinds = list(dict.fromkeys([*words.KINDS, *(str(row["kind"]) for row in found)]))
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


def _list(kind: str, found: list[Facts], stored: int) -> Markup:
    if not found:
        return Markup("")
    found = sorted(found, key=lambda row: -number(row, "records"))
    named = sum(number(row, "records") for row in found)
    whole = max(stored, 1) if kind == "product" else named
    lines = [
        Bar(
            words.value(kind, row.get("value")),
            number(row, "records"),
            figures.count(number(row, "records")),
            figures.share_of(number(row, "records"), whole),
        )
        for row in found[:SHOWN]
    ]
    head = tag("h3", words.KINDS.get(kind, words.plain(kind)))
    return tag("div", head, bars(lines, named if kind == "resolved" else None), _more(found))


def _more(found: list[Facts]) -> Markup:
    rest = found[SHOWN:]
    if not rest:
        return Markup("")
    times = figures.plural(sum(number(row, "records") for row in rest), "time")
    return tag("p", f"and {figures.count(len(rest))} more, named {times}", class_="empty")


def _sentiment(found: list[Facts]) -> Markup:
    moves = flow.moves_of(found)
    if not moves:
        return Markup("")
    befores, afters = flow.sides_of(moves)
    matrix = table(
        ("before ↓   after →", *afters),
        [
            (before, *(figures.count(moves.get((before, after), 0)) for after in afters))
            for before in befores
        ],
    )
    return tag(
        "div",
        tag("div", tag("h3", "Sentiment, before and after"), flow.picture(moves)),
        tag("div", tag("h3", "The same in figures"), matrix),
        class_="two",
    )
