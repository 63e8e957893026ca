"""Progress: a panel on a terminal, plain lines elsewhere."""

import subprocess
import sys
from io import StringIO
from typing import Any

import pytest

from tests.report.samples import run
from troupe.report.live.progress import Live, WorkerProgress


def progress(seconds: float, analysed: int = 0, **changes: Any) -> WorkerProgress:
    """Of a run of 1,000 records; `changes` are those of the run."""
    others, deliveries = changes.pop("others", ()), changes.pop("deliveries", 1)
    return WorkerProgress(
        run=run(analysed, **{"cost": None} | changes),
        stage="submitted",
        in_flight=2,
        deliveries=deliveries,
        seconds=seconds,
        others=others,
    )


def lines_of(*updates: WorkerProgress) -> list[str]:
    stream = StringIO()
    with Live(False, stream) as live:
        for each in updates:
            live.update(each)
    return stream.getvalue().splitlines()


def test_a_change_is_a_line() -> None:
    """With figures, cost and time."""
    expected = [
        (
            "[0 s] r1 submitted: 0 of 1,000 records (0 %), 0 failed, 0 released, 4 batches,"
            " 2 in flight, no cost yet"
        ),
        (
            "[5 s] r1 submitted: 300 of 1,000 records (30 %), 0 failed, 0 released, 4 batches,"
            " 2 in flight, cost $0.010"
        ),
    ]

    assert expected == lines_of(progress(0), progress(5, 300, cost=0.01))


def test_further_open_runs_are_named() -> None:
    """A worker does all of them, and shows the newest in full."""
    others = tuple(run(n, run_id=f"old-{n}", records=10) for n in range(5))
    (line,) = lines_of(progress(0, others=others))
    stream = StringIO()
    with Live(True, stream) as live:
        live.update(progress(0, others=others))

    for text in (line, stream.getvalue()):
        assert "also open: old-0 0 %, old-1 10 %, old-2 20 %, 2 more" in text


def test_nothing_new_is_no_line() -> None:
    """Time and deliveries alone make no line."""
    assert len(lines_of(progress(0), progress(5), progress(10, deliveries=99))) == 1


def test_there_is_at_most_one_line_a_second() -> None:
    """By the seconds of the progress, however many updates come."""
    fast = [progress(n / 10, n) for n in range(100)]

    assert 10 <= len(lines_of(*fast)) <= 11


def test_the_last_figures_are_printed_however_soon() -> None:
    """The log must show the end."""
    lines = lines_of(progress(0), progress(0.2, 1000))

    assert "1,000 of 1,000 records (100 %)" in lines[-1]


def test_outside_of_its_context_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither before nor after."""
    live = Live(False)
    live.update(progress(0))
    with live:
        pass
    live.update(progress(1))

    assert capsys.readouterr().out == ""


def test_a_terminal_gets_a_panel() -> None:
    """Names are text there, never markup."""
    stream = StringIO()
    with Live(True, stream) as live:
        live.update(progress(0, run_id="[red]r1[/red]"))
        live.update(progress(5, 300, cost=0.01))
        live.update(progress(6, 0, records=0))
        live.update(progress(7, 1000, run_id="[red]r1[/red]"))
    shown = stream.getvalue()

    assert "Run [red]r1[/red]" in shown
    assert "1,000 of 1,000 records over" in shown


def test_rich_is_imported_on_terminals_alone() -> None:
    """A pipe need not wait for it."""
    code = (
        "import sys\nfrom troupe.report.live.progress import Live\n"
        "from tests.report.test_progress import progress\n"
        "with Live(False) as live: live.update(progress(0))\n"
        "sys.exit('rich' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
