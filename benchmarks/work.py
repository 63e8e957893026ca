"""One piece of work in a process of its own: `python -m benchmarks.work NAME ARGUMENT…`.

It prepares, says "ready", waits for a line, works, and prints what it took as JSON. So
nothing is measured but the work, no work finds the memory that another left behind, and two
processes begin together.
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
"""Larger ones are given back to the system and cleared for us again, each time."""
LINES_A_FILE = 80_000
"""A request file has at most a thousand megabytes."""
Figures = dict[str, int]
Work = Callable[[], Figures]


class _Nothing(msgspec.Struct):
    """A line of which nothing is wanted."""


def read(path: str, fingerprints: str = "yes", start: str = "0", end: str = "") -> Work:
    """Our reader over the lines that begin in a range of bytes, to encoded rows."""
    reader = Reader(samples.house_review(), fingerprints=fingerprints == "yes")
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
    """What the bytes alone cost: read in blocks, newlines counted at the speed of C."""

    def work() -> Figures:
        stop = Path(path).stat().st_size
        blocks = _blocks(Path(path), 0, stop)
        return {"records": sum(block.count(b"\n") for block in blocks), "bytes": stop}

    return work


def lines(path: str) -> Work:
    """The bytes cut into lines, and nothing done with them."""

    def work() -> Figures:
        stop = Path(path).stat().st_size
        return {"records": sum(1 for _ in lines_of(_blocks(Path(path), 0, stop))), "bytes": stop}

    return work


def parse(path: str) -> Work:
    """The floor of reading: every line parsed once, and nothing kept of it."""
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
    """Our reader over a file of any size, that repeats a block and stands on no disk."""
    reader = Reader(samples.house_review())
    lines = b"".join(samples.predictions(400, seed=5))
    blocks = [lines[at : at + BLOCK] for at in range(0, len(lines), BLOCK)]
    count = max(1, int(megabytes) * 1_000_000 * len(blocks) // len(lines))
    return lambda: _encoded(reader, islice(cycle(blocks), count))


def write(count: str) -> Work:
    """Our request lines, proved by preflight, with their size counted."""
    analysis = samples.house_review()
    requests = list(samples.requests(int(count), seed=3))

    def work() -> Figures:
        seen = Preflight()
        for _ in preflight(analysis, render(analysis, requests), seen):
            pass
        return {"records": seen.lines, "bytes": seen.size}

    return work


def write_plainly(count: str) -> Work:
    analysis = samples.house_review()
    requests = list(samples.requests(int(count), seed=3))

    def work() -> Figures:
        text = baseline.write_plainly(analysis, requests)
        return {"records": len(requests), "bytes": len(text)}

    return work


def copy(count: str) -> Work:
    """The floor of writing: the same pieces joined to lines, nothing escaped or proved."""
    template: Template = samples.house_review().template
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
    """Our request lines, so many that their files would have this size."""
    analysis = samples.house_review()
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
    """One planning statement over so many source records, in a file of its own."""
    from benchmarks.backends import Planner

    folder = TemporaryDirectory(prefix="troupe-bench-")
    planner = Planner(Path(folder.name), int(count))

    def work() -> Figures:
        with folder:
            records, batches = planner.plan()
        return {"records": records, "batches": batches}

    return work


def nothing() -> Work:
    """An interpreter with everything imported: what memory costs before any work."""
    return lambda: {"records": 0, "bytes": 0}


WORKS: dict[str, Callable[..., Work]] = {
    each.__name__: each
    for each in (
        read, read_plainly, scan, lines, parse, read_much,
        write, write_plainly, copy, write_much, plan, nothing,
    )
}  # fmt: skip


def _blocks(path: Path, start: int, end: int) -> Iterator[bytes]:
    """The lines that begin in this range, in blocks; a line belongs to where it begins."""
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
    """Peak memory in MB. Linux hands the peak of the parent on through `getrusage`."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="ascii"))
        if found:
            return int(found[1]) / 1024
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
    told = {"cpu": cpu, "began": began, "ended": ended, "peak_megabytes": _peak()}
    sys.stdout.write(json.dumps(told | figures) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
