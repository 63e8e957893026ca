"""Planning: how one statement grows with the source table, on the laptop's warehouse."""

from typing import Any

from benchmarks.measure import run

WHOLE = 25_000_000
"""Records of the table in the requirements."""


def planning(*, sizes: tuple[int, ...]) -> dict[str, Any]:
    """Each size in a process of its own, with a source table made there by SQL."""
    planned = []
    for size in sizes:
        (took,) = run(["plan", str(size)])
        seconds = took["ended"] - took["began"]
        planned.append(
            {
                "source_records": size,
                "planned_records": took["records"],
                "batches": took["batches"],
                "seconds": round(seconds, 2),
                "micros_a_record": round(seconds / size * 1e6, 2),
                "peak_megabytes": round(took["peak_megabytes"]),
            }
        )
    last = planned[-1]
    return {
        "planned": planned,
        "seconds_for_25_million": round(last["micros_a_record"] * WHOLE / 1e6),
        "extrapolated_from": last["source_records"],
    }
