"""Runs in a real browser: requested, watched, repaired and replayed by clicks alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.console import hostile
from tests.console.visitor import Visit, Visitor

Start = Callable[[Path], Any]


def request_run(visitor: Visitor) -> None:
    """Click from the list of runs to the confirmed request of one."""
    visitor.go("/")
    visitor.click("Request a run")
    visitor.click("Preview: size and cost")
    confirm(visitor, "Send 6 records for ")


def confirm(visitor: Visitor, begins: str) -> None:
    """Click the confirmation, whose text begins so."""
    labels = visitor.page.run(
        "[...document.querySelectorAll('main form button')].map(b => b.textContent)"
    )
    (label,) = [each for each in labels if each.startswith(begins)]
    visitor.click(label)


def test_a_run_is_watched_from_its_request_to_its_end(visit: Visit, start_worker: Start) -> None:
    """The page moves by itself, and then offers what follows."""
    visitor = visit(hostile.loaded())
    start_worker(visitor.console.home)
    request_run(visitor)
    visitor.until(lambda: visitor.page.run("!!document.querySelector('[data-events]')"))
    visitor.page.run("window.same = 1")

    visitor.until_shown("Completed: all 6 records have a row")

    assert 1 == visitor.page.run("window.same")
    assert [] == visitor.faults()
    visitor.click("Report")
    assert "6" in visitor.text
    visitor.click("Timeline")
    assert "run-completed" in visitor.text or "completed" in visitor.text


def test_a_failed_run_is_repaired_by_clicks_alone(visit: Visit, start_worker: Start) -> None:
    """From the list of runs: the failure names the click, and the new run stores the rows."""
    visitor = visit(hostile.broken())
    visitor.go("/")
    visitor.click("broken")
    assert [] == visitor.faults()
    start_worker(visitor.console.home)

    visitor.click("Ask again for these")
    assert [] == visitor.faults()
    confirm(visitor, "Send 6 records again for ")

    visitor.until_shown("Completed: all 6 records have a row", reloads=True)
    visitor.go("/runs/broken")
    assert "6" in visitor.text


def test_a_dead_letter_is_replayed(visit: Visit, start_worker: Start) -> None:
    """And its run comes to its end; the message that is no event is discarded."""
    visitor = visit(hostile.held_up())
    start_worker(visitor.console.home)
    visitor.click("Dead letters", within="header")
    visitor.click("Replay 1 letter")
    assert [] == visitor.faults()
    confirm(visitor, "Replay 1 dead letter")
    visitor.until_shown("they can be discarded only", reloads=True)
    visitor.go("/runs/held")
    visitor.until_shown("Completed: all 3 records have a row", reloads=True)

    visitor.click("Dead letters", within="header")
    visitor.leave("document.querySelector('.letters a').click()")
    visitor.click("Discard it")
    visitor.fill("Reason", hostile.HOSTILE[:400])
    confirm(visitor, "Discard 1 dead letter")
    visitor.until_shown("No dead letter waits", reloads=True)


def test_a_double_click_is_one_run(visit: Visit, start_worker: Start) -> None:
    """In the browser that confirmed it and in another one that looks."""
    here, there = visit(hostile.loaded()), visit(hostile.loaded())
    start_worker(here.console.home)
    here.go("/")
    here.click("Request a run")
    here.click("Preview: size and cost")
    here.leave(
        "(() => { const button = document.querySelector('main form button');"
        " button.click(); button.click(); })()"
    )

    for each in (here, there):
        each.go(here.path.partition("?")[0])
        each.until_shown("Completed: all 6 records have a row", reloads=True)
    there.go("/")
    assert 1 == there.page.run("document.querySelectorAll('tbody tr').length")


def test_a_worker_that_is_killed_shows_and_the_next_one_goes_on(
    visit: Visit, start_worker: Start
) -> None:
    """The page of the run stays, and moves again when a worker is there."""
    visitor = visit(hostile.loaded())
    worker = start_worker(visitor.console.home)
    request_run(visitor)
    worker.kill()
    worker.wait()
    visitor.go(visitor.path)
    assert "Run run-" in visitor.text
    assert [] == visitor.barriers()

    start_worker(visitor.console.home)

    visitor.until_shown("Completed: all 6 records have a row", reloads=True)
