"""The page *Answers*."""

import html
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.console.client import Answer, Browser, Site
from tests.console.prepared import OWN, folder
from tests.harness import LocalHarness
from tests.tracking.answers import noon, store
from troupe.cli.target import Target

MOST_BYTES = 100_000
MARCH = "/answers?since=2026-02-01&until=2026-03-31"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site(Target(folder("searched"))) as opened:
        yield opened


@pytest.fixture
def browser(site: Site) -> Browser:
    return site.browser()


def links(page: Answer) -> dict[str, str]:
    """Address by text."""
    found = re.findall(r'<a href="([^"]+)">([^<]+)</a>', page.text)
    return {html.unescape(text): html.unescape(address) for address, text in found}


def test_a_value_leads_to_as_many_records_as_it_counts(browser: Browser) -> None:
    page = browser.get(MARCH)

    assert page.status == 200
    assert "22 answers" in page.text
    for value, records in (("bad", 7), ("normalised", 1)):
        found = browser.get(links(page)[value])
        assert f"<p>{records} record" in found.text, value
    assert len(page.body) < MOST_BYTES


def test_each_value_has_a_column_for_each_step_and_the_same_in_figures(browser: Browser) -> None:
    """All calls are of one day; a chart names its newest share for those who do not see it."""
    page = browser.get("/answers?since=2026-02-28&until=2026-03-01")
    (bad,) = re.findall(r"<tr><th scope=\"row\"><a [^>]+>bad</a></th>(.*?)</tr>", page.text)

    assert 'aria-label="bad: share by day, 31.8 % in the newest"' in bad
    (path,) = re.findall(r'<path d="([^"]+)"', bad)
    assert path == "M6 24v-7.6h5v7.6z"
    assert '<th scope="row">bad</th><td>0</td><td>7</td>' in page.text


def test_the_page_holds_no_style_and_no_script_of_its_own(browser: Browser) -> None:
    """The policy refuses them."""
    page = browser.get(MARCH)

    assert " style=" not in page.text
    assert re.findall(r"<script([^>]*)>", page.text) == re.findall(
        r"<script( src=\"/static/[^>]*)>", page.text
    )


def test_rows_are_grouped_by_a_call_attribute(browser: Browser) -> None:
    page = browser.get(f"{MARCH}&by=queue")

    assert "mood by queue" in page.text
    assert re.search(r'<th scope="row">billing</th><td>7</td><td>0 %</td><td>100 %</td>', page.text)
    assert '<th scope="row">no value</th>' in page.text
    assert 400 == browser.get(f"{MARCH}&by=agent").status


def test_a_flow_leads_to_the_records_of_each_pair(tmp_path: Path) -> None:
    harness = LocalHarness(tmp_path / "home")
    sunday = date(2026, 3, 1)
    store(harness, ["calm"] * 3, at=[noon(sunday)] * 3, analysed_at=noon(sunday))
    harness.sql(
        "UPDATE transcription_analyzed_transcripts SET call_sentiment_incoming = 'negative', "
        "call_sentiment_outgoing = 'positive'"
    )
    harness.close()
    with Site(Target(tmp_path / "home")) as opened:
        browser = opened.browser()
        page = browser.get(MARCH)
        found = browser.get(links(page)["3"])

    assert "From call sentiment incoming to call sentiment outgoing" in page.text
    assert "<p>3 records" in found.text


def test_many_values_and_days_stay_below_the_size_of_a_page(tmp_path: Path) -> None:
    """Forty languages on each of thirty days."""
    harness = LocalHarness(tmp_path / "home")
    days = [date(2026, 2, 1 + at % 28) for at in range(400)]
    store(harness, ["calm"] * 400, at=[noon(day) for day in days], analysed_at=noon(days[-1]))
    harness.sql(
        "UPDATE transcription_analyzed_transcripts SET language_code = 'x' || (rowid % 40), "
        "reason_for_call_intent = 'i' || (rowid % 35), call_tone = 't' || (rowid % 30)"
    )
    harness.close()
    with Site(Target(tmp_path / "home")) as opened:
        page = opened.browser().get("/answers?since=2026-02-01&until=2026-02-28")

    assert "28 more values" in page.text
    assert len(page.body) < MOST_BYTES


def test_without_an_answer_the_page_says_so(tmp_path: Path) -> None:
    LocalHarness(tmp_path / "home").close()
    with Site(Target(tmp_path / "home")) as opened:
        browser = opened.browser()

        assert "No call was answered in the last 90 days." in browser.get("/answers").text
        assert "No call of these days was answered." in browser.get(MARCH).text


@pytest.mark.parametrize(
    "wrong", ["since=soon", "until=2026-99-99", "analysis=nothing_v1", "by=%3Cb%3E",
              "since=2026-03-02&until=2026-03-01", f"analysis={'x' * 5_000}"]
)  # fmt: skip
def test_what_cannot_be_counted_is_refused(browser: Browser, wrong: str) -> None:
    page = browser.get(f"/answers?{wrong}")

    assert 400 == page.status
    assert "<b>" not in page.text
    assert OWN not in page.text.partition("<title>")[2].partition("</title>")[0]
