"""`python -m benchmarks.redaction`: what the shipped rules find and miss, and what they cost.

python -m benchmarks.redaction          # the table of docs/how-to/redact.md
python -m benchmarks.redaction --cpu    # CPU time for a million texts of 1.4 KB
"""

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from random import Random

import duckdb

from analysis.redaction_rules import DEFAULT, SHIPPED, Rule
from benchmarks.machine import machine
from benchmarks.personal_spans import LANGUAGES, Turn, turns
from handlers.runs.plan_params import redaction_by
from troupe.backends.local.sql_translation import translate
from troupe.demo_data.calls import call
from troupe.redactor import RedactedText, redact

NUMBER = 400
"""Turns with a value for each rule and language."""
TEXT_BYTES = 1_400
_TOKENS = {rule.replacement.strip("\\12") for rule in SHIPPED.values()}

Counts = dict[tuple[str, str], Counter[str]]
"""By rule and language: found, missed, false."""


@cache
def measured(number: int = NUMBER) -> Counts:
    """Apply all shipped rules, in their order, to labelled turns."""
    counts: Counts = defaultdict(Counter)
    for language in LANGUAGES:
        said = list(turns(language, number))
        for turn, result in zip(said, redact((t.text for t in said), _rules()), strict=True):
            _count(counts, turn, result)
    return counts


def _rules() -> list[Rule]:
    return [*SHIPPED.values()]


def _count(counts: Counts, turn: Turn, result: RedactedText) -> None:
    """A value is found when one mark stands in its place and nothing else has changed."""
    found = any(result.text == turn.before + token + turn.after for token in _TOKENS)
    if turn.label:
        counts[turn.label, turn.language]["found" if found else "missed"] += 1
    if not found:
        for rule, values in zip(SHIPPED, result.found, strict=True):
            counts[rule, turn.language]["false"] += len(values)


def table(counts: Counts) -> Iterator[str]:
    """Lines of a Markdown table."""
    yield "| rule | language | found | missed | false | recall | precision |"
    yield "|---|---|--:|--:|--:|--:|--:|"
    for rule in SHIPPED:
        of_rule = {each: counts[rule, each] for each in LANGUAGES if counts[rule, each].total()}
        if len(of_rule) > 1:
            of_rule["all"] = sum(of_rule.values(), Counter())
        for language, c in of_rule.items():
            yield (
                f"| `{rule}` | {language} | {c['found']:,} | {c['missed']:,} | {c['false']:,} | "
                f"{_share(c['found'], c['missed'])} | {_share(c['found'], c['false'])} |"
            )


def _share(good: int, bad: int) -> str:
    return f"{good / (good + bad):.3f}" if good else "–"


def cpu_seconds(rules: list[Rule], megabytes: float = 4) -> float:
    """CPU time of DuckDB, with one thread, for a million texts of 1.4 KB; the least of three."""
    rng, texts = Random(1), list[str]()
    while sum(map(len, texts)) < megabytes * 1e6:
        language = "de" if rng.random() < 0.35 else "en"
        said = "\n".join(call(language, rng, chat=False, outbound=False) for _ in range(3))
        texts.append(said[:TEXT_BYTES])
    redaction = redaction_by(rules)
    (statement,) = translate(f"SELECT BYTE_LENGTH({redaction.names({})['sent_text']}) AS n FROM s")  # noqa: S608
    with duckdb.connect(":memory:", config={"threads": 1}) as db:
        db.execute("CREATE TABLE s AS SELECT unnest($1) AS transcript", [texts])
        took = []
        for _ in range(3):
            begin = time.process_time()
            values = {name: redaction.params()[name] for name in statement.parameters}
            db.execute(f"SELECT sum(n) FROM ({statement.sql})", values)  # noqa: S608
            took.append(time.process_time() - begin)
    return min(took) * 1e6 / len(texts)


def cpu_lines() -> Iterator[str]:
    plain = cpu_seconds([])
    yield f"{machine()}"
    for name, rules in {"the default rules": DEFAULT, "all shipped rules": tuple(SHIPPED)}.items():
        seconds = cpu_seconds([SHIPPED[each] for each in rules]) - plain
        yield f"{name} ({len(rules)}): {seconds:.0f} s of CPU for a million texts of 1.4 KB"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.redaction", description=__doc__)
    parser.add_argument("--cpu", action="store_true", help="measure CPU time instead")
    options = parser.parse_args(arguments)
    for line in cpu_lines() if options.cpu else table(measured()):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
