"""The part of the page about tokens and money."""

from . import cost_text, formatting
from .html import Markup, join, pairs, section, table, tag
from .reconciliation import Fields, number, part, rows


def costs(summary: Fields) -> Markup:
    """Before and after, what of it was wasted and saved, and why the two differ."""
    told = cost_text.money_of(summary)
    amounts = pairs(
        [
            ("Expected before", told.expected),
            ("Actual", told.actual),
            ("Wasted on failures", told.wasted),
            ("Saved by deduplication", told.saved),
            ("For one stored row", told.each),
            ("The same tokens online", told.online),
        ]
    )
    return section(
        "Tokens and cost",
        amounts,
        _parts(summary),
        _reasons(summary),
        note="In US dollars. " + cost_text.price_of(summary),
        id_="cost",
    )


def _parts(summary: Fields) -> Markup:
    totals = part(summary, "totals")
    asked = number(totals, "attempts") > 0
    found = {str(row.get("part")): row for row in rows(part(summary, "money"), "parts")}
    lines = [
        (
            said,
            _expected(summary, name),
            formatting.count(number(found.get(name, {}), "tokens")) if asked else formatting.NONE,
            formatting.dollars(found.get(name, {}).get("cost")) if asked else formatting.NONE,
        )
        for name, said in cost_text.PARTS.items()
    ]
    return table(("tokens", "expected", "actual", "cost"), lines)


def _expected(summary: Fields, name: str) -> str:
    return cost_text.expected_tokens(summary, name) if name in ("input", "output") else ""


def _reasons(summary: Fields) -> Markup:
    said = [
        *cost_text.differences(summary),
        *(
            line
            for line in (cost_text.saved_line(summary), cost_text.analysis_line(summary))
            if line
        ),
    ]
    if not said:
        return Markup("")
    lines = tag("ul", *(tag("li", line) for line in said), class_="reasons")
    return join([tag("h3", "Expected and actual"), lines])
