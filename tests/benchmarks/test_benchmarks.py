"""Every benchmark runs at a tiny size and returns its figures. Speed is not tested."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis import Reader, lines_of
from benchmarks import samples
from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.baseline import read_plainly
from benchmarks.report import page
from benchmarks.work import read

SMALL: dict[str, dict[str, Any]] = {
    "reading": {"lines": 30, "repeats": 1},
    "writing": {"lines": 30, "repeats": 1},
    "memory": {"megabytes": (1,)},
    "planning": {"sizes": (50,)},
    "batches": {"counts": (1,)},
    "hops": {"count": 3},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_returns_its_figures(name: str) -> None:
    """Figures that can be encoded, and a section of the page made of them."""
    figures = BENCHMARKS[name](**SMALL[name])

    assert json.loads(json.dumps(figures))
    about = {
        "processor": "x", "cores": 2, "memory_gigabytes": 1, "system": "s", "python": "3",
        "packages": {},
    }  # fmt: skip
    measured = {"measured": "2026-01-01, load before 0.9"}
    assert page({"machine": about, name: figures | measured}).count("## ") == 1


def test_the_results_are_written_to_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As JSON and as a page, which is also printed."""
    main(["--quick", "--only", "hops", "--out", str(tmp_path)])

    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert {"machine", "hops"} == results.keys()
    assert capsys.readouterr().out == (tmp_path / "RESULTS.md").read_text(encoding="utf-8")


def test_the_same_seed_gives_the_same_file() -> None:
    """So that two runs can be compared."""
    first, second = (list(samples.predictions(40, seed=3, characters=200)) for _ in range(2))

    assert first == second
    assert first != list(samples.predictions(40, seed=4, characters=200))


def test_ours_and_the_baseline_read_the_same_file(tmp_path: Path) -> None:
    """Our reader refuses some damaged answers; no other row is missing."""
    path = tmp_path / "predictions.jsonl"
    path.write_bytes(b"".join(samples.predictions(300, seed=3, characters=200)))
    readings = list(Reader(samples.call_review()).read([path.read_bytes()]))
    rows, _ = read_plainly(path)

    refused = sum(reading.error_type is not None for reading in readings)
    assert len(readings) == 300
    assert 0 < refused < 20
    assert 300 - refused <= rows <= 300


def test_ranges_of_bytes_share_the_lines_without_loss(tmp_path: Path) -> None:
    """A line belongs to the range that it begins in, wherever the ranges are split."""
    path = tmp_path / "predictions.jsonl"
    path.write_bytes(b"".join(samples.predictions(20, seed=3, characters=200)))
    size = path.stat().st_size
    whole = read(str(path))()

    for middle in (1, size // 3, size // 2, size - 1, *_newlines(path)):
        halves = [read(str(path), "yes", "0", str(middle)), read(str(path), "yes", str(middle))]
        assert whole["records"] == sum(half()["records"] for half in halves)


def _newlines(path: Path) -> list[int]:
    """Positions around the ends of some lines."""
    ends, at = [], 0
    for line in lines_of([path.read_bytes()]):
        at += len(line) + 1
        ends += [at - 1, at, at + 1]
    return ends[:12]
