"""The section of the page about tokens and money."""

from handlers.summary.run_summary import RunSummary
from troupe.report import formatting
from troupe.report.text import run_cost as run_cost_text

from .elements import Markup, join, pairs, section, table, tag


def costs(summary: RunSummary) -> Markup:
    """Expected and actual cost, waste and savings, and why the two differ."""
    money = run_cost_text.money_text(summary)
    amounts = pairs(
        [
            ("Expected before", money.expected),
            ("Would have cost" if run_cost_text.is_simulated(summary) else "Actual", money.actual),
            ("Wasted on failures", money.wasted),
            ("Saved by deduplication", money.saved),
            ("For one stored row", money.each),
            ("The same tokens online", money.online),
        ]
    )
    return section(
        "Tokens and cost",
        amounts,
        _parts(summary),
        _reasons(summary),
        note="In US dollars. " + run_cost_text.price_of(summary),
        id_="cost",
    )


def _parts(summary: RunSummary) -> Markup:
    is_paid = summary.totals.attempts > 0
    lines = []
    for part in summary.money.parts:
        expected = ""
        if part.part == "input" or part.part == "output":
            expected = run_cost_text.expected_tokens(summary, part.part)
        lines.append(
            (
                run_cost_text.PARTS[part.part],
                expected,
                formatting.count(part.tokens) if is_paid else formatting.NONE,
                formatting.dollars(part.cost) if is_paid else formatting.NONE,
            )
        )
    return table(("tokens", "expected", "actual", "cost"), lines)


def _reasons(summary: RunSummary) -> Markup:
    reasons = [
        *run_cost_text.differences(summary),
        run_cost_text.saved_line(summary),
        run_cost_text.analysis_line(summary),
    ]
    if not any(reasons):
        return Markup("")
    lines = tag("ul", *(tag("li", reason) for reason in reasons if reason), class_="reasons")
    return join([tag("h3", "Expected and actual"), lines])
