"""`python -m benchmarks.console [--runs N] [--rows N] [--home DIR]`: how soon each page answers.

The folder has 10,000 runs and nearly a million rows unless an option says otherwise; one that exists is used
again. The console runs in a process of its own, without a worker: each page opens the database.
Every request asks for something else, so that no answer is shared with an earlier one.
"""

import argparse
import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

from benchmarks.console_home import make_home
from troupe.backends.local.state_folder import WAREHOUSE

REPEATS = 15
TROUPE = [sys.executable, "-c", "from troupe.cli import main; main()"]

PAGES: dict[str, Callable[[int, int], str]] = {
    "Runs": lambda runs, at: f"/?text=run-{runs - at}",
    "Runs, with failures": lambda runs, at: f"/?state=failures&text=run-{runs // 100 - at}",
    "Run": lambda runs, at: f"/runs/run-{runs - at}",
    "Run, of a year ago": lambda _runs, at: f"/runs/run-{at + 1}",
    "Run, timeline": lambda runs, at: f"/runs/run-{runs - at}/timeline",
    "Records": lambda _runs, at: f"/records?since=2025-11-{at + 1:02d}",
    "Records, of a closed value": lambda _runs, at: (
        f"/records?where=call_tone%3Dangry&since=2025-11-{at + 1:02d}"
    ),
    "Records, of a run": lambda runs, at: f"/records?run=run-{runs - at}",
    "Answers": lambda _runs, at: f"/answers?since=2025-11-03&until=2026-01-{at + 1:02d}",
    "Costs": lambda runs, at: f"/costs?after=run-{runs - 50 * at - 1}",
    "Compare, the form": lambda _runs, _at: "/compare",
    "Review": lambda runs, at: f"/review?run=run-{runs - at}",
    "Dead letters": lambda _runs, at: f"/dead-letters?page={at}",
    "Analysis": lambda _runs, _at: "/analyses/call_review_v1",
}
"""Address of the page at its n-th request, over so many runs (`run-1` is the oldest). The generated calls are of
the year until February of 2026."""


def record_ids(home: Path) -> list[str]:
    """Return some records that have a row, from all over the folder."""
    with duckdb.connect(str(home / WAREHOUSE), read_only=True) as db:
        found = db.execute(
            "SELECT min(record_id) FROM processed_records GROUP BY batch % 7, hash(record_id) % 20"
        )
        return [record for (record,) in found.fetchmany(REPEATS)]


@dataclass(frozen=True, slots=True)
class Seen:
    """One response."""

    status: int
    first_byte: float
    """Seconds."""
    size: int


@contextmanager
def served(home: Path) -> Iterator[tuple[str, str, int]]:
    """Run the console over a folder; yield its address, the cookie of a session, and its process."""
    words = ["console", "--json", "--home", str(home)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    process = subprocess.Popen(  # noqa: S603  (words of this file)
        [*TROUPE, *words], stdout=subprocess.PIPE, env=environment
    )
    try:
        if process.stdout is None:
            raise RuntimeError("the console has no output")
        address = urlsplit(json.loads(process.stdout.readline())["address"])
        connection = http.client.HTTPConnection(address.netloc)
        connection.request("GET", f"/?{address.query}")
        cookie = connection.getresponse().headers["set-cookie"].partition(";")[0]
        connection.close()
        yield address.netloc, cookie, process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def cpu_seconds(pid: int) -> float:
    """Return what a process has used; 0 where the system does not say."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    user, system = stat.read_text(encoding="utf-8").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def seen(host: str, cookie: str, path: str) -> Seen:
    """Load a page over a connection of its own."""
    connection = http.client.HTTPConnection(host)
    connection.connect()
    began = time.perf_counter()
    connection.request("GET", path, headers={"cookie": cookie})
    response = connection.getresponse()
    first = time.perf_counter() - began
    size = len(response.read())
    connection.close()
    return Seen(response.status, first, size)


def console(home: Path, runs: int) -> dict[str, dict[str, float]]:
    """Return milliseconds, of the wall and of the processor, and sizes of each page."""
    figures, ids = {}, record_ids(home)
    pages = PAGES | {"Record": lambda _runs, at: f"/records/{ids[at]}"}
    with served(home) as (host, cookie, pid):
        for name, path in pages.items():
            before = cpu_seconds(pid)
            found = [seen(host, cookie, path(runs, at)) for at in range(REPEATS)]
            used = 1_000 * (cpu_seconds(pid) - before) / REPEATS
            wrong = {each.status for each in found} - {200}
            if wrong:
                raise RuntimeError(f"{name} ended with {wrong}")
            times = sorted(1_000 * each.first_byte for each in found)
            figures[name] = {
                "least_ms": round(times[0], 1),
                "median_ms": round(statistics.median(times), 1),
                "most_ms": round(times[-1], 1),
                "cpu_ms": round(used, 1),
                "bytes": max(each.size for each in found),
            }
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=100, help="records of each run")
    parser.add_argument("--home", type=Path, help="folder to keep, or to use again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or Path(folder) / "home"
        if not home.exists():
            make_home(home, options.runs, options.rows)
        for name, figures in console(home, options.runs).items():
            print(name, json.dumps(figures))  # noqa: T201


if __name__ == "__main__":
    main()
