"""The page of a run: whole by itself, honest in every state, and safe whatever it is told."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from analysis import ERRORS
from handlers.summary.run_summary import SKIPPED
from tests.report.samples import (
    dry_run,
    error,
    insight,
    many_rows,
    own_analysis,
    summary,
    totals,
    unknown_price,
)
from troupe.report import labels, render_html

HOSTILE = """<script>alert("1")</script>'"&</style>$title"""


class Reader(HTMLParser):
    """What a browser would see: tags, attributes, text, and whether every tag is closed."""

    VOID = ("meta",)

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.pieces: list[str] = []
        self.opened: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _value in attrs}
        if tag not in self.VOID:
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.opened.pop()

    def handle_data(self, data: str) -> None:
        if self.opened and self.opened[-1] != "style":
            self.pieces.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.pieces).split())


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.opened == []
    return reader


def text_of(found: dict[str, Any], books: dict[str, Any] | None = None) -> str:
    return read(render_html(found, books)).text.replace("\N{NO-BREAK SPACE}", " ")


def hostile(value: Any, name: str = "") -> Any:
    """The same summary, with every word turned into an attack; kinds keep their place."""
    if isinstance(value, dict):
        return {key: hostile(child, key) for key, child in value.items()}
    if isinstance(value, list):
        return [hostile(child) for child in value]
    return HOSTILE if isinstance(value, str) and name != "kind" else value


def test_the_page_needs_nothing_but_itself() -> None:
    """No address, no script, nothing to fetch."""
    page = render_html(summary(), totals())
    seen = read(page)

    assert re.findall(r"https?:", page) == []
    assert not {"script", "link", "img", "iframe", "object", "base"} & set(seen.tags)
    assert not {"src", "href", "action", "onload"} & seen.attributes
    assert "url(" not in page
    assert "@import" not in page


def test_the_same_summary_is_the_same_page() -> None:
    """Also when it comes back from JSON."""
    stored = json.loads(json.dumps(summary(), default=str))

    assert render_html(summary(), totals()) == render_html(summary(), totals())
    assert render_html(stored) == render_html(summary())


def test_hostile_words_stay_words() -> None:
    """Whatever names hold is shown, and nothing of it is obeyed."""
    page = render_html(hostile(summary()), totals())
    seen = read(page)

    assert "<script" not in page
    assert "script" not in seen.tags
    assert page.count("</style>") == 1
    assert HOSTILE.split("'")[0] in seen.text


def test_the_books_are_judged_in_one_line() -> None:
    """Both sides of the sum, and what the recount adds."""
    expected = (
        "The books balance: 1,878 planned = 1,878 analysed + 0 failed + 0 released + 0 open."
        " Nothing is doubled, half stored or paid twice."
    )

    assert expected in text_of(summary(), totals())


def test_without_a_recount_less_is_promised() -> None:
    """The summary's own counts say nothing of doubled rows."""
    text = text_of(summary())

    assert "The books balance" in text
    assert "doubled" not in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"analysed": 1877}, "the two sides differ"),
        ({"half_stored": 2}, "2 records stored by half"),
        ({"doubled": 1}, "1 doubled rows"),
        ({"closed_twice": 1}, "1 attempts closed twice"),
        ({"paid_twice": 3}, "3 records or jobs paid for twice"),
        ({"lost": 4}, "4 records lost"),
        ({"ok": False}, "the recount says so"),
        ({"analysed": 1870, "open": 8}, "completed with open records"),
    ],
)
def test_books_that_do_not_balance_say_why(changes: dict[str, Any], said: str) -> None:
    """Each kind of trouble has its words."""
    text = text_of(summary(), totals(**changes))

    assert "The books do not balance" in text
    assert said in text


def test_every_error_type_shows_its_hint() -> None:
    """Also when its row carries none."""
    found = [error(name, cause="schema_mismatch") for name in ERRORS]
    text = text_of(summary(errors=found))

    for each in ERRORS.values():
        assert each.name in text
        assert each.hint in text


def test_every_reason_to_skip_a_row_has_plain_words() -> None:
    """The stable names stay out of sight."""
    text = text_of(summary(source_rows=1888, skipped=dict.fromkeys(SKIPPED, 1)))

    assert set(SKIPPED) == set(labels.SKIPPED)
    for said in labels.SKIPPED.values():
        assert f"{said} − 1 " in text


def test_reasons_that_no_row_met_are_folded() -> None:
    """They can be unfolded without a script."""
    page = render_html(summary())

    assert "<summary>6 further exits that no row took</summary>" in page


def test_rows_that_no_reason_explains_are_named() -> None:
    """A funnel that does not add up says so."""
    assert "not explained by any reason − 7" in text_of(summary(source_rows=2007))


