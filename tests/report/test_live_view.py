"""The live view: its content, on every size of terminal."""

import re
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from msgspec.structs import replace as replace_struct
from rich.console import Console
from rich.text import Text

from tests.report.samples import at, batch, details, error, run, status, totals
from troupe.operations.run_status import RunDetails, Worker
from troupe.operations.runs import RunStatus
from troupe.report.layout import Block, Pen, cut, fitted, wrapped
from troupe.report.live.change_log import ChangeLog
from troupe.report.live.screen import LiveScreen
from troupe.report.live.snapshot import Snapshot, hold_ups, places
from troupe.report.live.view import screen
from troupe.report.pace import Forecast

SIZES = [(80, 24), (80, 10), (40, 12), (20, 5), (140, 24), (200, 60), (116, 30), (1, 1)]

HELD = {"handler": "write-jsonl", "cause": "object-differs", "letter_id": "f17"}
LETTERS = [{"handler": "write-jsonl", "cause": "object-differs", "count": 1, "oldest_seconds": 9.0}]


def half_way(**changes: Any) -> RunDetails:
    """A bit of everything."""
    fields: dict[str, Any] = {
        "batches": [
            batch(1, "completed", analysed=250),
            batch(2, "submitted", 4000, job_state="running", job_age_seconds=3900.0),
            batch(3, "planned", 5, held_up=HELD),
            batch(4, "waiting", None),
        ],
        "plan": {
            "source_rows": 1122,
            "skipped": {"duplicate": 22, "processed": 100, "held": 0},
            "expected_cost": [0.2, 0.9],
        },
        "errors": [error("truncated", errors=12), error("blocked", errors=3)],
    }
    return details(**fields | changes)


def snapshot(
    shown: RunStatus | None = None, found: RunDetails | None = None, **changes: Any
) -> Snapshot:
    """`shown` in full, or a run half way; `changes` are those of the status."""
    shown = shown or run()
    fields = {"worker": Worker(pid=7), "runs": [shown], "dead_letters": LETTERS} | changes
    forecast = Forecast(600.0, 60.0, 120.0, 0.5)
    return Snapshot(status(**fields), shown, found or half_way(), at(600), {"r1": forecast})


NO_RUN = Snapshot(status(), None, None, at(600))


def text_of(found: Snapshot, width: int = 120, height: int | None = None, **pen: Any) -> str:
    return "\n".join(line.plain.rstrip() for line in screen(found, Pen(width, **pen), height))


@pytest.mark.parametrize("width", [80, 120, 160])
def test_every_required_figure_is_there(width: int) -> None:
    """Funnel, batches by state, jobs with age, rate, time left, cost, errors, dead letters."""
    text = text_of(snapshot(), width)

    for part in (
        "r1 running", "worker 7", "planned 10 m ago", "500 of 1,000 records over 50 %",
        "rows in the source", "1,122", "- not selected", "122", "100 analysed before",
        "records planned", "not begun", "at the model", "being sent", "rows stored",
        "1 completed", "1 submitted", "1 waiting", "stuck", "running, 1 h 5 m old",
        "600 records a minute", "1 m to 2 m left",
        "$0.25 so far, about $0.50 in all, expected $0.20 to $0.90",
        "Errors 15", "12  truncated", "blocked", "Dead letters", "1 of write-jsonl",
        "Held up 1", "see `troupe dead-letters show f17`",
    ):  # fmt: skip
        assert part in text


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize(
    "found",
    [
        snapshot(),
        NO_RUN,
        snapshot(found=details()),
        Snapshot(status(run()), run(), None, at(600)),
        snapshot(run(run_id="r" * 40)),
    ],
)
def test_it_fits_every_terminal(width: int, height: int, found: Snapshot) -> None:
    """Exactly as wide and at most as high: nothing scrolls, nothing of the last drawing is left."""
    lines = screen(found, Pen(width), height, foot="Ctrl-C ends the watch")

    assert len(lines) <= height
    assert {width} == {line.cell_len for line in lines}


def test_where_it_is_tight_what_is_held_up_stays() -> None:
    """With its command, and the rest is counted."""
    found = half_way(errors=[error(f"e{n}") for n in range(30)])
    text = text_of(snapshot(found=found), 80, 22)

    assert "see `troupe dead-letters show f17`" in text
    assert re.search(r"and \d+ more lines", text)
    assert "rows stored" in text
    assert "$0.25 so far" in text


def test_a_command_is_wrapped_and_never_cut() -> None:
    """On narrow terminals too."""
    text = text_of(snapshot(), 40)

    assert "show f17`" in text


def test_open_records_are_where_their_batch_is() -> None:
    """Without those that came to an end in an earlier attempt."""
    second = batch(2, "submitted", analysed=200, failed=1)

    found = places([batch(1, "completed"), second, batch(3, "waiting", None)])

    assert {"not begun": 250, "being sent": 0, "at the model": 49, "being read": 0} == found


def test_several_open_runs_are_listed() -> None:
    """The one that is shown in full is marked; on a small terminal the others are named."""
    others = [run(run_id=f"r{n}") for n in range(2, 8)]
    both = snapshot(runs=[run(), *others])

    assert "▸  r1" in text_of(both)
    assert "and 3 more open" in text_of(both)
    assert "Also open r2 50 %" in text_of(both, 80, 20)
    assert "Open runs" not in text_of(snapshot())


