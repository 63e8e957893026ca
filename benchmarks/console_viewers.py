"""`python -m benchmarks.console_viewers [--viewers N] [--rows N]`: what viewers cost a run.

The same run is worked off without and with viewers of its page, each of them a stream of its own,
in turns. Processor seconds of the worker are shown beside the wall time, because they do not
depend on what else the machine does.
"""

import argparse
import http.client
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from benchmarks.console import TROUPE, served
from troupe import operations
from troupe.backends.local.backend import LocalBackend
from troupe.backends.local.operations import load
from troupe.demo_data import generate

RUN = "watched"


def prepare(home: Path, rows: int) -> None:
    """Create a folder in which a run of so many records is requested."""
    backend = LocalBackend(home)
    try:
        file = home / "calls.jsonl"
        lines = (msgspec.json.encode(row) + b"\n" for row in generate(calls=rows))
        file.write_bytes(b"".join(lines))
        load(backend, [str(file)])
        operations.request(
            backend, {"run_id": RUN, "canary": 50, "rows_per_batch": max(1, rows // 20)}
        )
    finally:
        backend.close()


def worked(home: Path) -> tuple[float, float]:
    """Work the run off; return seconds of the wall and of the worker's processor."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603  (words of this file)
        [*TROUPE, "work", "--idle-timeout", "0", "--home", str(home)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"the worker ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime


@contextmanager
def watched(home: Path, viewers: int) -> Iterator[list[int]]:
    """Watch the run with so many streams; yield how many parts of the stream each has got."""
    with served(home) as (host, cookie, _):
        parts = [0] * viewers

        def view(number: int) -> None:
            connection = http.client.HTTPConnection(host)
            connection.request("GET", f"/runs/{RUN}/events", headers={"cookie": cookie})
            for line in connection.getresponse():
                parts[number] += line.startswith(b"event: parts")

        threads = [threading.Thread(target=view, args=(at,), daemon=True) for at in range(viewers)]
        for each in threads:
            each.start()
        yield parts
        for each in threads:
            each.join(timeout=30)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.console_viewers", description=__doc__
    )
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--rows", type=int, default=9_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    alone, seen = list[tuple[float, float]](), list[tuple[float, float]]()
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared"
        prepare(prepared, options.rows)
        for at in range(options.repeats):
            first = Path(shutil.copytree(prepared, Path(folder) / f"alone-{at}"))
            alone.append(worked(first))
            second = Path(shutil.copytree(prepared, Path(folder) / f"watched-{at}"))
            with watched(second, options.viewers) as parts:
                seen.append(worked(second))
            print(f"alone {alone[-1]}, watched {seen[-1]}, parts {min(parts)} to {max(parts)}")  # noqa: T201
    for name, index in (("wall", 0), ("processor", 1)):
        before = statistics.median(each[index] for each in alone)
        after = statistics.median(each[index] for each in seen)
        change = 100 * (after / before - 1)
        print(f"{name}: {before:.2f} s alone, {after:.2f} s watched, {change:+.1f} %")  # noqa: T201


if __name__ == "__main__":
    main()
