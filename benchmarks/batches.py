"""Warehouse requests, bytes and deliveries per batch, for runs of different lengths."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.backends import CALLS, BenchmarkBackend

ROWS_PER_BATCH = 2
NEVER_REACHED = 10**12
"""Tokens of a budget that no run reaches, so that only its queries are added."""


def batches(*, counts: tuple[int, ...]) -> dict[str, Any]:
    """Whole runs of so many tiny batches, the first two also with a token budget."""
    columns = ("batches", "warehouse_requests_a_batch", "bytes_read_a_batch")
    capped = [_run(count, NEVER_REACHED) for count in counts[:2]]
    return {
        "runs": [_run(count) for count in counts],
        "capped": [{name: run[name] for name in columns} for run in capped],
    }


def _run(count: int, budget_tokens: int | None = None) -> dict[str, Any]:
    with TemporaryDirectory(prefix="troupe-bench-") as folder:
        backend = BenchmarkBackend(Path(folder), records=count * ROWS_PER_BATCH)
        try:
            began = time.perf_counter()
            counted = backend.run(ROWS_PER_BATCH, budget_tokens)
            seconds = time.perf_counter() - began
        finally:
            backend.close()
    each = {f"{name}_a_batch": round(n / count, 2) for name, n in counted.items()}
    requests = sum(counted[name] for name in CALLS)
    return {
        "batches": count,
        "warehouse_requests_a_batch": round(requests / count, 2),
        "milliseconds_a_batch": round(seconds * 1000 / count, 1),
        **each,
    }
