"""The comparison with other tools: the same faults for each, and counts that can be trusted."""

import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.peers.__main__ import TOOLS, Trial
from benchmarks.peers.fake_endpoint import Behaviour
from benchmarks.peers.records import is_valid, read_records, write_records
from benchmarks.peers.table import page

FOLDER = Path(__file__).parents[2] / "benchmarks" / "peers"


def asked(behaviour: Behaviour, *records: int) -> list[tuple[int, bool]]:
    """Ask for each record; return status and whether the answer is whole."""

    async def ask(record: int) -> tuple[int, bool]:
        status, reply = await behaviour.answer(b"This is record %06d." % record)
        text = reply["choices"][0]["message"]["content"] if status == 200 else ""
        return status, is_valid(text)

    async def all_of_them() -> list[tuple[int, bool]]:
        return [await ask(record) for record in records]

    return asyncio.run(all_of_them())


def test_every_client_meets_the_same_faults() -> None:
    """They follow from the record and its try, in whatever order the requests come."""
    first, second = (Behaviour(errors=0.3, malformed=0.3) for _ in range(2))
    forwards = asked(first, *range(60), *range(60))
    backwards = asked(second, *reversed(range(60)), *reversed(range(60)))

    assert forwards[:60] == backwards[59::-1]
    assert forwards[60:] == backwards[:59:-1]
    assert {(200, True), (200, False), (503, False)} == set(forwards)


def test_a_dead_endpoint_answers_nothing_until_it_is_back() -> None:
    """And what it answered is counted by record."""
    behaviour = Behaviour(dies_after=2)
    assert [200, 200, 503, 503] == [status for status, _ in asked(behaviour, 1, 1, 2, 3)]
    behaviour.change({"dies_after": None})
    assert [200] == [status for status, _ in asked(behaviour, 2)]

    assert {"000001": 2, "000002": 1} == behaviour.counts()["answers"]


def test_lost_and_doubly_paid_records_are_counted(tmp_path: Path) -> None:
    """Tries without a record are not counted."""
    counts = {
        "requests": {"000000": 1, "000001": 3, "?": 7},
        "answers": {"000000": 1, "000001": 3, "?": 7},
        "most_in_flight": 2,
    }
    endpoint: Any = SimpleNamespace(counts=lambda: counts)
    (tmp_path / "stored.txt").write_text("000000\n000000\n", encoding="utf-8")

    figures = Trial("python", "troupe", tmp_path, endpoint, 16, 3).count()

    assert (2, 2, 4) == (figures.lost, figures.paid_twice, figures.requests)


def test_a_call_is_measured_in_processes_and_can_be_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a command in place of the tool."""
    monkeypatch.setattr("benchmarks.peers.__main__.HERE", tmp_path)
    (tmp_path / "run_troupe.py").write_text("import time, sys\nsys.exit(time.sleep(60))\n")
    endpoint: Any = SimpleNamespace(url="http://127.0.0.1:9")
    trial = Trial(sys.executable, "troupe", tmp_path, endpoint, 16, 3)

    assert not trial.call(until=lambda: True)
    assert ([-9], 1) == (trial.figures.exits, trial.figures.calls)
    assert trial.figures.megabytes > 1


def test_ratios_are_to_the_best_tool() -> None:
    """With the figure itself beside them."""
    figures = dict.fromkeys(("lost", "paid_twice", "requests", "calls"), 0)
    best = figures | {"cpu": 2.0, "wall": 8.0, "megabytes": 100.0}
    other = figures | {"cpu": 5.0, "wall": 4.0, "megabytes": 50.0, "lost": 7}

    lines = page({"slow": {"troupe": best, "other": other}}, 200, 16).splitlines()

    assert "| scenario | figure | troupe | other |" in lines
    assert "| slow | CPU | 1.0 (2.0 s) | 2.5 (5.0 s) |" in lines
    assert "| slow | wall time | 2.0 (8.0 s) | 1.0 (4.0 s) |" in lines
    assert "| slow | lost | 0 | 7 |" in lines


def test_records_are_of_the_documented_size(tmp_path: Path) -> None:
    """1.4 KB, each with its number in its text."""
    write_records(tmp_path, 3)

    records = read_records(tmp_path)

    assert ["000000", "000001", "000002"] == [number for number, _ in records]
    assert {1_400} == {round(len(text), -2) for _, text in records}
    assert [] == [number for number, text in records if f"record {number}" not in text]


def test_every_tool_has_a_runner_that_the_page_names() -> None:
    """And its package is pinned."""
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")

    assert [] == [tool for tool in TOOLS if f"(run_{tool}.py)" not in readme]
    assert [] == [tool for tool in TOOLS if not (FOLDER / f"run_{tool}.py").exists()]
    assert [] == [
        packages for tool, packages in TOOLS.items() if tool != "troupe" and "==" not in packages[0]
    ]


@pytest.mark.parametrize("text", ["", None, "{", "[]", "{}", json.dumps({"callSummary": ""})])
def test_an_answer_without_a_summary_is_not_valid(text: str | None) -> None:
    """It has to be a whole JSON object."""
    assert not is_valid(text)
