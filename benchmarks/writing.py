"""Writing requests: compared with the requirements' algorithm, and with a copy of the bytes."""

from typing import Any

from benchmarks.measure import micros, rounds, times


def writing(*, lines: int, repeats: int) -> dict[str, Any]:
    """Render the same requests in each way, each time in a process of its own."""
    count = str(lines)
    took = rounds(
        repeats,
        {
            "plain": ["write_plainly", count],
            "ours_with_preflight": ["write", count],
            "copy": ["copy", count],
        },
    )
    ours = took["ours_with_preflight"]
    return {
        "lines": lines,
        "bytes_a_line": ours[0]["bytes"] // lines,
        "cpu_micros_a_line": {name: micros(each) for name, each in took.items()},
        "times_plain": times(took["plain"], ours),
        "copies": times(ours, took["copy"]),
    }
