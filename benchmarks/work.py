"""One piece of work in a process of its own: `python -m benchmarks.work NAME ARGUMENT…`.

The process prepares, prints "ready", waits for a line, works, and prints what it took as JSON. So
only the work is measured, none finds memory that another used, and several begin at once.
"""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from analysis import Preflight, Reader, encode_reading, lines_of, preflight, render
from analysis.template import Template
from benchmarks import baseline, samples

BLOCK = 1 << 18
"""Bytes; the allocator returns larger blocks to the system, which clears them each time."""
LINES_A_FILE = 80_000
"""Keeps a request file below its limit of 1 GB."""
Figures = dict[str, int]
Work = Callable[[], Figures]


class _Nothing(msgspec.Struct):
    """A line that is parsed without keeping any property."""


def read(path: str, fingerprints: str = "yes", start: str = "0", end: str = "") -> Work:
    """Read the lines that begin in a range of bytes with our reader, and encode the rows."""
    reader = Reader(samples.long_review(), fingerprints=fingerprints == "yes")
    stop = int(end) if end else Path(path).stat().st_size

    def work() -> Figures:
        return _encoded(reader, _blocks(Path(path), int(start), stop))

    return work


def read_plainly(path: str) -> Work:
    def work() -> Figures:
        rows, size = baseline.read_plainly(Path(path))
        return {"records": rows, "bytes": size}

    return work


def scan(path: str) -> Work:
    """Read the file in blocks and count newlines in C: the cost of the bytes alone."""

    def work() -> Figures:
        stop = Path(path).stat().st_size
        blocks = _blocks(Path(path), 0, stop)
        return {"records": sum(block.count(b"\n") for block in blocks), "bytes": stop}

    return work


def lines(path: str) -> Work:
    """Split the file into lines, and nothing more."""

    def work() -> Figures:
        stop = Path(path).stat().st_size
        return {"records": sum(1 for _ in lines_of(_blocks(Path(path), 0, stop))), "bytes": stop}

    return work


def parse(path: str) -> Work:
    """Parse every line once without keeping anything: the lower bound of reading."""
    decode = msgspec.json.Decoder(_Nothing).decode

    def work() -> Figures:
        records, stop = 0, Path(path).stat().st_size
        for line in lines_of(_blocks(Path(path), 0, stop)):
            records += 1
            with suppress(msgspec.DecodeError):
                decode(line)
        return {"records": records, "bytes": stop}

    return work


def read_much(megabytes: str) -> Work:
    """Read a file of any size with our reader; blocks repeat, and none is on disk."""
    reader = Reader(samples.long_review())
    lines = b"".join(samples.predictions(400, seed=5))
    blocks = [lines[at : at + BLOCK] for at in range(0, len(lines), BLOCK)]
    count = max(1, int(megabytes) * 1_000_000 * len(blocks) // len(lines))
    return lambda: _encoded(reader, islice(cycle(blocks), count))


def write(count: str) -> Work:
    """Render request lines, check them by preflight, and count their bytes."""
    analysis = samples.long_review()
    requests = list(samples.requests(int(count), seed=3))

    def work() -> Figures:
        seen = Preflight()
        for _ in preflight(analysis, render(analysis, requests), seen):
            pass
        return {"records": seen.lines, "bytes": seen.size}

    return work


def write_plainly(count: str) -> Work:
    analysis = samples.long_review()
    requests = list(samples.requests(int(count), seed=3))

    def work() -> Figures:
        text = baseline.write_plainly(analysis, requests)
        return {"records": len(requests), "bytes": len(text)}

    return work


def copy(count: str) -> Work:
    """Join the same pieces to lines without escapes or checks: the lower bound of writing."""
    template: Template = samples.long_review().template
    requests = samples.requests(int(count), seed=3)
    texts = [(r.record_id.encode(), r.transcript.encode()) for r in requests]
    first, second, *others = template.pieces

    def work() -> Figures:
        size = 0
        for record_id, text in texts:
            size += len(b"".join((first, record_id, second, text, *others)))
        return {"records": len(texts), "bytes": size}

    return work


def write_much(megabytes: str) -> Work:
    """Render so many request lines that their files would have this size."""
    analysis = samples.long_review()
    some = list(samples.requests(400, seed=3))
    count = int(megabytes) * 1_000_000 // (len(b"".join(render(analysis, some))) // 400)

    def work() -> Figures:
        numbered = enumerate(islice(cycle(some), count))
        requests = (
            type(request)(samples.record_id(number), request.transcript, 2048)
            for number, request in numbered
        )
        size = 0
        for _ in range(0, count, LINES_A_FILE):
            seen = Preflight()
            some_lines = render(analysis, islice(requests, LINES_A_FILE))
            for _ in preflight(analysis, some_lines, seen):
                pass
            size += seen.size
        return {"records": count, "bytes": size}

    return work


def plan(count: str) -> Work:
    """Run one planning statement over so many source records, in a new file."""
    from benchmarks.backends import Planner

    folder = TemporaryDirectory(prefix="troupe-bench-")
    planner = Planner(Path(folder.name), int(count))

    def work() -> Figures:
        with folder:
            records, batches = planner.plan()
        return {"records": records, "batches": batches}

    return work


def nothing() -> Work:
    """Do nothing: the memory of an interpreter with everything imported."""
    return lambda: {"records": 0, "bytes": 0}


WORKS: dict[str, Callable[..., Work]] = {
    each.__name__: each
    for each in (
        read, read_plainly, scan, lines, parse, read_much,
        write, write_plainly, copy, write_much, plan, nothing,
    )
}  # fmt: skip


def _blocks(path: Path, start: int, end: int) -> Iterator[bytes]:
    """Blocks of the lines that begin in this range."""
    with path.open("rb") as file:
        if start:
            file.seek(start - 1)
            file.readline()
        while file.tell() < end and (block := file.read(min(BLOCK, end - file.tell()))):
            yield block if block.endswith(b"\n") or file.tell() < end else block + file.readline()


def _encoded(reader: Reader, blocks: Iterator[bytes]) -> Figures:
    records = size = 0
    for reading in reader.read(blocks):
        records += 1
        size += len(encode_reading(reading))
    return {"records": records, "bytes": size}


def _peak() -> float:
    """Peak memory in MB; on Linux `getrusage` would include the parent's peak."""
    status = Path("/proc/self/status")
    if status.exists():
        peak = re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="ascii"))
        if peak:
            return int(peak[1]) / 1024
    from troupe.backends.defaults import peak_megabytes

    return peak_megabytes() or 0.0


def main(name: str, *arguments: str) -> None:
    work = WORKS[name](*arguments)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    began, cpu = time.time(), time.process_time()
    figures = work()
    cpu, ended = time.process_time() - cpu, time.time()
    result = {"cpu": cpu, "began": began, "ended": ended, "peak_megabytes": _peak()}
    sys.stdout.write(json.dumps(result | figures) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
