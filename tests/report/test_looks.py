"""The page in a real browser: light and dark, on a phone and on paper."""

from pathlib import Path
from typing import Any

import pytest

from scripts.browser import Page, View
from tests.report import samples
from tests.report.states import pages

VIEWS = {
    "light": View(1100),
    "dark": View(1100, dark=True),
    "phone": View(390),
    "phone, dark": View(390, dark=True),
    "small phone": View(320),
    "paper": View(794, media="print"),
}
LOOKS = (Path(__file__).parent / "looks.js").read_text(encoding="utf-8")

PAGES = pages() | {
    name: samples.page_of(found, samples.totals())
    for name, found in {
        "no rows": samples.empty_summary(),
        "one row": samples.one_row(),
        "long names": samples.long_names(),
        "an unknown price": samples.unknown_price(),
        "an analysis of one's own": samples.own_analysis(),
    }.items()
}


def show(page: Page, html: str, folder: Path) -> None:
    file = folder / "page.html"
    file.write_text(html, encoding="utf-8")
    page.open(file)


def faults(page: Page, view: View) -> list[str]:
    """What is wrong with the page in this view."""
    page.set_view(view)
    found: list[str] = page.run(LOOKS)
    return found


@pytest.mark.parametrize("name", PAGES)
def test_nothing_overflows_overlaps_or_pales(browser_tab: Page, tmp_path: Path, name: str) -> None:
    """In no view."""
    show(browser_tab, PAGES[name], tmp_path)

    assert {} == {view: found for view in VIEWS if (found := faults(browser_tab, VIEWS[view]))}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p style='width:2000px'>broad</p>", "wide in a window"),
        ("<p style='position:absolute;left:-50px'>out</p>", "'out' stands out of the window"),
        ("<p>one</p><p style='margin-top:-2.5em'>two</p>", "'two' and 'one' overlap"),
        ("<p style='color:#999;background:#fff'>pale</p>", "'pale': contrast 2.85, below 4.5"),
        ("<p>a</p><b class='track'><i style='background:#eee'></i></b>", "a bar: contrast"),
        ("", "the page shows no text"),
    ],
)
def test_each_fault_would_be_seen(
    browser_tab: Page, tmp_path: Path, body: str, expected: str
) -> None:
    """Of a page that has it."""
    html = f"<!doctype html><html><body style='background:#fff;color:#000'>{body}"

    show(browser_tab, html, tmp_path)

    assert expected in "\n".join(faults(browser_tab, View(390)))


def test_the_page_follows_the_scheme_of_its_reader(browser_tab: Page, tmp_path: Path) -> None:
    """Dark where the reader prefers dark; paper is always white."""
    show(browser_tab, samples.page_of(samples.summary()), tmp_path)
    grounds: dict[str, Any] = {}
    for name, view in {**VIEWS, "paper": View(794, dark=True, media="print")}.items():
        browser_tab.set_view(view)
        grounds[name] = browser_tab.run("getComputedStyle(document.body).backgroundColor")

    assert grounds["dark"] == grounds["phone, dark"] != grounds["light"] == grounds["phone"]
    assert "rgb(255, 255, 255)" == grounds["paper"]


def test_the_page_prints(browser_tab: Page, tmp_path: Path) -> None:
    """On a handful of sheets."""
    show(browser_tab, samples.page_of(samples.summary(), samples.totals()), tmp_path)
    browser_tab.set_view(View(794, media="print"))
    paper = browser_tab.pdf()

    assert paper.startswith(b"%PDF")
    assert 1 <= paper.count(b"/Type /Page\n") <= 6


def test_the_head_and_more_stand_on_the_first_printed_page(
    browser_tab: Page, tmp_path: Path
) -> None:
    """On A4 the answers to the four questions are followed by what fits, not by an empty half."""
    a4_height = 1123 - 2 * 38
    for name in ("completed", "failures", "stopped", "huge"):
        show(browser_tab, PAGES[name], tmp_path)
        browser_tab.set_view(View(718, media="print"))
        bottom = browser_tab.run("document.getElementById('head').getBoundingClientRect().bottom")
        may_break = browser_tab.run(
            "getComputedStyle(document.getElementById('head').nextElementSibling).breakInside"
        )
        assert bottom < a4_height * 0.75, name
        assert may_break == "auto", name
