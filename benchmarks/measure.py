"""Measure pieces of work in processes of their own, in rounds.

Absolute times of a shared machine vary. Reported is a ratio of CPU times: the least that each
piece of work needed in all rounds, because other processes can only add time. The least and the
most ratio of a single round are reported as well.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

Took = dict[str, Any]


def run(*commands: Sequence[str]) -> list[Took]:
    """Run these pieces of work at the same time; returns what each took."""
    running = [_started(command) for command in commands]
    for each in running:
        if each.stdout is None or each.stdout.readline() != "ready\n":
            raise RuntimeError("a piece of work ended before it was ready")
    for each in running:
        if each.stdin:
            each.stdin.write("\n")
            each.stdin.flush()
    return [json.loads(each.communicate()[0]) for each in running]


def _started(command: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
        [sys.executable, "-m", "benchmarks.work", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def rounds(count: int, works: dict[str, Sequence[str]]) -> dict[str, list[Took]]:
    """Run every piece of work once a round, one after the other."""
    took: dict[str, list[Took]] = {name: [] for name in works}
    for _ in range(count):
        for name, command in works.items():
            took[name] += run(command)
    return took


def micros(took: Sequence[Took]) -> float:
    """CPU microseconds per record: the least of the rounds."""
    each = [float(one["cpu"]) / max(1, int(one["records"])) for one in took]
    return round(min(each) * 1e6, 2)


def times(slow: Sequence[Took], fast: Sequence[Took]) -> dict[str, float]:
    """The ratio of the CPU times of the slow and the fast one for the same records."""
    each = sorted(a["cpu"] / max(b["cpu"], 1e-9) for a, b in zip(slow, fast, strict=True))
    best = [min(float(one["cpu"]) for one in took) for took in (slow, fast)]
    return {
        "best": round(best[0] / max(best[1], 1e-9), 2),
        "least": round(each[0], 2),
        "most": round(each[-1], 2),
    }
