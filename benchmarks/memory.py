"""Peak memory of reading and writing, for a small and a large input."""

from typing import Any

from benchmarks.measure import run


def memory(*, megabytes: tuple[int, ...]) -> dict[str, Any]:
    """Megabytes, each in a process of its own; `imported` is an idle interpreter's."""
    (idle,) = run(["nothing"])
    return {
        "imported": round(idle["peak_megabytes"]),
        "peaks": [
            {
                "input_megabytes": size,
                "reading": round(run(["read_much", str(size)])[0]["peak_megabytes"]),
                "writing": round(run(["write_much", str(size)])[0]["peak_megabytes"]),
            }
            for size in megabytes
        ],
    }
