"""The part of the page about tokens and money."""

from . import figures, money
from .account import Facts, number, part, rows
from .markup import Markup, join, pairs, section, table, tag


def costs(summary: Facts) -> Markup:
    """Before and after, what of it was wasted and saved, and why the two differ."""
    told = money.money_of(summary)
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
        note="In US dollars. " + money.price_of(summary),
        id_="cost",
    )


def _parts(summary: Facts) -> Markup:
    totals = part(summary, "totals")
    asked = number(totals, "attempts") > 0
    found = {str(row.get("part")): row for row in rows(part(summary, "money"), "parts")}
    lines = [
        (
            said,
            _expected(summary, name),
            figures.count(number(found.get(name, {}), "tokens")) if asked else figures.NONE,
            figures.dollars(found.get(name, {}).get("cost")) if asked else figures.NONE,
        )
        for name, said in money.PARTS.items()
    ]
    return table(("tokens", "expected", "actual", "cost"), lines)


def _expected(summary: Facts, name: str) -> str:
    return money.expected_tokens(summary, name) if name in ("input", "output") else ""


def _reasons(summary: Facts) -> Markup:
    said = [
        *money.differences(summary),
        *(line for line in (money.saved_line(summary), money.analysis_line(summary)) if line),
    ]
    if not said:
        return Markup("")
    lines = tag("ul", *(tag("li", line) for line in said), class_="reasons")
    return join([tag("h3", "Expected and actual"), lines])
