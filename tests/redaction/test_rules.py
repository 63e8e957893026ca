"""The shipped rules find and leave what the vectors say, in DuckDB and in Google's own evaluator."""

import random
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from analysis import Rule
from analysis.redaction_rules import SHIPPED
from handlers.runs.plan_params import redaction_by
from tests.emulators.fixtures import cannot
from tests.redaction.vectors import VECTORS
from troupe.demo_data.rows import generate
from troupe.redactor import MOST_REPLACED, broad_rules, redact, refused_rules

if TYPE_CHECKING:
    Evaluate = Callable[[list[Rule], list[str]], list[str]]

TEXTS = [text for cases in VECTORS.values() for text, _ in cases]


def in_duckdb(rules: list[Rule], texts: list[str]) -> list[str]:
    return [each.text for each in redact(iter(texts), rules)]


@pytest.fixture(scope="module")
def in_google_sql() -> "Evaluate":
    """Evaluates the SQL of the plan with the parameters put in as raw strings."""
    try:
        from tests.emulators.googlesql import evaluator
    except ModuleNotFoundError as missing:
        cannot(f"Google's SQL evaluator is not installed: pip install {missing.name}")
        raise

    def evaluate(rules: list[Rule], texts: list[str]) -> list[str]:
        redaction = redaction_by(rules)
        values = redaction.params()
        sql = redaction.names({})["sent_text"].replace("s.transcript", "text")
        literal = re.sub(r"@(\w+)", lambda name: f'r"""{values[name[1]]}"""', sql)
        made: Any = evaluator(literal, "text")
        return [made(text) for text in texts]

    return evaluate


def test_every_shipped_rule_has_vectors() -> None:
    """Of both kinds: what it finds, and what it leaves."""
    assert list(SHIPPED) == list(VECTORS)
    for cases in VECTORS.values():
        assert {True, False} == {"[" in expected for _, expected in cases}


@pytest.mark.parametrize("name", VECTORS)
def test_a_rule_finds_what_its_vectors_say(name: str) -> None:
    """Alone, as a user may list it."""
    texts, expected = zip(*VECTORS[name], strict=True)

    assert [*expected] == in_duckdb([SHIPPED[name]], [*texts])


def test_re2_takes_every_shipped_rule() -> None:
    """And refuses what the check of the syntax would let pass."""
    assert [] == refused_rules([*SHIPPED.values()])
    assert ["rule a", "rule b"] == [
        problem[:6] for problem in refused_rules([Rule("a", "(", ""), Rule("b", "x*", "y")])
    ]


def test_a_rule_that_replaces_most_of_a_conversation_is_refused() -> None:
    """With its share; no shipped rule is one, nor one that replaces a sixth of the text."""
    most = [Rule("all", r"[^\n]+", "[X]"), Rule("most", r"[\pL]+", "[X]"), Rule("e", "[e ]", "")]

    problems = [broad_rules([rule]) for rule in most]

    assert [1, 1, 0] == [*map(len, problems)]
    assert re.match(r"rule all: it replaces 9\d% of the characters", problems[0][0])
    assert [] == broad_rules([*SHIPPED.values()])
    assert 0 < MOST_REPLACED < 1


@pytest.mark.parametrize("name", SHIPPED)
def test_google_s_evaluator_gives_the_same_as_duckdb(in_google_sql: "Evaluate", name: str) -> None:
    """On the vectors of every rule."""
    rules = [SHIPPED[name]]

    assert in_duckdb(rules, TEXTS) == in_google_sql(rules, TEXTS)


def test_all_rules_together_give_the_same_in_both(in_google_sql: "Evaluate") -> None:
    """On mixtures of all vectors and separators, and on conversations."""
    rng = random.Random(7)
    parts = [*TEXTS, *"  \u00a0\u200b\u2028-–—−.,;\r\n٤４é\u0301ß👍אB\x00", r"\1", "$1", "K", "ſ"]
    mixed = ["".join(rng.choices(parts, k=6)) for _ in range(60)]
    texts = [*mixed, *(row["transcript"] for row in generate(3, 20)), ""]
    rules = [*SHIPPED.values()]

    found = in_duckdb(rules, texts)

    assert found == in_google_sql(rules, texts)
    assert sum(before != after for before, after in zip(texts, found, strict=True)) > 40


def test_what_is_shown_has_no_sign_that_is_put_back() -> None:
    """Of whichever group."""
    (shown,) = redact(
        iter(["at (+49 171 2345678, + 49 171 2345678"]), [SHIPPED["phone_international"]]
    )

    assert "at ([PHONE], [PHONE]" == shown.text
    assert [["+49 171 2345678", "+ 49 171 2345678"]] == shown.found


def test_what_is_shown_is_what_a_rule_replaces() -> None:
    """After the rules before it, without the signs beside it that are put back."""
    rules = [SHIPPED["email"], SHIPPED["numbers_spoken_en"]]
    (shown,) = redact(iter(["a@b.de and one two three four, c@d.org"]), rules)

    assert "[EMAIL] and [NUMBER], [EMAIL]" == shown.text
    assert [["a@b.de", "c@d.org"], ["one two three four"]] == shown.found
