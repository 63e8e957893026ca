"""What a batch costs in requests to the warehouse and in deliveries, as runs get longer."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.worlds import WAYS, World

ROWS_PER_BATCH = 2


def batches(*, counts: tuple[int, ...]) -> dict[str, Any]:
    """Whole runs of so many tiny batches; all counts are per batch."""
    return {"runs": [_run(count) for count in counts]}


def _run(count: int) -> dict[str, Any]:
    with TemporaryDirectory(prefix="troupe-bench-") as folder:
        world = World(Path(folder), records=count * ROWS_PER_BATCH)
        try:
            began = time.perf_counter()
            counted = world.run(ROWS_PER_BATCH)
            seconds = time.perf_counter() - began
        finally:
            world.close()
    each = {f"{name}_a_batch": round(n / count, 2) for name, n in counted.items()}
    asked = sum(counted[name] for name in WAYS)
    return {
        "batches": count,
        "warehouse_requests_a_batch": round(asked / count, 2),
        "milliseconds_a_batch": round(seconds * 1000 / count, 1),
        **each,
    }
