"""The page of a run: self-contained, complete in every state, and safe for every content."""

import re
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from analysis import ERRORS
from handlers.summary.run_summary import SKIPPED, RunSummary
from tests.report.samples import (
    chart,
    counts,
    dry_run,
    empty_summary,
    error,
    many_rows,
    one_row,
    own_analysis,
    own_counts,
    page_of,
    summary,
    totals,
    unknown_price,
    values,
)
from troupe.operations.reconciliation import Reconciliation
from troupe.report import labels

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


def text_of(found: RunSummary, recounted: Reconciliation | None = None) -> str:
    return read(page_of(found, recounted)).text.replace("\N{NO-BREAK SPACE}", " ")


def hostile(value: Any, name: str = "") -> Any:
    """The same summary with every text turned into an attack; closed sets stay what they are."""
    if isinstance(value, msgspec.Struct):
        fields = {key: hostile(getattr(value, key), key) for key in value.__struct_fields__}
        return msgspec.structs.replace(value, **fields)
    if isinstance(value, dict):
        return {f"{HOSTILE}{at}": hostile(each) for at, each in enumerate(value.values())}
    if isinstance(value, list):
        return [hostile(child) for child in value]
    return HOSTILE if isinstance(value, str) and name not in ("part", "shows", "by") else value


def test_the_page_needs_nothing_but_itself() -> None:
    """No address, no script, nothing to fetch."""
    page = page_of(summary(), totals())
    seen = read(page)

    assert re.findall(r"https?:", page) == []
    assert not {"script", "link", "img", "iframe", "object", "base"} & set(seen.tags)
    assert not {"src", "href", "action", "onload"} & seen.attributes
    assert "url(" not in page
    assert "@import" not in page


def test_the_same_summary_is_the_same_page() -> None:
    """Also when it comes back from JSON."""
    stored = msgspec.json.decode(msgspec.json.encode(summary()), type=RunSummary)

    assert page_of(summary(), totals()) == page_of(summary(), totals())
    assert page_of(stored) == page_of(summary())


def test_hostile_names_stay_text() -> None:
    """Whatever names hold is shown, and nothing of it is obeyed."""
    page = page_of(hostile(summary()), totals())
    seen = read(page)

    assert "<script" not in page
    assert "script" not in seen.tags
    assert page.count("</style>") == 1
    assert HOSTILE.split("'")[0] in seen.text


def test_the_totals_are_checked_in_one_line() -> None:
    """Both sides of the sum, and what the recount adds."""
    expected = (
        "The totals balance: 1,878 planned = 1,878 analysed + 0 failed + 0 released + 0 open."
        " Nothing is doubled, half stored or paid twice."
    )

    assert expected in text_of(summary(), totals())


def test_without_a_recount_less_is_promised() -> None:
    """The summary's own counts do not include doubled rows."""
    text = text_of(summary())

    assert "The totals balance" in text
    assert "doubled" not in text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"analysed": 1877}, "the two sides differ"),
        ({"half_stored": 2}, "2 records stored by half"),
        ({"doubled": 1}, "1 doubled rows"),
        ({"closed_twice": 1}, "1 attempts closed twice"),
        ({"paid_twice": 3}, "3 records or jobs paid for twice"),
        ({"lost": 4}, "4 records lost"),
        ({"ok": False}, "the recount does not balance"),
        ({"analysed": 1870, "open": 8}, "completed with open records"),
    ],
)
def test_totals_that_do_not_balance_name_the_fault(changes: dict[str, Any], expected: str) -> None:
    """Each kind of trouble has its words."""
    text = text_of(summary(), totals(**changes))

    assert "The totals do not balance" in text
    assert expected in text


def test_every_error_type_shows_what_happened_and_what_its_reader_can_do() -> None:
    """Apart from what the system did; also when its row carries no hint."""
    found = [error(name, cause="schema_mismatch") for name in ERRORS]
    text = text_of(summary(errors=found))

    assert len(found) > 10
    for each in ERRORS.values():
        assert each.name in text
        assert each.what in text
        assert not each.advice or f"What you can do: {each.advice}" in text


def test_every_reason_to_skip_a_row_has_a_label() -> None:
    """The stable names stay out of sight."""
    text = text_of(summary(source_rows=1888, skipped=dict.fromkeys(SKIPPED, 1)))

    assert set(SKIPPED) == set(labels.SKIPPED)
    for expected in labels.SKIPPED.values():
        assert f"{expected} − 1 " in text


def test_rows_that_no_reason_explains_are_named() -> None:
    """A funnel that does not add up has a line for the difference."""
    assert "not explained by any reason − 7" in text_of(summary(source_rows=2007))


