"""Progress: a panel on a terminal, plain lines elsewhere."""

import subprocess
import sys
from io import StringIO
from typing import Any

import pytest

from troupe.report import Live


def status(seconds: float, **changes: Any) -> dict[str, Any]:
    return {
        "run_id": "r1",
        "batches": 4,
        "records": 1000,
        "analysed": 0,
        "failed": 0,
        "released": 0,
        "open": 1000,
        "deliveries": 1,
        "in_flight": 2,
        "stage": "submitted",
        "cost": None,
        "seconds": seconds,
    } | changes


def lines_of(*statuses: dict[str, Any]) -> list[str]:
    stream = StringIO()
    with Live(False, stream) as live:
        for each in statuses:
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

    assert expected == lines_of(status(0), status(5, analysed=300, cost=0.01))


def test_further_open_runs_are_named() -> None:
    """A worker does all of them, and shows the newest in full."""
    others = [{"run_id": f"old-{n}", "records": 10, "analysed": n} for n in range(5)]
    (line,) = lines_of(status(0, others=others))
    stream = StringIO()
    with Live(True, stream) as live:
        live.update(status(0, others=others))

    for told in (line, stream.getvalue()):
        assert "also open: old-0 0 %, old-1 10 %, old-2 20 %, 2 more" in told


def test_nothing_new_is_no_line() -> None:
    """Time and deliveries alone are no news."""
    assert len(lines_of(status(0), status(5), status(10, deliveries=99))) == 1


def test_there_is_at_most_one_line_a_second() -> None:
    """By the clock of the statuses, however many come."""
    fast = [status(n / 10, analysed=n) for n in range(100)]

    assert 10 <= len(lines_of(*fast)) <= 11


def test_the_last_figures_are_told_however_soon() -> None:
    """Who reads the log must see the end."""
    lines = lines_of(status(0), status(0.2, analysed=1000, open=0))

    assert "1,000 of 1,000 records (100 %)" in lines[-1]


def test_outside_of_its_context_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither before nor after."""
    live = Live(False)
    live.update(status(0))
    with live:
        pass
    live.update(status(1))

    assert capsys.readouterr().out == ""


def test_a_terminal_gets_a_panel() -> None:
    """Names are text there, never markup."""
    stream = StringIO()
    with Live(True, stream) as live:
        live.update(status(0, run_id="[red]r1[/red]"))
        live.update(status(5, analysed=300, cost=0.01))
        live.update({})
        live.update(status(6, run_id="[red]r1[/red]", analysed=1000, open=0))
    shown = stream.getvalue()

    assert "Run [red]r1[/red]" in shown
    assert "1,000 of 1,000 records over" in shown


def test_rich_is_imported_on_terminals_alone() -> None:
    """A pipe need not wait for it."""
    code = (
        "import sys\nfrom troupe.report import Live\n"
        "with Live(False) as live: live.update({})\n"
        "sys.exit('rich' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
