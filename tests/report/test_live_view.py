"""The live view: whatever is to be seen, on every size of terminal."""

import re
from io import StringIO
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from tests.report.samples import at, batch, error, run, totals
from troupe.report.change_log import Feed
from troupe.report.layout import Block, Pen, cut, fitted, wrapped
from troupe.report.live_screen import Stage
from troupe.report.live_view import screen
from troupe.report.pace import Forecast
from troupe.report.snapshot import Scene, places, standstills

SIZES = [(80, 24), (80, 10), (40, 12), (20, 5), (140, 24), (200, 60), (116, 30), (1, 1)]


def told(**changes: Any) -> dict[str, Any]:
    """Half way, with a bit of everything."""
    return run(
        batches=[
            batch(1, "completed") | {"analysed": 250},
            batch(2, "submitted", 4000),
            batch(3, "planned", 5) | {"held_up": HELD},
            batch(4, "waiting", None),
        ],
        plan={"source_rows": 1122, "skipped": {"duplicate": 22, "processed": 100, "held": 0},
              "expected_cost": [0.2, 0.9]},
        errors=[error("truncated", errors=12), error("blocked", errors=3)],
    ) | changes  # fmt: skip


HELD = {"handler": "write-jsonl", "cause": "object-differs", "letter_id": "f17"}
JOBS = [{"name": "demo__r1__2__1", "state": "running", "age_seconds": 3900.0}]
LETTERS = [{"handler": "write-jsonl", "cause": "object-differs", "count": 1}]


def scene(found: dict[str, Any] | None = None, **status: Any) -> Scene:
    shown = told() if found is None else found
    beside = {"worker": {"pid": 7}, "runs": [shown], "jobs": JOBS, "dead_letters": LETTERS}
    forecast = Forecast(600.0, 60.0, 120.0, 0.5)
    return Scene(beside | status, shown, at(600), {"r1": forecast})


def text_of(found: Scene, width: int = 120, height: int | None = None, **pen: Any) -> str:
    return "\n".join(line.plain.rstrip() for line in screen(found, Pen(width, **pen), height))


@pytest.mark.parametrize("width", [80, 120, 160])
def test_everything_that_was_asked_for_is_there(width: int) -> None:
    """Funnel, batches by state, jobs with age, rate, time left, cost, errors, dead letters."""
    text = text_of(scene(), width)

    for part in (
        "r1 running", "worker 7", "planned 10 m ago", "500 of 1,000 records over 50 %",
        "rows in the source", "1,122", "- not asked", "122", "100 analysed before",
        "records planned", "not begun", "at the model", "being sent", "rows stored",
        "1 completed", "1 submitted", "1 waiting", "stuck", "running, 1 h 5 m old",
        "600 records a minute", "1 m to 2 m left",
        "$0.25 so far, about $0.50 in all, expected $0.20 to $0.90",
        "Errors 15", "12  truncated", "blocked", "Dead letters", "1 of write-jsonl",
        "Stands still 1", "see `troupe dead-letters show f17`",
    ):  # fmt: skip
        assert part in text


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("found", [told(), {}, told(batches=[], errors=[]), told(run_id="r" * 40)])
def test_it_fits_every_terminal(width: int, height: int, found: dict[str, Any]) -> None:
    """Exactly as wide and at most as high: nothing scrolls, nothing is left of the last look."""
    lines = screen(scene(found), Pen(width), height, foot="Ctrl-C ends the watch")

    assert len(lines) <= height
    assert {width} == {line.cell_len for line in lines}


def test_where_it_is_tight_what_stands_still_stays() -> None:
    """With its command, and the rest is counted."""
    found = told(errors=[error(f"e{n}") for n in range(30)])
    text = text_of(scene(found), 80, 22)

    assert "see `troupe dead-letters show f17`" in text
    assert re.search(r"and \d+ more lines", text)
    assert "rows stored" in text
    assert "$0.25 so far" in text


def test_a_command_is_wrapped_and_never_cut() -> None:
    """On narrow terminals too."""
    text = text_of(scene(), 40)

    assert "show f17`" in text


def test_open_records_are_where_their_batch_is() -> None:
    """Without those that came to an end in an earlier attempt."""
    second = batch(2, "submitted") | {"analysed": 200, "failed": 1}

    found = places(run(batches=[batch(1, "completed"), second, batch(3, "waiting", None)]))

    assert {"not begun": 250, "being sent": 0, "at the model": 49, "being read": 0} == found


def test_several_open_runs_are_listed() -> None:
    """The one that is told in full is marked; on a small terminal the others are named."""
    others = [told(run_id=f"r{n}") for n in range(2, 8)]
    both = scene(runs=[told(), *others])

    assert "▸  r1" in text_of(both)
    assert "and 3 more open" in text_of(both)
    assert "Also open r2 50 %" in text_of(both, 80, 20)
    assert "Open runs" not in text_of(scene())


