"""The page *Runs*: the newest first, page by page, and what needs a person."""

import re
from collections.abc import Iterator

import pytest

from tests.console.client import Browser, over
from tests.harness import LocalHarness, calls

COPIES = (
    ("run_plans", "planned_at", ""),
    ("attempt_closings", "closed_at", ""),
    ("events", "recorded_at", "WHERE topic = 'run-completed'"),
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Sixty runs that are over, of which all but one are copies, and one that is open."""
    harness = LocalHarness(tmp_path_factory.mktemp("console") / "home")
    harness.load(calls(4))
    harness.run("old-00", mode="test", limit=1)
    for table, time, where in COPIES:
        harness.sql(
            f"INSERT INTO {table} SELECT {table}.* REPLACE (printf('old-%02d', i) AS run_id, "  # noqa: S608
            f"{time} + to_seconds(i) AS {time}) FROM {table}, range(1, 60) AS r(i) {where}"
        )
    harness.clock.pass_(3_600)
    harness.request("open", mode="test", limit=2)
    harness.play_until("job-submitted", "open")
    with over(harness) as site:
        yield site.browser()
    harness.close()


def shown(browser: Browser, path: str) -> list[str]:
    """The runs of the list, in its order."""
    answer = browser.get(path)
    assert answer.status == 200, answer.text
    listed = answer.text.partition("All runs")[2]
    return re.findall(r'href="/runs/([a-z0-9-]+)"', listed)


def test_the_newest_runs_come_first_and_older_ones_on_further_pages(browser: Browser) -> None:
    first = browser.get("/").text
    (older,) = re.findall(r'<a rel="next" href="([^"]+)"', first)

    names = shown(browser, "/")
    rest = shown(browser, older.replace("&amp;", "&"))

    assert ["open", "old-59", "old-58"] == names[:3]
    assert 50 == len(names)
    assert [f"old-{number:02d}" for number in range(10, -1, -1)] == rest
    assert 'rel="next"' not in browser.get(older.replace("&amp;", "&")).text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("text=old-1", [f"old-1{digit}" for digit in range(9, -1, -1)]),
        ("text=none", []),
        ("state=open", ["open"]),
        ("state=open&text=old", []),
        ("state=stopped", []),
        ("analysis=call_review_v1&text=old-07", ["old-07"]),
        ("analysis=other", []),
        ("text=%25", []),
        ("text=%3Cscript%3E", []),
    ],
)
def test_the_list_is_narrowed_by_name_state_and_analysis(
    browser: Browser, query: str, names: list[str]
) -> None:
    assert names == shown(browser, f"/?{query}")


@pytest.mark.parametrize("query", ["state=lost", "before=x", "before=2026-01-01", "before=~"])
def test_a_filter_that_makes_no_sense_is_named(browser: Browser, query: str) -> None:
    answer = browser.get(f"/?{query}")

    assert answer.status == 400
    assert "use " in answer.text


def test_what_was_typed_is_shown_as_text(browser: Browser) -> None:
    answer = browser.get("/?text=%3Cscript%3Ealert(1)%3C/script%3E&analysis=%22%3E%3Cb%3E")

    assert "<script>alert" not in answer.text
    assert "<b>" not in answer.text.partition("All runs")[2]


def test_an_open_run_stands_above_the_list(browser: Browser) -> None:
    above = browser.get("/").text.partition("All runs")[0]

    assert "Open now" in above
    assert 'href="/runs/open"' in above
    assert "old-59" not in above


def test_a_page_stays_small(browser: Browser) -> None:
    assert len(browser.get("/").body) < 100_000


def test_what_needs_a_person_is_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A refused request, here."""
    harness = LocalHarness(tmp_path_factory.mktemp("console") / "home")
    harness.load(calls(3))
    harness.request("r1", budget=0.000001)
    harness.play()
    with over(harness) as site:
        page = site.browser().get("/").text
    harness.close()

    assert "Needs a person" in page
    assert "refused: r1" in page


def test_an_empty_folder_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    harness = LocalHarness(tmp_path_factory.mktemp("console") / "home")
    with over(harness) as site:
        page = site.browser().get("/").text
    harness.close()

    assert "No runs." in page
    assert "Needs a person" not in page
