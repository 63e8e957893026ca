"""The pages *Analyses* and *Analysis*, and a prompt that is tried from them."""

import html
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.client import Browser, Site
from tests.console.prepared import OWN, folder, opened
from tests.harness import LocalHarness, call, id_of
from troupe.cli.target import Target
from troupe.operations.quality.golden_add import add_golden


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site(Target(folder("searched"))) as served:
        yield served


@pytest.fixture
def browser(site: Site) -> Browser:
    signed_in = site.browser()
    signed_in.get("/analyses")
    return signed_in


def test_installed_analyses_are_listed(browser: Browser) -> None:
    page = browser.get("/analyses")

    assert f'<a href="/analyses/{OWN}">' in page.text
    assert '<a href="/analyses/call_review_v1">' in page.text


def test_an_analysis_shows_prompt_schema_columns_and_versions(browser: Browser) -> None:
    page = browser.get(f"/analyses/{OWN}")

    assert page.status == 200
    assert html.escape("<queue-{{record}}>{{queue}}</queue-{{record}}>") in page.text
    assert "schema.json" in page.text
    assert "queue (text, in the prompt)" in page.text
    assert "as installed" in page.text
    assert "No golden set labels its columns" in page.text
    assert len(page.body) < 100_000


def test_the_history_of_accuracy_has_a_row_for_each_version(tmp_path: Path) -> None:
    harness = opened("searched", tmp_path / "home")
    file = tmp_path / "moods.csv"
    file.write_text(f"record_id,mood\n{id_of(call(6))},bad\n{id_of(call(9))},good\n")
    add_golden(harness.backend, golden="moods", analysis=OWN, file=str(file))
    harness.close()
    with Site(Target(tmp_path / "home")) as served:
        page = served.browser().get(f"/analyses/{OWN}")

    assert "golden set moods version 1, 2 labelled records" in page.text
    assert "<td>50 % <small>9.5 % to 90.5 %</small></td>" in page.text


@pytest.mark.parametrize("name", ["nothing_v1", "%3Cscript%3E", "x" * 5_000])
def test_an_unknown_analysis_is_not_found(browser: Browser, name: str) -> None:
    page = browser.get(f"/analyses/{name}")

    assert 404 == page.status
    assert "<script>" not in page.text


def test_five_transcripts_are_tried_and_nothing_is_stored(tmp_path: Path) -> None:
    """The stand-in answers on a laptop; five others follow."""
    home = tmp_path / "home"
    opened("searched", home).close()
    before = (home / "warehouse.duckdb").read_bytes()
    with Site(Target(home)) as served:
        browser = served.browser()
        browser.get(f"/analyses/{OWN}")
        first = browser.post("/analyses/call_review_v1/try")
        second = browser.post("/analyses/call_review_v1/try", {"seed": "1"})

    assert (200, 200) == (first.status, second.status)
    assert 5 == first.text.count('<h2><a href="/records/')
    assert "<b>5 rows</b>" in first.text
    assert "simulated" in first.text
    assert "would have cost" in first.text
    assert first.text.partition("<section>")[2] != second.text.partition("<section>")[2]
    assert before == (home / "warehouse.duckdb").read_bytes()


def test_a_read_only_console_tries_nothing() -> None:
    """Neither by its page, nor by a form that was loaded before."""
    with Site(Target(folder("searched")), read_only=True) as served:
        browser = served.browser()
        shown = browser.get("/analyses/call_review_v1")
        refused = browser.post("/analyses/call_review_v1/try")

    assert (200, 403) == (shown.status, refused.status)
    assert "<button" not in shown.text


def test_nothing_is_tried_without_transcripts_texts_or_an_analysis(tmp_path: Path) -> None:
    LocalHarness(tmp_path / "home").close()
    with Site(Target(tmp_path / "home")) as served:
        browser = served.browser()
        browser.get("/analyses")
        empty = browser.post("/analyses/call_review_v1/try")
        unknown = browser.post("/analyses/nothing_v1/try")
    with Site(Target(tmp_path / "home"), no_text=True) as served:
        browser = served.browser()
        shown = browser.get("/analyses/call_review_v1")
        refused = browser.post("/analyses/call_review_v1/try")

    assert (404, 404, 403) == (empty.status, unknown.status, refused.status)
    assert "the source table holds no transcript" in empty.text
    assert "Try it" not in shown.text
