"""The page about redaction: its rules are valid, and its table is what was measured."""

import json
from collections import Counter
from pathlib import Path

import pytest

from analysis.redaction import read_redaction
from analysis.redaction_rules import SHIPPED
from benchmarks.personal_spans import LANGUAGES, turns
from benchmarks.redaction import NUMBER, measured, table
from tests.docs.shell import blocks
from troupe.redactor import redact, refused_rules

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "how-to" / "redact.md"
TEXT = PAGE.read_text(encoding="utf-8")
WRITTEN = (
    "email", "iban", "phone_international", "payment_card", "us_social_security",
    "uk_national_insurance", "phone_north_america",
)  # fmt: skip
"""What is written and has one form in all of its languages."""


def test_the_rules_of_the_page_and_of_the_example_can_be_used() -> None:
    """RE2 takes them."""
    files = [json.loads(block.body) for block in blocks(PAGE, "json")]
    files = [file if isinstance(file, dict) else {"rules": file} for file in files]
    example = (DOCS / "examples" / "redact.json").read_text(encoding="utf-8")

    for text in [*map(json.dumps, files), example]:
        assert [] == refused_rules(read_redaction(text).rules)
    assert [4, 4] == [len(file["rules"]) for file in files]


def test_the_rules_for_other_languages_find_what_they_are_for() -> None:
    (_, others) = (json.loads(block.body) for block in blocks(PAGE, "json"))
    rules = read_redaction(json.dumps({"rules": others})).rules
    texts = [
        "es cero uno dos tres.",
        "zéro un deux trois, oui",
        "è ventitré uno due tre!",
        "612 34 56 78",
    ]

    found = [each.text for each in redact(iter(texts), rules)]

    assert ["es [NUMBER].", "[NUMBER], oui", "è [NUMBER]!", "[PHONE]"] == found


def test_every_shipped_rule_has_a_row_in_the_page() -> None:
    assert [] == [name for name in SHIPPED if f"`{name}`" not in TEXT]


@pytest.mark.slow  # measures every rule on generated turns
def test_the_table_of_the_page_is_what_the_script_measures() -> None:
    """It derives from seeds alone: `python -m benchmarks.redaction` prints it."""
    published = TEXT.partition("<!-- redaction -->\n")[2].partition("<!-- /redaction -->")[0]

    assert list(table(measured())) == published.splitlines()


@pytest.mark.slow
def test_written_numbers_and_email_are_found_and_little_else() -> None:
    """Recall of at least 0.98 and precision of at least 0.95, over all languages of a rule.

    In the first quarter of the turns that the table counts.
    """
    counted = measured(NUMBER // 4)
    for rule in WRITTEN:
        counts = sum((counted[rule, language] for language in LANGUAGES), Counter[str]())
        found = counts["found"]
        assert found >= 0.98 * (found + counts["missed"]), rule
        assert found >= 0.95 * (found + counts["false"]), rule


def test_the_turns_are_labelled_and_of_every_kind() -> None:
    """Each shipped rule has values, and no turn without a label holds one."""
    labels = {turn.label for language in LANGUAGES for turn in turns(language, 2)}

    assert {*SHIPPED, ""} == labels
    assert all(bool(turn.label) == bool(turn.label and turn.value) for turn in turns("en", 5))
    assert list(turns("de", 3)) == list(turns("de", 3)) != list(turns("de", 3, seed=1))
