"""Every page of the console in a real browser, reached by links, with hostile data in every field."""

from collections import Counter

import pytest
from starlette.routing import Match

from scripts.browser import View
from tests.console import hostile
from tests.console.visitor import Visit, Visitor
from troupe.console.app import ROUTES

VIEWS = {"window": View(1200), "phone, dark": View(360, dark=True)}
PER_PAGE = 2
"""Addresses of each page that are looked at."""
NO_PAGES = {"static", "run_events", "review_labels", "review_first"}
"""Files, a stream, and an address that only leads to another one."""
PERSONAL = ("broken", "tok_", "CUSTOMER", "script", "desrever", "nnnn")
"""What is in the data, and in no title and no address."""
ONLY_FORMS = {"dead_letter"}
"""Of another folder: `test_quality_in_browser.py` looks at it."""


def page_of(path: str) -> str | None:
    """The name of the page at this address; None for what is no page."""
    scope = {"type": "http", "method": "GET", "path": path.partition("?")[0]}
    found = next((each for each in ROUTES if each.matches(scope)[0] is Match.FULL), None)
    return found.name if found is not None and found.name not in NO_PAGES else None


def links(visitor: Visitor) -> list[str]:
    found: list[str] = visitor.page.run(
        "[...document.links].filter(each => each.origin === location.origin)"
        ".map(each => each.pathname + each.search)"
    )
    return found


@pytest.mark.parametrize("view", VIEWS)
def test_every_page_holds_hostile_data_and_bars_nobody(visit: Visit, view: str) -> None:
    """No script of the data runs, nothing overflows, overlaps or pales, and axe finds nothing."""
    visitor = visit(hostile.compared())
    visitor.page.set_view(VIEWS[view])
    visitor.go("/review")
    sample = visitor.page.run("document.querySelector('main th a').pathname")
    visitor.go(f"{sample}?reviewer=ab")
    waiting = ["/", "/compare?a=before&b=after", visitor.path]
    known, seen, faults = {*waiting}, Counter[str](), {}
    while waiting:
        path = waiting.pop(0)
        name = page_of(path)
        if name is None or seen[name] >= PER_PAGE:
            continue
        seen[name] += 1
        visitor.go(path)
        new = [each for each in dict.fromkeys(links(visitor)) if each not in known]
        known.update(new)
        waiting += new
        if found := visitor.faults():
            faults[path] = found
        title = visitor.page.run("document.title")
        assert not [each for each in PERSONAL if each in title + path]
        assert title.endswith("· Troupe"), f"{path} has the title {title}"

    assert {} == faults
    pages = {
        each.name for each in ROUTES if "GET" in (each.methods or ()) and each.name not in NO_PAGES
    }
    assert pages - ONLY_FORMS == {*seen}
