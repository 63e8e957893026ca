"""Apply redaction rules to texts as a plan would, and check that RE2 takes them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import duckdb
import msgspec

from analysis import Rule
from handlers.runs.plan_params import redaction_by
from troupe.backends.local.sql_translation import translate
from troupe.demo_data.rows import generate
from troupe.duckdb_connection import connect

TEXTS_AT_ONCE = 1_000
SAMPLE_CALLS = 20
MOST_REPLACED = 0.5
"""The most of a text that a rule may replace, as a share of the characters."""
_PUT_BACK = re.compile(r"(\\[1-9])+")
_TEXTS = "(SELECT unnest($texts) AS text, generate_subscripts($texts, 1) AS number) AS s"


class RedactedText(msgspec.Struct, frozen=True, kw_only=True):
    """A text after all rules, and what each of them found in it."""

    text: str
    found: list[list[str]]
    """By rule, in their order, in the text that the rules before it left."""


def redact(texts: Iterator[str], rules: Sequence[Rule]) -> Iterator[RedactedText]:
    """Apply the rules by the SQL of a plan. Memory does not grow with the number of texts."""
    steps = redaction_by(rules)
    with _memory() as db:
        while some := list(islice(texts, TEXTS_AT_ONCE)):
            current = _each(db, _translated(steps.folded("s.text")), some, steps.params())
            by_rule = []
            for number, rule in enumerate(rules, start=1):
                by_rule.append(_values(db, rule, current))
                replaced = _translated(steps.step("s.text", number))
                current = _each(db, replaced, current, steps.params())
            for text, *found in zip(current, *by_rule, strict=True):
                yield RedactedText(text=text, found=found)


def refused_rules(rules: Sequence[Rule]) -> list[str]:
    """Return a sentence for each rule that RE2 refuses, or that puts something into the empty text."""
    problems = []
    with _memory() as db:
        for rule in rules:
            steps = redaction_by([rule])
            try:
                made = _each(db, _translated(steps.step("s.text", 1)), [""], steps.params())
            except duckdb.Error as error:
                why = str(error).splitlines()[0]  # it quotes the pattern alone
                problems.append(f"rule {rule.name}: RE2 refuses it ({why}); correct the pattern")
                continue
            if made != [""]:
                problems.append(
                    f"rule {rule.name}: it replaces the empty text; let it need a character"
                )
    return problems


def broad_rules(rules: Sequence[Rule]) -> list[str]:
    """Return a sentence for each rule that replaces more than half of ordinary conversations."""
    texts = [row["transcript"] for row in generate(1, SAMPLE_CALLS)]
    characters = sum(map(len, texts))
    replaced = [0] * len(rules)
    for each in redact(iter(texts), rules):
        for at, values in enumerate(each.found):
            replaced[at] += sum(map(len, values))
    return [
        f"rule {rule.name}: it replaces {number / characters:.0%} of the characters of generated sample "
        f"calls, at most {MOST_REPLACED:.0%} are useful; let its pattern find less"
        for rule, number in zip(rules, replaced, strict=True)
        if number > MOST_REPLACED * characters
    ]


def _values(db: duckdb.DuckDBPyConnection, rule: Rule, texts: Sequence[str]) -> list[list[str]]:
    """Return what the rule replaces in each text, without what its replacement puts back beside it."""

    def group(number: int) -> list[list[str]]:
        # Group 0 is the whole match, which BigQuery's function of this name does not give.
        every = f"regexp_extract_all(s.text, $pattern, {number})"
        return _each(db, every, texts, {"pattern": rule.pattern})

    values = group(0)
    before = _PUT_BACK.match(rule.replacement)
    for number in before[0].split("\\")[1:] if before else []:
        values = _without(str.removeprefix, values, group(int(number)))
    if rule.replacement.endswith(r"\2"):
        values = _without(str.removesuffix, values, group(2))
    return values


def _without(
    remove: Callable[[str, str], str], values: list[list[str]], put_back: list[list[Any]]
) -> list[list[str]]:
    """Remove a group from each value; DuckDB has null for one that took no part."""
    return [
        [remove(value, part or "") for value, part in zip(of_text, parts, strict=True)]
        for of_text, parts in zip(values, put_back, strict=True)
    ]


def _memory() -> duckdb.DuckDBPyConnection:
    return connect(None, {"threads": 1})


def _translated(expression: str) -> str:
    (statement,) = translate(f"SELECT {expression}")
    return statement.sql.removeprefix("SELECT ")


def _each(
    db: duckdb.DuckDBPyConnection, expression: str, texts: Sequence[str], params: Mapping[str, str]
) -> list[Any]:
    """Evaluate an expression over each text, in their order."""
    sql = f"SELECT {expression} FROM {_TEXTS} ORDER BY s.number"  # noqa: S608
    (statement,) = duckdb.extract_statements(sql)
    named = {name: params[name] for name in statement.named_parameters - {"texts"}}
    return [value for (value,) in db.execute(statement, {"texts": list(texts), **named}).fetchall()]