def test_a_batch_that_waits_within_its_limits_is_not_held_up() -> None:
    """A job that runs within its limit, and a batch whose turn has not come."""
    fine = details(batches=[batch(1, "submitted", 4000), batch(2, "waiting", None)])
    late = details(batches=[batch(1, "planned", 4000), batch(2, "submitted", 400_000)])

    assert [] == hold_ups(snapshot(found=fine))
    first, second = hold_ups(snapshot(found=late))
    assert "over the limit of 72 h" in first
    assert "is overdue: check that a worker or service runs" in second


def test_a_missing_worker_is_shown_while_a_run_is_open() -> None:
    """Said where something should; a deployment needs none."""
    expected = "start one with `troupe work`"
    over = run(completed_at=at(60))

    assert expected in text_of(snapshot(worker=None))
    assert expected not in text_of(snapshot(over, worker=None))
    assert "services at work" in text_of(snapshot(worker=Worker(services=True)))


def test_a_run_that_is_over_shows_its_totals() -> None:
    """And no pace."""
    found = half_way(reconciliation=totals(planned=1000, analysed=500, failed=500))
    text = text_of(snapshot(run(completed_at=at(60)), found), 200)

    assert "r1 completed" in text
    assert "The totals balance: 1,000 planned" in text
    assert "Pace" not in text


def test_ages_go_on_between_two_looks() -> None:
    """In whole seconds."""
    young = snapshot(found=details(batches=[batch(2, "submitted", 10)]))
    older = replace(young, age=3.4)

    assert "10 s" in text_of(young)
    assert "13 s" in text_of(older)


def test_names_are_text_and_never_markup() -> None:
    """Nor do they break a line."""
    text = text_of(snapshot(run(run_id="[red]r\n1[/red]")))

    assert "[red]r 1[/red]" in text


def test_a_terminal_of_ascii_gets_ascii() -> None:
    """Bars included."""
    assert text_of(snapshot(), plain=True).isascii()


def test_the_screen_draws_without_clearing_and_leaves_the_last_snapshot() -> None:
    """No flicker: each drawing begins at home, over the one before."""
    stream = StringIO()
    console = Console(
        file=stream, force_terminal=True, width=80, height=24, legacy_windows=False, _environ={}
    )
    with LiveScreen(lambda: 0.0, 2.0, console) as live:
        live.show(snapshot())
    shown = stream.getvalue()

    assert "\x1b[2J" not in shown
    alternate, _, usual = shown.rpartition("\x1b[?1049l")
    assert "Ctrl-C ends the watch" in alternate
    assert "Ctrl-C" not in usual
    assert "500 of 1,000 records over" in usual


def test_lines_without_a_terminal_are_changes_only() -> None:
    """Ages change, and nothing has happened."""
    log = ChangeLog()
    first = log.changes(snapshot())
    older = [replace_struct(each, seconds_in_state=9999) for each in half_way().batches]

    assert all(line.startswith("2026-11-21 12:10:00 UTC ") for line in first)
    for part in (
        "run r1: running", "batch 2, attempt 1: submitted", "error: 12 truncated",
        "dead letter: 1 of write-jsonl", "held up: batch 3", "pace: 600",
    ):  # fmt: skip
        assert 1 == sum(part in line for line in first)
    assert [] == log.changes(snapshot(found=half_way(batches=older)))
    moved = log.changes(snapshot(run(600), half_way(batches=[])))
    parts = ("no longer held up: batch 3, attempt 1", "pace:", "run r1: running")
    assert [*parts] == sorted(next(part for part in parts if part in line) for line in moved)


def test_runs_that_were_over_before_the_watch_have_no_line() -> None:
    """A year of them would be no news."""
    old = run(run_id="old", completed_at=at(0))
    lines = ChangeLog().changes(snapshot(runs=[old, run()]))

    assert not [line for line in lines if "run old" in line]
    assert [line for line in ChangeLog().changes(snapshot(old)) if "run old: completed" in line]


@pytest.mark.parametrize("width", [1, 5, 30])
def test_a_line_is_cut_to_cells(width: int) -> None:
    """Wide characters count twice."""
    assert width == cut(Text("通話の要約 of a call"), width).cell_len


def test_wrapped_lines_hold_every_word() -> None:
    """In their order."""
    line = Text("one two three four five six seven eight nine ten eleven twelve")
    found = wrapped(line, 24, 4)

    assert line.plain.split() == " ".join(each.plain for each in found).split()
    assert all(each.cell_len <= 24 for each in found)


def test_blocks_are_shortened_by_rank() -> None:
    """The last line counts the missing ones."""
    blocks = [
        Block([Text(f"a{n}") for n in range(5)], least=3, rank=1),
        Block([Text(f"b{n}") for n in range(5)], least=2, rank=2),
    ]
    found = [line.plain for line in fitted(blocks, 6)]

    assert ["a0", "a1", "a2", "  and 2 more lines", "b0", "  and 4 more lines"] == found