def test_an_unknown_price_is_the_word() -> None:
    """Never the price 0."""
    text = text_of(unknown_price())

    assert "Expected before unknown Actual unknown Wasted on failures unknown" in text
    assert "Saved by deduplication unknown" in text
    assert "No price of gemini-3.5-flash-lite is known" in text
    assert "$" not in text


def test_the_price_is_told_with_its_day_and_its_source() -> None:
    """So that a reader can judge it."""
    said = (
        "input $0.15, from the cache $0.020, output and thoughts $1.25"
        " (as of 2026-10-14, a price page)"
    )

    assert said in text_of(summary())


def test_every_exit_after_the_plan_is_named_by_its_error() -> None:
    """And what no error explains is named too."""
    text = text_of(many_rows())

    assert "failed for good: attempts exhausted after schema mismatch − 250" in text
    assert "failed for good − 500 " in text
    assert "released, the next run takes them: breaker tripped − 500" in text


def test_a_dry_run_says_what_it_would_take() -> None:
    """And shows neither metrics nor empty books."""
    text = text_of(dry_run())

    assert "nothing was paid. It would take 1,878 records in 2 batches." in text
    assert "records it would take 1,878" in text
    assert "books" not in text
    assert "Actual none" in text


@pytest.mark.parametrize("found", [{}, {"run_id": "r1", "source_rows": 0, "insights": []}])
def test_an_empty_run_has_words_for_every_part(found: dict[str, Any]) -> None:
    """Nothing is divided by nothing."""
    text = text_of(found)

    assert "The source held no rows." in text
    assert "No errors." in text
    assert "there is nothing to count" in text


def test_one_row_is_a_whole_run() -> None:
    """All of it is that row."""
    books = {"analysed": 1, "failed": 0, "released": 0, "open": 0}
    insights = [insight("sentiment", None, 1), insight("tone", "calm", 1)]
    text = text_of(summary(source_rows=1, records=1, skipped={}, books=books, insights=insights))

    assert "rows stored 1 100 %" in text
    assert "calm 1 100 %" in text
    assert "not said 1 · 100 %" in text


def test_many_rows_and_many_names_are_folded() -> None:
    """A hundred thousand rows make no long page."""
    insights = [insight("product", f"product {n} " + "long" * 50, 100_000 - n) for n in range(5000)]
    page = render_html(summary(records=100_000, source_rows=100_122, insights=insights))

    assert "and 4,988 more" in read(page).text
    assert len(page) < 100_000


def test_a_kind_of_insight_nobody_foresaw_is_shown() -> None:
    """Another analysis counts other things."""
    text = text_of(summary(insights=[insight("risk_class", "high_risk", 3)]))

    assert "risk class high risk 3 100 %" in text


def test_an_analysis_of_one_s_own_is_counted_by_its_columns() -> None:
    """Closed sets, truths, numbers with their median, lists by length; and what is left out."""
    text = text_of(own_analysis())

    for part in (
        "Risk none 1,700 90.5 % low 150 8 % high 28 1.5 %",
        "Identity checked yes 1,201 64 % no 600 31.9 % not said 77 4.1 %",
        "30 to 39 300 16 % 40 to 49 0 0 % 50 to 59 500 26.6 %",
        "not said 3 0.2 % Median 71",
        "0.3 to 0.32 1,000 53.2 % 0.32 to 0.34 0 0 % 0.34 to 0.36 878 46.8 %",
        "Findings, entries 0 1,800 95.8 % 1 0 0 % 2 0 0 % 3 78 4.2 %",
        "and 28 more",
        "Left out: verdict, ",
        "Left out: account (a whole number without a maximum may be somebody's number).",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"books": {"analysed": 0}, "insights": []}, "there is nothing to count"),
        ({"column_counts": {"charts": [], "left_out": []}}, "No column can be counted."),
        ({"insights": [insight("score", "1e+15", 2, "1e+15")]}, "1e+15 to 1e+15 2"),
        ({"insights": []}, "Labels No entry."),
    ],
)
def test_an_analysis_of_one_s_own_has_its_empty_states(changes: dict[str, Any], said: str) -> None:
    """Nothing stored, nothing to show, and numbers beyond every scale."""
    found = own_analysis(**changes)
    for chart in found["column_counts"]["charts"]:
        chart["is_whole"] = False

    assert said in text_of(found)


def test_the_flow_of_sentiment_has_its_figures_as_text() -> None:
    """A picture alone would be no answer for everybody."""
    text = text_of(summary())

    assert "negative → positive: 1,000" in text
    assert "neutral 878 · 46.8 %" in text
    assert "before ↓ after → positive neutral neutral 0 878 negative 1,000 0" in text


def test_stages_stand_in_the_order_of_the_flow() -> None:
    """And their times are humanised."""
    text = text_of(summary())

    assert (
        "request file written 2 50 ms 60 ms job ended: the model answered 2 4.2 s 3 h 12 m" in text
    )
