"""redact.json: what it may say, and which patterns are refused with what to write instead."""

import json
from typing import Any

import pytest

from analysis import (
    AnalysisError,
    Rule,
    decode_analysis,
    encode_analysis,
    load_analysis,
    problems_of,
)
from analysis.analysis_files import REDACT_FILE
from analysis.redaction import MOST_RULES, InvalidRedaction, Redaction, read_redaction
from analysis.redaction_patterns import UnsafePattern, check_pattern, check_replacement
from analysis.redaction_rules import DEFAULT, SHIPPED

NAME = "call_review_v1"
FILES = load_analysis(NAME).files


def with_rules(text: str) -> dict[str, str]:
    return {**FILES, REDACT_FILE: text}


def own(**changed: Any) -> dict[str, Any]:
    return {"name": "customer", "pattern": r"\bK[0-9]{6}\b", "replacement": "[CUSTOMER]"} | changed


# The file


def test_an_analysis_without_the_file_redacts_nothing() -> None:
    assert ((), False) == ((r := load_analysis(NAME).redaction).applied, r.is_counted)


def test_a_file_without_rules_takes_those_for_every_language() -> None:
    """None of them reads words."""
    redaction = read_redaction("{}")

    assert ("on", DEFAULT) == (redaction.redact, tuple(r.name for r in redaction.applied))
    assert not any("spoken" in name or "address" in name for name in DEFAULT)


def test_rules_keep_the_order_of_the_file() -> None:
    """Shipped ones and own ones."""
    rules = [{"use": "payment_card"}, own(), {"use": "email"}]

    redaction = read_redaction(json.dumps({"redact": "report", "rules": rules}))

    assert ["payment_card", "customer", "email"] == [rule.name for rule in redaction.applied]
    assert redaction.is_counted


def test_rules_that_are_off_are_kept_and_not_applied() -> None:
    redaction = read_redaction('{"redact": "off"}')

    assert (4, (), False) == (len(redaction.rules), redaction.applied, redaction.is_counted)


def test_a_file_that_is_off_needs_no_rule() -> None:
    assert () == read_redaction('{"redact": "off", "rules": []}').rules


def test_a_plan_stores_the_patterns_of_shipped_rules() -> None:
    """Another version of Troupe may ship other ones under the same name."""
    analysis = load_analysis(NAME, with_rules('{"redact": "report", "rules": [{"use": "email"}]}'))

    stored = encode_analysis(analysis)

    assert (
        SHIPPED["email"].pattern in json.loads(json.loads(stored)[REDACT_FILE])["rules"][0].values()
    )
    assert analysis.redaction == decode_analysis(NAME, stored).redaction


def test_a_check_of_patterns_that_became_stricter_ends_no_run() -> None:
    """They were checked when the run was planned."""
    stored = json.loads(encode_analysis(load_analysis(NAME, with_rules("{}"))))
    stored[REDACT_FILE] = json.dumps({"redact": "on", "rules": [own(pattern=r"\d")]})

    made = decode_analysis(NAME, json.dumps(stored))

    assert (Rule("customer", r"\d", "[CUSTOMER]"),) == made.redaction.applied


