"""`troupe status --watch`, with the time held in the hand."""

from collections.abc import Iterator
from typing import Any

import pytest

from infra.cli.watching import Watch, watch
from infra.report.pace import Pace


def run(analysed: int, records: int = 100, **more: Any) -> dict[str, Any]:
    return {
        "run_id": "r1",
        "records": records,
        "analysed": analysed,
        "cost": 0.01 * analysed,
    } | more


def answers(*looks: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return iter([{"worker": None, "runs": [look]} for look in looks])


def test_it_ends_when_every_run_is_over() -> None:
    """And tells the end; what did not change is not said twice."""
    told: list[str] = []
    looks = answers(run(0), run(0), run(100, completed_at="2026-03-02T09:00:00Z"))
    waits: list[float] = []

    watch(lambda: next(looks), lambda: 0.0, lambda: waits.append(2.0), told.append)

    assert 2 == len(waits)
    assert 1 == sum("r1: running" in line for line in told)
    assert 1 == sum("r1: completed" in line for line in told)


def test_ctrl_c_ends_it_quietly() -> None:
    """Watching changes nothing, so nothing is left half done."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    watch(lambda: {"worker": None, "runs": [run(0)]}, lambda: 0.0, interrupted, lambda _: None)


def test_the_time_left_is_a_range_of_what_was_seen() -> None:
    """Twenty records in ten seconds, then ten in ten: forty left take 20 to 40 seconds."""
    pace = Pace()
    for at, analysed in ((0.0, 30), (10.0, 50), (15.0, 50), (20.0, 60)):
        pace.saw(at, run(analysed))

    assert ["  90 records a minute, 20 s to 40 s left, $1.00 expected in all"] == pace.lines(
        run(60)
    )


@pytest.mark.parametrize("looks", [[], [0], [0, 0]])
def test_nothing_is_foretold_before_anything_moved(looks: list[int]) -> None:
    """A first look says nothing about speed."""
    pace = Pace()
    for at, analysed in enumerate(looks):
        pace.saw(float(at), run(analysed))

    assert "no rate yet" in pace.lines(run(0))[0]


def test_a_run_that_is_over_has_no_pace() -> None:
    """Neither in its lines nor under a heading of its own."""
    seen = Watch(lambda: 0.0)
    over = run(100, completed_at="2026-03-02T09:00:00Z")

    assert not [line for line in seen.lines({"worker": None, "runs": [over]}) if "moves" in line]
