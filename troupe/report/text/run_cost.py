"""Expected and actual cost of a run as text, and why the two differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from analysis import models
from handlers.summary.costs import QuotedPrice, TokenCost, mean_cost
from handlers.summary.run_summary import RunSummary
from troupe.report import formatting, labels
from troupe.report.reconciliation import taken

PARTS = {
    "input": "input",
    "cached": "from the cache",
    "output": "output",
    "thoughts": "thoughts",
}

RATES = {"input": "input", "cached": "from the cache", "output": "output and thoughts"}
NOT_ESTIMATED = "not estimated"


@dataclass(frozen=True, slots=True)
class MoneyText:
    """Amounts as text; `unknown` and `none` are amounts too."""

    expected: str
    actual: str
    wasted: str
    saved: str
    online: str
    each: str


def money_text(summary: RunSummary) -> MoneyText:
    totals, money, stored = summary.totals, summary.money, summary.endings.analysed
    is_paid = totals.attempts > 0
    saved = money.saved
    each = mean_cost(totals.cost, stored)
    return MoneyText(
        expected=_expected(summary),
        actual=_actual(summary),
        wasted=formatting.dollars(totals.wasted) if is_paid else formatting.NONE,
        saved=formatting.dollars(saved.cost) if saved.records else formatting.NONE,
        online=formatting.dollars(money.online) if is_paid else formatting.NONE,
        each=formatting.dollars(each) if stored else formatting.NONE,
    )


def is_simulated(summary: RunSummary) -> bool:
    """Whether the stand-in answered: then nothing was paid, and every amount is what would have been."""
    return models.is_simulated(summary.totals.answered_by)


def cost_sentence(summary: RunSummary) -> str:
    """What the run cost, in a sentence or two."""
    totals, money = summary.totals, money_text(summary)
    if summary.dry_run:
        return f"Nothing. The run is expected to cost {money.expected}."
    if not summary.batches:
        return "Nothing: no request was sent."
    if not totals.attempts:
        return f"Nothing yet. It is expected to cost {money.expected}."
    if totals.cost is None:
        model = labels.model(summary.model, totals.answered_by)
        tokens = formatting.count(
            totals.prompt_tokens + totals.output_tokens + totals.thoughts_tokens
        )
        return f"Unknown: no price of {model} is known. It took {tokens} tokens."
    if is_simulated(summary):
        return (
            f"Nothing: the answers are simulated. {summary.model} would have cost {money.actual}"
            f" (expected {money.expected})."
        )
    amount = f"{money.actual} (expected {money.expected})"
    wasted = f", {money.wasted} of it for answers that gave no row" if totals.wasted else ""
    return f"{amount}{wasted}. The invoice decides."


def rows_without_tokens(summary: RunSummary) -> int:
    """Stored rows whose answers carried no token counts: their cost is unknown."""
    return sum(row.without_tokens for row in summary.readings)


def _actual(summary: RunSummary) -> str:
    cost = summary.totals.cost
    if not summary.totals.attempts:
        return formatting.NONE
    silent = rows_without_tokens(summary)
    if silent and silent == summary.endings.analysed:
        return formatting.UNKNOWN
    amount = formatting.dollars(cost)
    return f"at least {amount}" if silent and cost is not None else amount


def _expected(summary: RunSummary) -> str:
    low, high = summary.expected_cost
    if summary.dry_run and taken(summary) and high == 0:
        return NOT_ESTIMATED
    return widest(low, high)


def widest(low: float | None, high: float | None) -> str:
    """What a plan may cost by sizes alone; `--dry-run` looks at texts or earlier answers as well."""
    text = formatting.span(formatting.dollars(low), formatting.dollars(high))
    return text if low == high else f"{text} at the widest"


def expected_tokens(summary: RunSummary, side: Literal["input", "output"]) -> str:
    low, high = getattr(summary.expected_tokens, side)
    if summary.dry_run and taken(summary) and high == 0:
        return NOT_ESTIMATED
    return formatting.span(formatting.count(low), formatting.count(high))


def price_line(price: QuotedPrice | None, model: str, *, simulated: bool = False) -> str:
    """The rates of a model, their day and their source."""
    if price is None:
        return f"No price of {model or 'the model'} is known, so no cost is."
    rates = ", ".join(
        f"{name} {formatting.dollars(getattr(price, key))}" for key, name in RATES.items()
    )
    since = f"as of {price.as_of}, {price.source}"
    end = "Nothing is invoiced: the answers are simulated." if simulated else "The invoice decides."
    return f"For a million tokens in a batch job: {rates} ({since}). {end}"


def price_of(summary: RunSummary) -> str:
    model = labels.model(summary.model, summary.totals.answered_by)
    return price_line(summary.money.price, model, simulated=is_simulated(summary))


def saved_line(summary: RunSummary) -> str:
    """How the saving was computed; empty where nothing was saved."""
    saved = summary.money.saved
    if not saved.records:
        return ""
    skipped = f"{formatting.plural(saved.records, 'row')} of the source needed no answer"
    if saved.each is None:
        return f"{skipped}; the cost of one is not known."
    mean_of = "this run" if saved.by == "run" else "this analysis so far"
    return f"{skipped}: saved at {formatting.dollars(saved.each)} each, the mean of {mean_of}."


def analysis_line(summary: RunSummary) -> str:
    """The cost of this version of the analysis in all its runs; empty before the first."""
    so_far = summary.money.analysis
    if not so_far.runs:
        return ""
    each = f", {formatting.dollars(so_far.each)} each" if so_far.each is not None else ""
    others = summary.money.other_prompts
    would = "would have cost " if is_simulated(summary) else ""
    other = f" ({formatting.count(others)} with another prompt)" if others else ""
    return (
        f"{summary.analysis} so far: {formatting.plural(so_far.runs, 'run')}{other},"
        f" {formatting.plural(so_far.analysed, 'row')}, {would}{formatting.dollars(so_far.cost)}{each}."
    )


def differences(summary: RunSummary) -> list[str]:
    """How the actual cost compares with the expected one, then the reasons; none for a dry run."""
    if summary.dry_run:
        return []
    if not summary.totals.attempts:
        return ["No request was sent yet, so nothing was paid."]
    return [_comparison(summary), *_volume(summary), *_tokens(summary)]


def _comparison(summary: RunSummary) -> str:
    low, high = summary.expected_cost
    cost = summary.totals.cost
    if cost is None or low is None or high is None:
        return "Without a price, only tokens can be compared."
    simulated = is_simulated(summary)
    if low <= cost <= high:
        what = "What it would have cost" if simulated else "The actual cost"
        return f"{what} lies within the widest range, which the sizes of the transcripts give."
    edge, least = (low, "least") if cost < low else (high, "most")
    gap = formatting.dollars(abs(cost - edge))
    share = f" ({formatting.share_of(abs(cost - edge), edge)})" if edge else ""
    verb = "would have cost" if simulated else "cost"
    return f"It {verb} {gap}{share} {'less' if cost < low else 'more'} than expected at {least}."


def _volume(summary: RunSummary) -> Iterator[str]:
    """Requests that were sent more or less often than once for each planned record."""
    totals, endings = summary.totals, summary.endings
    verb = "would have cost" if is_simulated(summary) else "cost"
    if totals.repeated_attempts:
        paid = formatting.dollars(totals.repeated_cost)
        attempts = formatting.plural(totals.repeated_attempts, "further attempt")
        yield f"{attempts} after failed answers {verb} {paid}; the estimate has none."
    if totals.wasted:
        yield f"Answers that gave no row {verb} {formatting.dollars(totals.wasted)}."
    for records, label in (
        (endings.released, "released without a row"),
        (endings.open, "still open"),
    ):
        if records:
            yield f"{formatting.plural(records, 'planned record')} {label}."
    silent = rows_without_tokens(summary)
    if silent:
        yield f"{formatting.plural(silent, 'stored row')} without a count of tokens: cost unknown."


def _tokens(summary: RunSummary) -> Iterator[str]:
    """Tokens of one request, so that further attempts do not blur them."""
    totals, selected = summary.totals, taken(summary)
    verb = "would have cost" if is_simulated(summary) else "cost"
    for side, tokens, (low, high) in (
        ("input", totals.prompt_tokens, summary.expected_tokens.input),
        ("output", totals.output_tokens, summary.expected_tokens.output),
    ):
        if not totals.lines or not selected or not high:
            continue
        each, least, most = tokens / totals.lines, low / selected, high / selected
        if not least <= each <= most:
            expected = formatting.span(formatting.count(least), formatting.count(most))
            yield (
                f"A request took {formatting.count(each)} {side} tokens,"
                f" where {expected} were expected."
            )
    parts: dict[str, TokenCost] = {part.part: part for part in summary.money.parts}
    thoughts, cached, read = (parts.get(name) for name in ("thoughts", "cached", "input"))
    if thoughts and thoughts.tokens:
        paid = formatting.dollars(thoughts.cost)
        yield f"Thoughts {verb} {paid}; the estimate has none."
    if cached and cached.tokens and cached.cost is not None and read and read.price:
        less = formatting.dollars(cached.tokens * read.price / 1e6 - cached.cost)
        yield f"{formatting.count(cached.tokens)} tokens from the cache {verb} {less} less."
