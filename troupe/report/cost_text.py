"""What a run was to cost, what it cost, and in words why the two differ."""

from collections.abc import Iterator
from dataclasses import dataclass

from . import formatting, reconciliation
from .reconciliation import Fields, number, part, rows

PARTS = {
    "input": "input",
    "cached": "from the cache",
    "output": "output",
    "thoughts": "thoughts",
}

RATES = {"input": "input", "cached": "from the cache", "output": "output and thoughts"}


@dataclass(frozen=True, slots=True)
class Money:
    """Amounts in words; `unknown` and `none` are words too."""

    expected: str
    actual: str
    wasted: str
    saved: str
    online: str
    each: str


def money_of(summary: Fields) -> Money:
    totals, told = part(summary, "totals"), part(summary, "money")
    cost, stored = totals.get("cost"), number(part(summary, "books"), "analysed")
    asked = number(totals, "attempts") > 0
    each = cost / stored if cost is not None and stored else None
    return Money(
        expected=_expected(summary),
        actual=_actual(summary),
        wasted=formatting.dollars(totals.get("wasted")) if asked else formatting.NONE,
        saved=_saved(part(told, "saved")),
        online=formatting.dollars(told.get("online")) if asked else formatting.NONE,
        each=formatting.dollars(each) if stored else formatting.NONE,
    )


def without_tokens(summary: Fields) -> int:
    """Stored rows that do not tell what they took: what they cost is not known."""
    return sum(number(row, "without_tokens") for row in rows(summary, "readings"))


def _actual(summary: Fields) -> str:
    totals = part(summary, "totals")
    if not number(totals, "attempts"):
        return formatting.NONE
    silent, stored = without_tokens(summary), number(part(summary, "books"), "analysed")
    if silent and silent == stored:
        return formatting.UNKNOWN
    told = formatting.dollars(totals.get("cost"))
    return f"at least {told}" if silent and totals.get("cost") is not None else told


def _expected(summary: Fields) -> str:
    low, high = summary.get("expected_cost") or (None, None)
    if reconciliation.is_preview(summary) and reconciliation.taken(summary) and high == 0:
        return "not estimated"
    return formatting.span(formatting.dollars(low), formatting.dollars(high))


def _saved(saved: Fields) -> str:
    return formatting.dollars(saved.get("cost")) if number(saved, "records") else formatting.NONE


def expected_tokens(summary: Fields, side: str) -> str:
    low, high = part(summary, "expected_tokens").get(side) or (None, None)
    if reconciliation.is_preview(summary) and reconciliation.taken(summary) and high == 0:
        return "not estimated"
    return formatting.span(formatting.count(low), formatting.count(high))


def price_line(price: Fields, model: object) -> str:
    """The price that is reckoned with, since when it stands, and who says so."""
    if not price:
        return f"No price of {model or 'the model'} is known, so no cost is."
    rates = ", ".join(f"{name} {formatting.dollars(price.get(key))}" for key, name in RATES.items())
    since = f"as of {price.get('as_of')}, {price.get('source')}"
    return f"For a million tokens in a batch job: {rates} ({since}). The invoice has the last word."


def price_of(summary: Fields) -> str:
    return price_line(part(part(summary, "money"), "price"), summary.get("model"))


def saved_line(summary: Fields) -> str:
    """How the saving was reckoned; empty where nothing was saved."""
    saved = part(part(summary, "money"), "saved")
    records = number(saved, "records")
    if not records:
        return ""
    skipped = f"{formatting.plural(records, 'row')} of the source needed no answer of their own"
    if saved.get("each") is None:
        return f"{skipped}; what one would have cost is not known."
    whose = "this run" if saved.get("by") == "run" else "this analysis so far"
    return f"{skipped}: saved at {formatting.dollars(saved['each'])} each, the mean of {whose}."


def analysis_line(summary: Fields) -> str:
    """What this version of the analysis cost in all its runs."""
    so_far = part(part(summary, "money"), "analysis")
    if not number(so_far, "runs"):
        return ""
    each = f", {formatting.dollars(so_far['each'])} each" if so_far.get("each") is not None else ""
    return (
        f"{summary.get('analysis')} so far: {formatting.plural(number(so_far, 'runs'), 'run')},"
        f" {formatting.plural(number(so_far, 'analysed'), 'row')},"
        f" {formatting.dollars(so_far.get('cost'))}{each}."
    )


def differences(summary: Fields) -> list[str]:
    """First how the actual cost stands to the expected one, then what moved it."""
    totals = part(summary, "totals")
    if reconciliation.is_preview(summary):
        return []
    if not number(totals, "attempts"):
        return ["Nothing was asked yet, so nothing was paid."]
    return [_result(summary), *_volume(summary), *_tokens(summary)]


def _result(summary: Fields) -> str:
    low, high = summary.get("expected_cost") or (None, None)
    cost = part(summary, "totals").get("cost")
    if cost is None or low is None or high is None:
        return "Without a price, only tokens can be compared."
    if low <= cost <= high:
        return "The actual cost lies within what was expected."
    edge, least = (low, "least") if cost < low else (high, "most")
    gap = formatting.dollars(abs(cost - edge))
    share = f" ({formatting.share_of(abs(cost - edge), edge)})" if edge else ""
    return f"It cost {gap}{share} {'less' if cost < low else 'more'} than expected at {least}."


def _volume(summary: Fields) -> Iterator[str]:
    """What was asked more or less often than once for each planned record."""
    totals, books = part(summary, "totals"), part(summary, "books")
    repeated = number(totals, "repeated_attempts")
    if repeated:
        paid = formatting.dollars(totals.get("repeated_cost"))
        attempts = formatting.plural(repeated, "further attempt")
        yield f"{attempts} after failed answers cost {paid}; the estimate has none."
    if totals.get("wasted"):
        yield f"Answers that brought no row cost {formatting.dollars(totals['wasted'])}."
    for name, said in (("released", "released without a row"), ("open", "still open")):
        if number(books, name):
            yield f"{formatting.plural(number(books, name), 'planned record')} {said}."
    silent = without_tokens(summary)
    if silent:
        yield f"{formatting.plural(silent, 'stored row')} without a count of tokens: cost unknown."


def _tokens(summary: Fields) -> Iterator[str]:
    """Tokens of one request, so that further attempts do not blur them."""
    totals = part(summary, "totals")
    lines, planned = number(totals, "lines"), reconciliation.taken(summary)
    for side, name in (("input", "prompt_tokens"), ("output", "output_tokens")):
        low, high = part(summary, "expected_tokens").get(side) or (0, 0)
        if not lines or not planned or not high:
            continue
        each, least, most = number(totals, name) / lines, low / planned, high / planned
        if not least <= each <= most:
            yield (
                f"A request took {formatting.count(each)} {side} tokens,"
                f" where {formatting.span(formatting.count(least), formatting.count(most))} were expected."
            )
    cached, thoughts = (_part(summary, name) for name in ("cached", "thoughts"))
    if number(thoughts, "tokens"):
        paid = formatting.dollars(thoughts.get("cost"))
        yield f"Thoughts cost {paid}; the estimate has none."
    rate = _part(summary, "input").get("price")
    if number(cached, "tokens") and cached.get("cost") is not None and rate:
        less = formatting.dollars(number(cached, "tokens") * rate / 1e6 - cached["cost"])
        yield f"{formatting.count(number(cached, 'tokens'))} tokens from the cache cost {less} less."


def _part(summary: Fields, name: str) -> Fields:
    found = rows(part(summary, "money"), "parts")
    return next((row for row in found if row.get("part") == name), {})
