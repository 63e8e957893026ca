"""Compare, review and dead letters in a real browser, by keyboard and clicks."""

import pytest

from scripts.browser import View
from tests.console import hostile
from tests.console.visitor import Visit, Visitor
from tests.report.test_looks import VIEWS


def reviewer_at_first_record(visit: Visit, reviewer: str = "ab") -> Visitor:
    """Click through from the list of samples to the first record."""
    visitor = visit(hostile.compared())
    visitor.go("/review")
    visitor.leave("document.querySelector('main th a').click()")
    visitor.fill("Your initials", reviewer)
    visitor.click("Begin, or go on")
    return visitor


def focus(visitor: Visitor) -> str:
    """The column that has the focus, and what is chosen there."""
    found: str = visitor.page.run(
        "(() => { const column = document.activeElement.closest('fieldset');"
        " return `${column.querySelector('legend').textContent} ${column.querySelector("
        "'input:checked').value}`; })()"
    )
    return found


def test_two_versions_are_compared(visit: Visit) -> None:
    """With the form; the matrix is coloured, though no element has a style of its own."""
    visitor = visit(hostile.compared())
    visitor.click("Compare", within="header")
    visitor.fill("First side", "call_review_v1")
    visitor.fill("Second side", "call_review_v2")
    visitor.click("Compare")

    assert "reason_for_call_intent differs most: 50 % agree" in visitor.text
    colours = visitor.page.run(
        "[...new Set([...document.querySelectorAll('.cell.other')].map(each =>"
        " getComputedStyle(each).backgroundColor))].length"
    )
    assert colours > 1
    assert [] == visitor.faults()


def test_a_sample_is_judged_by_keyboard(visit: Visit) -> None:
    """All right but one wrong and one corrected; it is there for the next browser."""
    visitor = reviewer_at_first_record(visit)
    assert "call_summary " == focus(visitor)

    visitor.press("3")
    visitor.page.write(f"Corrected {hostile.SCRIPT}")
    visitor.press("Escape", "j", "2")
    visitor.press("k")
    assert focus(visitor) == "call_sentiment_incoming wrong"
    visitor.leave("document.querySelector('[data-key=a]').click()")
    assert "Record 2 of 6" in visitor.text
    assert "call_summary " == focus(visitor)
    visitor.leave("document.querySelector('[data-key=p]').click()")

    other = reviewer_at_first_record(visit)
    assert "Complete: 1 record." in other.text
    other.go(visitor.path)
    assert "15 of 15 columns judged" in other.text
    said = other.page.run(
        "Object.fromEntries([...document.querySelectorAll('fieldset')].map(f =>"
        " [f.querySelector('legend').textContent, f.querySelector('input:checked').value]))"
    )
    assert {"corrected", "wrong", "right"} == {*said.values()}
    assert ("corrected", "wrong") == (said["call_summary"], said["call_sentiment_incoming"])
    typed = other.page.run("document.querySelector('textarea').value")
    assert f"Corrected {hostile.SCRIPT}" == typed


def test_a_page_that_was_saved_elsewhere_is_not_overwritten(visit: Visit) -> None:
    """Two browsers at the same record."""
    here, there = reviewer_at_first_record(visit), reviewer_at_first_record(visit)
    here.press("2", "s")
    here.until_shown("1 of 15 columns judged")

    there.press("1")
    there.click("Save")

    assert "Another page saved this record meanwhile" in there.text
    assert [] == there.barriers()
    there.click("Save")
    assert "1 of 15 columns judged" in there.text
    assert "right" == there.page.run("document.querySelector('fieldset input:checked').value")


def test_what_is_not_saved_is_not_left_in_silence(visit: Visit) -> None:
    """The browser asks first."""
    visitor = reviewer_at_first_record(visit)
    leave = (
        "(() => { const event = new Event('beforeunload', {cancelable: true});"
        " return !dispatchEvent(event); })()"
    )
    assert not visitor.page.run(leave)
    visitor.press("1")

    assert visitor.page.run(leave)
    visitor.click("Save")
    assert not visitor.page.run(leave)


def test_a_review_works_without_scripts(visit: Visit) -> None:
    """The form is all that is needed."""
    visitor = visit(hostile.compared())
    session = visitor.page.session
    visitor.page.browser.call("Network.enable", session)
    visitor.page.browser.call("Network.setBlockedURLs", session, urls=["*.js*"])
    visitor.go("/review")
    ids = visitor.page.run("document.querySelector('main th a').pathname")
    visitor.go(f"{ids}?reviewer=ab")
    visitor.leave("document.querySelector('button[value=rest]').click()")

    assert "Record 2 of 6" in visitor.text
    assert "Complete: 1 record." in visitor.text


@pytest.mark.parametrize("view", VIEWS)
def test_no_page_overflows_overlaps_pales_or_bars_anyone(visit: Visit, view: str) -> None:
    """With scripts, escapes and names of 10,000 characters in every field, in every view."""
    visitor = reviewer_at_first_record(visit)
    letters = visit(hostile.held_up())
    letters.go("/dead-letters")
    found = letters.page.run(
        "[...document.querySelectorAll('.letters li a:first-child')].map(each => each.pathname)"
    )
    pages = [
        (visitor, "/compare?a=before&b=after"), (visitor, "/review"),
        (visitor, visitor.path.rpartition("/")[0].rpartition("/")[0]), (visitor, visitor.path),
        *((letters, each) for each in ("/dead-letters", *found)),
    ]  # fmt: skip
    faults = {}
    for who, path in pages:
        who.page.set_view(View(*VIEWS[view]))
        who.go(path)
        if wrong := who.faults():
            faults[path] = wrong

    assert {} == faults
    assert "broken" not in visitor.page.run("document.title")
