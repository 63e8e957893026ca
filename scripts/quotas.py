"""Compute what a run uses of Google Cloud's quotas, from the code: two small runs are played and counted.

    python -m scripts.quotas                      a Markdown table for a run of 1,000,000 records
    python -m scripts.quotas --records 25000000

What a run of two batches uses, and what a further batch adds, gives what any number of batches
uses in their first attempts. Ticks are left out: they do not depend on the run.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from functools import cache
from itertools import islice
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import sqlglot
from sqlglot import exp

from events import RunRequested, wrap_command
from tracking.tables import layouts
from troupe.backends.local.backend import LocalBackend, LocalSettings
from troupe.backends.local.operations import load
from troupe.demo_data import generate

FEW, MORE, ROWS = 2, 3, 4
"""Batches of the shorter run, those that the longer one has more, and records of a batch."""
ROWS_PER_BATCH = RunRequested.__struct_defaults__[
    RunRequested.__struct_fields__.index("rows_per_batch") - len(RunRequested.__struct_fields__)
]
LIMITS: Mapping[str, str] = {
    "Vertex batch jobs": "no fixed number; jobs queue in a shared pool, 72 hours at most",
    "BigQuery queries": "100 requests a second, user and method",
    "BigQuery transactions": "none of their own; see the statements below",
    "BigQuery load jobs": "100,000 a day and project",
    "INSERT statements, busiest table": "1,500 a day at once, then 10 at a time; 100 wait",
    "UPDATE, DELETE and MERGE statements": "2 at a time and table; 20 wait",
    "rows appended (Write API)": "3 GB a second and project in US and EU, less in a region",
    "table references": "none; each is billed as 10 MB at least",
    "Pub/Sub messages": "no fixed number; the throughput of the region",
    "objects written": "1 a second and name, which is never repeated",
    "objects read": "none",
}
"""As documented; a project's own are in its console under IAM, Quotas."""


class Usage:
    """Counts what one run does at the ports of a backend."""

    def __init__(self, backend: LocalBackend) -> None:
        self.counts: Counter[str] = Counter()
        self.inserts: Counter[str] = Counter()
        warehouse, bucket = backend.warehouse, backend.bucket
        self._count(warehouse, "query", "BigQuery queries", sql=0)
        self._count(warehouse, "stream", "BigQuery queries", sql=0)
        self._count(warehouse, "run_once", "BigQuery transactions", sql=1)
        self._count(warehouse, "load", "BigQuery load jobs")
        self._count(warehouse, "append", "rows appended (Write API)", rows=1)
        self._count(bucket, "write_once", "objects written")
        self._count(bucket, "read", "objects read")
        self._count(backend.service, "create", "Vertex batch jobs")

    def _count(
        self, port: Any, name: str, what: str, sql: int | None = None, rows: int | None = None
    ) -> None:
        method = getattr(port, name)

        def counted(*given: Any, **named: Any) -> Any:
            self.counts[what] += 1 if rows is None else len(given[rows])
            if sql is not None:
                self._count_statements(given[sql])
            return method(*given, **named)

        setattr(port, name, counted)

    def _count_statements(self, sql: str) -> None:
        for parsed in _statements(sql):
            tables = {each.name for each in parsed.find_all(exp.Table)} & set(layouts())
            self.counts["table references"] += len(tables)
            target = parsed.find(exp.Table)
            if isinstance(parsed, exp.Insert) and target is not None and target.name in layouts():
                self.inserts[target.name] += 1
            elif isinstance(parsed, exp.Update | exp.Delete | exp.Merge):
                self.counts["UPDATE, DELETE and MERGE statements"] += 1


@cache
def _statements(sql: str) -> list[exp.Expr]:
    return [each for each in sqlglot.parse(sql, read="bigquery") if each is not None]


def played(batches: int) -> Counter[str]:
    """Play a run of so many batches, and return what it used."""
    with TemporaryDirectory(prefix="troupe-quotas-") as folder:
        backend = LocalBackend(Path(folder), LocalSettings(deployment="quotas"))
        # With a few rows, optimising a query takes longer than running it.
        backend.warehouse.db.execute("SET threads = 1; PRAGMA disable_optimizer")
        file = Path(folder) / "generated.jsonl"
        rows = [row for row in islice(generate(), 400) if row["transcript"]][: batches * ROWS]
        file.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
        load(backend, [str(file)])
        usage, sent = Usage(backend), backend.bus.sent
        request = RunRequested(run_id="r", canary=ROWS, rows_per_batch=ROWS, concurrency=2)
        backend.publish(
            wrap_command(request, deployment=backend.deployment, id_="q", time=backend.clock())
        )
        while backend.deliver_next() is not None or backend.service.step():
            pass
        usage.counts["Pub/Sub messages"] = backend.bus.sent - sent
        usage.counts["INSERT statements, busiest table"] = max(usage.inserts.values())
        backend.close()
        return usage.counts


def table(records: int, rows_per_batch: int) -> list[str]:
    """Return the usage of a run of so many records as the lines of a Markdown table."""
    few, some = played(FEW), played(FEW + MORE)
    batches = ceil(records / rows_per_batch)
    lines = [
        f"{records:,} records in {batches:,} batches of {rows_per_batch:,}, one attempt each:",
        "",
        "| | a batch | the run | limit (documented) |",
        "|---|---|---|---|",
    ]
    for what, limit in LIMITS.items():
        each = (some[what] - few[what]) / MORE
        run = max(0.0, few[what] - FEW * each) + batches * each
        lines.append(f"| {what} | {each:.3g} | {round(run):,} | {limit} |")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.quotas", description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rows-per-batch", type=int, default=ROWS_PER_BATCH)
    options = parser.parse_args()
    print("\n".join(table(options.records, options.rows_per_batch)))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
