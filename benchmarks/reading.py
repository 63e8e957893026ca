"""Reading predictions: compared with the requirements' algorithm, with the bytes alone, on two cores."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import samples
from benchmarks.measure import micros, rounds, run, times

FOREIGN_CHARACTERS = 1_000
"""Length of the transcripts of the file with foreign echoes: its lines have 3 KB."""


def reading(*, lines: int, repeats: int) -> dict[str, Any]:
    """Read the same file in each way, each time in a process of its own.

    A second file has short lines, whose echoes another program asked for.
    """
    with TemporaryDirectory(prefix="troupe-bench-") as folder:
        path, foreign = Path(folder) / "predictions.jsonl", Path(folder) / "foreign.jsonl"
        with path.open("wb") as file:
            file.writelines(samples.predictions(lines, seed=7))
        with foreign.open("wb") as file:
            file.writelines(samples.predictions(lines, 7, FOREIGN_CHARACTERS, foreign=True))
        size, foreign_size = path.stat().st_size, foreign.stat().st_size
        took = rounds(
            repeats,
            {
                "plain": ["read_plainly", str(path)],
                "ours": ["read", str(path), "no"],
                "ours_with_fingerprint": ["read", str(path), "yes"],
                "scan": ["scan", str(path)],
                "lines": ["lines", str(path)],
                "parse": ["parse", str(path)],
            },
        )
        short = rounds(
            repeats,
            {
                "plain": ["read_plainly", str(foreign)],
                "ours": ["read", str(foreign), "no"],
                "ours_with_fingerprint": ["read", str(foreign), "yes"],
            },
        )
        two = [_two_processes(path, size) for _ in range(repeats)]
    one = took["ours_with_fingerprint"]
    return {
        "lines": lines,
        "bytes_a_line": size // lines,
        "cpu_micros_a_line": {
            name: round(micros(each) * each[0]["records"] / lines, 2) for name, each in took.items()
        },
        "megabytes_a_second": {
            name: round(size / 1e6 / min(each["cpu"] for each in done))
            for name, done in took.items()
        },
        "peak_megabytes": {
            name: round(max(each["peak_megabytes"] for each in done)) for name, done in took.items()
        },
        "times_plain": times(took["plain"], took["ours"]),
        "times_plain_with_fingerprint": times(took["plain"], took["ours_with_fingerprint"]),
        "scans": times(took["ours"], took["scan"]),
        "parses": times(took["ours"], took["parse"]),
        "two_processes": _gain(one, two),
        "foreign": {
            "bytes_a_line": foreign_size // lines,
            "cpu_micros_a_line": {
                name: round(micros(each) * each[0]["records"] / lines, 2)
                for name, each in short.items()
            },
            "times_plain": times(short["plain"], short["ours"]),
            "times_plain_with_fingerprint": times(short["plain"], short["ours_with_fingerprint"]),
        },
    }


def _two_processes(path: Path, size: int) -> tuple[float, float]:
    """Wall seconds of two processes over halves of the file, and CPU seconds of the longer."""
    half = str(size // 2)
    halves = run(["read", str(path), "yes", "0", half], ["read", str(path), "yes", half, str(size)])
    wall = max(e["ended"] for e in halves) - min(e["began"] for e in halves)
    return float(wall), max(float(each["cpu"]) for each in halves)


def _gain(one: list[dict[str, Any]], two: list[tuple[float, float]]) -> dict[str, float]:
    """What two processes gain over one, by the best time of each.

    Load on one core slows two processes more than one; the ratio in CPU time leaves that out.
    """
    alone = min(float(each["ended"] - each["began"]) for each in one)
    busy = min(float(each["cpu"]) for each in one)
    wall, cpu = min(each[0] for each in two), min(each[1] for each in two)
    return {
        "wall_one": round(alone, 3),
        "wall_two": round(wall, 3),
        "times_one": round(alone / wall, 2),
        "times_one_in_cpu": round(busy / cpu, 2),
    }