def test_an_unknown_price_is_the_word() -> None:
    """Never the price 0."""
    text = text_of(unknown_price())

    assert "Expected before unknown Actual unknown Wasted on failures unknown" in text
    assert "Saved by deduplication unknown" in text
    assert "No price of gemini-3.5-flash-lite is known" in text
    assert "$" not in text


def test_the_price_is_shown_with_its_day_and_its_source() -> None:
    """So that a reader can judge it."""
    expected = (
        "input $0.15, from the cache $0.020, output and thoughts $1.25"
        " (as of 2026-10-14, a price page)"
    )

    assert expected in text_of(summary())


def test_every_exit_after_the_plan_is_named_by_its_error() -> None:
    """And what no error explains is named too."""
    text = text_of(many_rows())

    assert "failed for good: attempts exhausted after schema mismatch − 250" in text
    assert "failed for good − 500 " in text
    assert "released, the next run selects them: breaker tripped − 500" in text


def test_a_dry_run_shows_what_it_would_select() -> None:
    """And shows neither metrics nor totals."""
    text = text_of(dry_run())

    assert "nothing was paid. It would select 1,878 records in 2 batches." in text
    assert "records it would select 1,878" in text
    assert "balance" not in text
    assert "Actual none" in text


def test_an_empty_run_shows_why_it_is_empty_and_nothing_else() -> None:
    """There are no answers, costs or batches to show."""
    text = text_of(empty_summary())

    assert "Empty: nothing was asked. The source table is empty." in text
    assert "The source held no rows." in text
    assert "Tokens and cost" not in text
    assert "Success metrics" not in text


def test_one_row_is_a_whole_run() -> None:
    """All of it is that row."""
    text = text_of(one_row())

    assert "rows stored 1 100 %" in text
    assert "calm 1 100 %" in text
    assert "no value 1 · 100 %" in text


def test_many_rows_and_many_names_are_folded() -> None:
    """A hundred thousand rows make no long page."""
    products = ((f"product {n} " + "long" * 50, None, 100_000 - n) for n in range(5000))
    found = counts(chart("product", "items", *products))
    page = page_of(summary(records=100_000, source_rows=100_122, column_counts=found))

    assert "and 4,988 more" in read(page).text
    assert len(page) < 100_000


def test_names_of_columns_and_values_are_shown_without_underscores() -> None:
    """Any analysis may have its own."""
    found = counts(values("risk_class", high_risk=1878))

    assert "Risk class high risk 1,878 100 %" in text_of(summary(column_counts=found))


def test_an_analysis_of_one_s_own_is_counted_by_its_columns() -> None:
    """Closed sets, truths, numbers with their median, lists by length; and what is left out."""
    text = text_of(own_analysis())

    for part in (
        "Risk none 1,700 90.5 % low 150 8 % high 28 1.5 %",
        "Identity checked yes 1,201 64 % no 600 31.9 % no value 77 4.1 %",
        "30 to 39 300 16 % 40 to 49 0 0 % 50 to 59 500 26.6 %",
        "no value 3 0.2 % Median 71",
        "0.3 to 0.32 1,000 53.2 % 0.32 to 0.34 0 0 % 0.34 to 0.36 878 46.8 %",
        "Findings, entries 0 1,800 95.8 % 1 0 0 % 2 0 0 % 3 78 4.2 %",
        "and 28 more",
        "Left out: verdict, ",
        "Left out: account (a whole number without a maximum may be an account or a telephone number).",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"endings": {"analysed": 0}}, "there is nothing to count"),
        ({"column_counts": counts()}, "No column can be counted."),
        (
            {
                "column_counts": counts(
                    chart("score", "numbers", ("1e+15", "1e+15", 2), is_whole=False)
                )
            },
            "1e+15 to 1e+15 2",
        ),
        ({"column_counts": counts(chart("labels", "items"))}, "Labels No entry."),
        ({"column_counts": own_counts(is_whole=False)}, "30 to 40 300 16 %"),
    ],
)
def test_an_analysis_of_one_s_own_has_its_empty_states(
    changes: dict[str, Any], expected: str
) -> None:
    """Nothing stored, nothing to show, and numbers beyond every scale."""
    assert expected in text_of(own_analysis(**changes))


def test_a_flow_has_its_figures_as_text() -> None:
    """Not every reader sees the picture."""
    text = text_of(summary())

    assert "negative → positive: 1,000" in text
    assert "neutral 878 · 46.8 %" in text
    assert (
        "sentiment incoming ↓ sentiment outgoing → positive neutral neutral 0 878 negative 1,000 0"
        in text
    )


def test_stages_stand_in_the_order_of_the_flow() -> None:
    """And their times are humanised."""
    text = text_of(summary())

    assert (
        "request file written 2 50 ms 60 ms job ended: the model answered 2 4.2 s 3 h 12 m" in text
    )
