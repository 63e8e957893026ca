"""The head of the page answers four questions, in every state of a run."""

import re

import pytest

from tests.report import samples, states
from tests.report.test_html_page import read
from troupe.report.html.head import QUESTIONS

PAGES = states.pages()
WORDS = {
    "completed": ("good", "Completed: all 1,878 records have a row."),
    "failures": ("warn", "Completed with failures: 1,800 of 1,878 records have a row, 78 failed."),
    "open": ("open", "Running: 500 of 1,878 records are over, 500 rows stored."),
    "stopped": ("bad", "Stopped: too many records failed"),
    "empty": (
        "open",
        (
            "Empty: nothing was asked. No record is pending: of 2,000 rows in the source,"
            " 1,990 analysed already, 10 failed in an earlier run."
        ),
    ),
    "unbalanced": ("bad", "Completed: all 1,878 records have a row."),
}
STUCK = {
    "completed": "Nothing is stuck, and no record failed.",
    "failures": "70 records failed: attempts exhausted after schema mismatch.",
    "open": "Nothing failed so far.",
    "stopped": "1,378 records released: breaker tripped.",
    "empty": "Nothing is stuck, and no record failed.",
    "unbalanced": "The totals do not balance",
}
COST = {
    "completed": "$0.61 (expected $0.52 to $1.41 at the widest). The invoice decides.",
    "failures": "$0.61 (expected $0.52 to $1.41 at the widest), $0.040 of it for answers that gave no row.",
    "open": "$0.16 (expected $0.52 to $1.41 at the widest).",
    "stopped": "$0.20 of it for answers that gave no row.",
    "empty": "Nothing: no request was sent.",
    "unbalanced": "$0.61",
}
NEXT = {
    "completed": ["troupe report r1 --html r1.html"],
    "failures": ["troupe reread r1 --dry-run", "troupe reprocess --run r1 --dry-run"],
    "open": ["troupe status r1 --watch"],
    "stopped": [
        "troupe request --dry-run",
        "troupe reprocess --run r1 --error-type attempts_exhausted --dry-run",
    ],
    "empty": ["troupe reprocess --run nightly-7 --dry-run", "troupe load FILE"],
    "unbalanced": ["troupe verify r1 --json", "troupe report r1 --html r1.html"],
}


def head_of(name: str) -> str:
    found = re.search(r'<section[^>]*id="head".*?</section>', PAGES[name], re.DOTALL)
    assert found is not None
    return found[0]


def text_of(name: str) -> str:
    return read(head_of(name)).text


@pytest.mark.parametrize("name", WORDS)
def test_the_head_answers_the_four_questions_in_order(name: str) -> None:
    """What happened, what is stuck or failed, what it cost, what to do next."""
    head = text_of(name)
    mood, happened = WORDS[name]
    answers = re.split("|".join(map(re.escape, QUESTIONS)), head)[1:]

    assert f'<section class="{mood}" id="head">' in head_of(name)
    assert sorted(QUESTIONS, key=head.index) == list(QUESTIONS)
    for expected, answer in zip(
        (happened, STUCK[name], COST[name], NEXT[name][0]), answers, strict=True
    ):
        assert expected in answer


@pytest.mark.parametrize("name", NEXT)
def test_the_commands_that_follow_are_written_as_they_are_typed(name: str) -> None:
    """In the order in which to try them."""
    codes = re.findall(r"<code>(.*?)</code>", head_of(name))

    assert NEXT[name] == [read(code).text for code in codes]


def test_the_head_is_the_first_section_of_every_page() -> None:
    """Whatever else there is comes after it."""
    firsts = {name: re.findall(r"<section[^>]*>", page)[0] for name, page in PAGES.items()}

    assert len(firsts) == 10
    assert [] == [name for name, first in firsts.items() if 'id="head"' not in first]


def test_fatal_errors_stand_before_mended_ones() -> None:
    """Though the mended ones are more frequent."""
    text = read(PAGES["failures"]).text.partition("Errors by type")[2]

    order = ["Records without a row", "attempts_exhausted", "blocked", "Asked again by itself"]
    assert order == sorted(order, key=text.index)
    assert text.index("Asked again by itself") < text.index("210 errors, 110 records")


def test_simulated_answers_are_marked_first_and_cost_nothing() -> None:
    """The amount is what they would have cost."""
    head = text_of("simulated")

    assert head.startswith("Simulated: the built-in stand-in wrote these answers, not a model.")
    assert "Nothing: the answers are simulated. gemini-3.5-flash-lite would have cost $0.61" in head
    assert "The invoice decides" not in read(PAGES["simulated"]).text
    assert "model stand-in for gemini-3.5-flash-lite" in read(PAGES["simulated"]).text
    assert "Simulated" not in PAGES["failures"]


def test_the_model_of_an_own_endpoint_is_named_and_no_price_invented() -> None:
    """Its tokens are known."""
    head = text_of("own endpoint")

    assert "Unknown: no price of gemma3 is known. It took 1,186,455 tokens." in head
    assert "model gemma3 " in read(PAGES["own endpoint"]).text
    assert "gemini" not in head


def test_a_version_of_the_planned_model_is_that_model() -> None:
    """Services answer with the version that they used."""
    page = samples.page_of(samples.summary())

    assert "gemini-3.5-flash-lite-001" not in page
    assert "model gemini-3.5-flash-lite " in read(page).text