def test_what_a_batch_waits_for_is_no_standstill() -> None:
    """A job that runs within its limit, and a batch whose turn has not come."""
    fine = run(batches=[batch(1, "submitted", 4000), batch(2, "waiting", None)])
    late = run(batches=[batch(1, "planned", 4000), batch(2, "submitted", 400_000)])

    assert [] == standstills(scene(fine, dead_letters=[]))
    first, second = standstills(scene(late, dead_letters=[]))
    assert "over the limit of 72 h" in first
    assert "nobody does it: see that a worker or service runs" in second


def test_without_a_worker_nothing_moves() -> None:
    """Said where something should; a deployment needs none."""
    said = "start one with `troupe work`"
    over = told(completed_at=at(60))

    assert said in text_of(scene(worker=None))
    assert said not in text_of(scene(over, worker=None))
    assert "services at work" in text_of(scene(worker={"services": True}))


def test_a_run_that_is_over_shows_its_books() -> None:
    """And no pace."""
    books = totals(planned=1000, analysed=500, failed=500)
    text = text_of(scene(told(completed_at=at(60), reconciliation=books)), 200)

    assert "r1 completed" in text
    assert "The books balance: 1,000 planned" in text
    assert "Pace" not in text


def test_ages_go_on_between_two_looks() -> None:
    """In whole seconds."""
    young = scene(told(batches=[batch(2, "submitted", 10)]), jobs=[])
    older = Scene(young.status, young.run, young.now, age=3.4)

    assert "10 s" in text_of(young)
    assert "13 s" in text_of(older)


def test_names_are_text_and_never_markup() -> None:
    """Nor do they break a line."""
    text = text_of(scene(told(run_id="[red]r\n1[/red]")))

    assert "[red]r 1[/red]" in text


def test_a_terminal_of_ascii_gets_ascii() -> None:
    """Bars included."""
    assert text_of(scene(), plain=True).isascii()


def test_a_stage_draws_without_clearing_and_leaves_the_last_look() -> None:
    """No flicker: each drawing begins at home, over the one before."""
    stream = StringIO()
    console = Console(
        file=stream, force_terminal=True, width=80, height=24, legacy_windows=False, _environ={}
    )
    with Stage(lambda: 0.0, 2.0, console) as stage:
        stage.show(scene())
    shown = stream.getvalue()

    assert "\x1b[2J" not in shown
    alternate, _, usual = shown.rpartition("\x1b[?1049l")
    assert "Ctrl-C ends the watch" in alternate
    assert "Ctrl-C" not in usual
    assert "500 of 1,000 records over" in usual


def test_lines_without_a_terminal_tell_changes_alone() -> None:
    """Ages change, and nothing has happened."""
    feed = Feed()
    first = feed.news(scene())
    older = told(batches=[{**row, "seconds_in_state": 9999} for row in told()["batches"]])

    assert all(line.startswith("2026-11-21 12:10:00 UTC ") for line in first)
    for part in (
        "run r1: running", "batch 2, attempt 1: submitted", "error: 12 truncated",
        "dead letter: 1 of write-jsonl", "stands still: batch 3", "pace: 600",
    ):  # fmt: skip
        assert 1 == sum(part in line for line in first)
    assert [] == feed.news(scene(older))
    moved = feed.news(scene(told(analysed=600, batches=[])))
    assert ["moves again: batch 3, attempt 1", "pace:", "run r1: running"] == sorted(
        next(part for part in ("moves again: batch 3, attempt 1", "run r1: running", "pace:")
             if part in line)
        for line in moved
    )  # fmt: skip


def test_runs_that_were_over_before_are_not_told() -> None:
    """A year of them would be no news."""
    old = told(run_id="old", completed_at=at(0))
    told_lines = Feed().news(scene(runs=[old, told()]))

    assert not [line for line in told_lines if "run old" in line]
    assert [line for line in Feed().news(scene(old)) if "run old: completed" in line]


@pytest.mark.parametrize("width", [1, 5, 30])
def test_a_line_is_cut_to_cells(width: int) -> None:
    """Wide signs count twice."""
    assert width == cut(Text("通話の要約 of a call"), width).cell_len


def test_wrapped_lines_hold_every_word() -> None:
    """In their order."""
    line = Text("one two three four five six seven eight nine ten eleven twelve")
    found = wrapped(line, 24, 4)

    assert line.plain.split() == " ".join(each.plain for each in found).split()
    assert all(each.cell_len <= 24 for each in found)


def test_blocks_are_shortened_by_rank() -> None:
    """And say what is missing."""
    blocks = [
        Block([Text(f"a{n}") for n in range(5)], least=3, rank=1),
        Block([Text(f"b{n}") for n in range(5)], least=2, rank=2),
    ]
    found = [line.plain for line in fitted(blocks, 6)]

    assert ["a0", "a1", "a2", "  and 2 more lines", "b0", "  and 4 more lines"] == found
