"""Print what an idle deployment costs in thirty days, from its own statements and settings.

    python -m scripts.idle_costs

docs/deploy.md has this table; a test compares them. Prices are Google's public list prices, checked
against the named pages at the named date; free amounts are those of a billing account.
"""

import sys
from collections.abc import Iterator

from scripts.bytes_read import reads_of
from tracking.statements import query
from troupe.deployment.services import SIZES

AS_OF = "2026-12-01"
TICKS = 30 * 24 * 12
"""One every five minutes."""
IDLE_TICK = ("open_work",)
"""The queries of a tick that finds nothing open; tests/handlers/test_idle_tick.py counts them."""
SECONDS_A_TICK = 1.0
"""Assumed."""
READINESS_SECONDS = 30 * 24 * 120 * 0.1
"""At most: an instance that lives all the time is asked every half minute, billed as a tenth of a second."""
LEAST_BYTES = 10 * 2**20
"""What BigQuery bills at least for each table that a query refers to (its pricing page)."""
DOLLARS_A_TIB, FREE_TIB = 6.25, 1.0
"""BigQuery, on demand, in the US and EU (its pricing page)."""
FREE_CPU_SECONDS, FREE_GIB_SECONDS, FREE_REQUESTS = 180_000, 360_000, 2_000_000
"""Cloud Run with billing by request (its pricing page)."""
FREE_PUBSUB_BYTES, LEAST_MESSAGE = 10 * 2**30, 1_000
"""Pub/Sub (its pricing page)."""
SCHEDULER_JOBS, FREE_JOBS, DOLLARS_A_JOB = 2, 3, 0.10
"""Cloud Scheduler (its pricing page)."""


def references() -> list[str]:
    """Return the tables that the queries of an idle tick refer to, each once a query."""
    return [
        table
        for name in IDLE_TICK
        for table in dict.fromkeys(read.table for read in reads_of(name, query(name)))
    ]


def tib_a_month() -> float:
    """Return what BigQuery bills at least for the ticks of thirty days, in TiB."""
    return float(TICKS * len(references()) * LEAST_BYTES / 2**40)


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield service, amount and price."""
    tables, tib = references(), tib_a_month()
    names = " and ".join(f"`{name}`" for name in tables)
    alone = tib * DOLLARS_A_TIB
    yield (
        "BigQuery",
        f"{TICKS * len(IDLE_TICK):,} queries of {names}, at least 10 MB each: {tib:.2f} TiB",
        f"{_free(tib / FREE_TIB)} of the free TiB: $0; ${alone:.2f} where others use that up",
    )
    cpu = TICKS * SECONDS_A_TICK + READINESS_SECONDS
    gib = cpu * _gib(SIZES["watch-jobs"].memory)
    used = max(cpu / FREE_CPU_SECONDS, gib / FREE_GIB_SECONDS, TICKS / FREE_REQUESTS)
    yield (
        "Cloud Run",
        f"{TICKS:,} requests of `watch-jobs`, no minimum instance; {SECONDS_A_TICK:g} s each is assumed, and the readiness probes",
        f"{_free(used)} of what is free: $0",
    )
    sent = 2 * TICKS * LEAST_MESSAGE
    yield (
        "Pub/Sub",
        f"{TICKS:,} ticks of at least 1,000 bytes, published and delivered: {sent / 1e6:.0f} MB",
        f"{_free(sent / FREE_PUBSUB_BYTES)} of the free 10 GiB: $0",
    )
    jobs = SCHEDULER_JOBS * DOLLARS_A_JOB
    yield (
        "Cloud Scheduler",
        f"{SCHEDULER_JOBS} jobs; {FREE_JOBS} are free",
        f"$0; ${jobs:.2f} where others use these up",
    )


def _gib(memory: str) -> float:
    return int(memory[:-2]) / {"Mi": 1024, "Gi": 1}[memory[-2:]]


def _free(share: float) -> str:
    return f"{max(1, round(100 * share))} %"


def table() -> Iterator[str]:
    """The lines of a Markdown table."""
    yield "| what | amount | price |"
    yield "|---|---|---|"
    yield from (f"| {' | '.join(row)} |" for row in rows())


def main() -> int:
    sys.stdout.writelines(f"{line}\n" for line in table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