def test_rules_are_no_part_of_what_is_asked_or_how_it_is_read() -> None:
    """Rows before and after a change of rules have one fingerprint, and none tells them apart."""
    plain, ruled = load_analysis(NAME), load_analysis(NAME, with_rules("{}"))

    assert plain.prompt_fingerprint("m") == ruled.prompt_fingerprint("m")
    assert plain.reader_fingerprint == ruled.reader_fingerprint
    assert REDACT_FILE not in plain.files


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ('{"redact": "yes"}', "Invalid enum value 'yes'"),
        ('{"rule": []}', "unknown field `rule`"),
        ('{"rules": [], "rules": []}', "rules"),
        ('{"rules": []}', 'redact is on, but there is no rule: add one, or write "redact": "off"'),
        ('{"redact": "report", "rules": []}', "redact is report, but there is no rule"),
        ('{"rules": [{"use": "cards"}]}', "rule cards: there is no shipped rule"),
        (
            json.dumps({"rules": [{"use": "email", "pattern": "a"}]}),
            "rule email: it has use and more",
        ),
        ('{"rules": [{"name": "x", "pattern": "a"}]}', "rule x: it has no replacement"),
        (json.dumps({"rules": [own(), own()]}), "rule customer: it is there twice"),
        (json.dumps({"rules": [own(name="Customer Id")]}), "rule Customer Id: its name"),
        (json.dumps({"rules": [own(name=f"r{n}") for n in range(51)]}), f"at most {MOST_RULES}"),
        (json.dumps({"rules": [own(pattern=r"\d+")]}), r"rule customer: it has \d: write [0-9]"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(content: str, named: str) -> None:
    """With the rule and what to do, by the check and by the loader."""
    problems = problems_of(NAME, with_rules(content))

    assert any(f"{NAME}/{REDACT_FILE}: " in each and named in each for each in problems), problems
    with pytest.raises(AnalysisError, match=REDACT_FILE):
        load_analysis(NAME, with_rules(content))


def test_every_rule_that_is_wrong_is_named_at_once() -> None:
    rules = [own(name="a", pattern="."), own(name="b"), own(name="c", pattern="(")]
    with pytest.raises(InvalidRedaction) as error:
        read_redaction(json.dumps({"rules": rules}))

    assert ["rule a", "rule c"] == [problem[:6] for problem in error.value.problems]


# Patterns


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        (r"\d", "write [0-9]"),
        (r"[\d]", "write [0-9]"),
        (r"a\s", r"write [\t\r\n\p{Zs}]"),
        (r"\w+", r"write [\pL\pM\pN_]"),
        ("[[:digit:]]", "knows ASCII alone"),
        (r"ventitré\b", r"($|[^\pL\pM\pN])"),
        (r"\bé", r"(^|[^\pL\pM\pN])"),
        (r"(?:a|é)\b", "no edge"),
        (r"(?:a|\b)1", "no edge"),
        (r"a\b?", "may be empty"),
        (r"\pL\b", "no edge"),
        (r"a?\b", "no edge"),
        (r"[\pL.]{1,64}@", "repeats up to 64 times"),
        (r"[^a]{9}", "repeats up to 9 times"),
        ("(?:[a-z]{50}){50}a{1000}", "repeats up to 1000 times"),
        ("(?:(?:[a-z]{90}){90}){90}", "too large"),
        ("a*", "matches the empty text"),
        ("^", "matches the empty text"),
        ("a|", "matches the empty text"),
        ("(?:a*)*", "may be empty"),
        (".", "dot"),
        ("(?=a)", "no look-ahead"),
        ("(?<!a)b", "no look-behind"),
        ("(?<n>a)", "no name"),
        ("(?P<n>a)", "no name"),
        ("a(?i)b", "at the start"),
        ("(?s)a", "only one"),
        (r"(a)\1", "cannot refer to a group"),
        ("a++", "two repeats"),
        ("a+?", "two repeats"),
        ("a{2", r"write \{"),
        ("a{3,2}", "ends before it begins"),
        ("+a", "nothing to repeat"),
        ("(a", "without its )"),
        ("a)", "too many"),
        ("[a", "without its ]"),
        ("[]", "empty class"),
        ("[z-a]", "ends before it begins"),
        ("[a-c-e]", r"write \-"),
        ("[a[b]", r"write \["),
        ("a]", r"write \]"),
        (r"\u00e9", r"write \x{00E9}"),
        (r"\xe9", "in braces"),
        (r"\p{Emoji}", "without a category"),
        (r"\é", "write the sign alone"),
        (r"\x{D800}", "no character"),
        ("a\tb", "control character"),
        ("a\\", "ends with a backslash"),
        ("cafe\u0301", "NFC"),
    ],
)  # fmt: skip
def test_a_pattern_that_means_something_else_than_it_seems_is_refused(
    pattern: str, named: str
) -> None:
    """With what to write instead."""
    with pytest.raises(UnsafePattern) as error:
        check_pattern(pattern)

    assert named in str(error.value)


@pytest.mark.parametrize(
    ("pattern", "groups"),
    [
        (r"(?i)(^|[^\pL\pM\pN])anna($|[^\pL\pM\pN])", 2),
        (r"\bK-?[0-9]{6,9}\b", 0),
        (r"\b(?:A|B|C1)[0-9]", 0),
        (r"[\pL\pN._%+'\x{002D}-]+@[^ @]+", 0),
        (r"é\b[0-9]", 0),
        (r"([a-z]+)?\b[0-9]{2,}", 1),
        (r"\(\[\{\.\*\\\/\-", 0),
        (r"[\]\[^-]x", 0),
        (r"[\pL.]{1,8}@", 0),
        (r"^Ref[.:]? [0-9]+$", 0),
    ],
)
def test_a_pattern_of_the_safe_syntax_is_taken(pattern: str, groups: int) -> None:
    assert groups == check_pattern(pattern)


@pytest.mark.parametrize(
    ("replacement", "named"),
    [
        (r"\0", "puts back all"),
        (r"\2", "the pattern has 1 groups"),
        ("$1", r"with \1"),
        (r"a\n", r"write \\ for one"),
        ("a\\", r"write \\ for one"),
        ("X" * 101, "101 characters"),
        ("</transcript>", "the replacement has <"),
        ("a>", "the replacement has >"),
        ("{{transcript}}", "the replacement has {{"),
    ],
)
def test_a_replacement_that_is_not_put_in_as_meant_is_refused(replacement: str, named: str) -> None:
    for fits in (r"[N]\1\\", "X" * 100, "{N}"):
        check_replacement(fits, 1)
    with pytest.raises(UnsafePattern) as error:
        check_replacement(replacement, 1)

    assert named in str(error.value)


@pytest.mark.parametrize("rule", SHIPPED.values(), ids=lambda rule: rule.name)
def test_a_shipped_rule_is_of_the_safe_syntax(rule: Rule) -> None:
    check_replacement(rule.replacement, check_pattern(rule.pattern))
    assert Redaction(redact="on", rules=(rule,)).applied == (rule,)
