"""One whole run through a deployment, with or without kills, and what is to be said of it."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.cloud.deployment import Cloud

KILL_SECONDS = 5.0
"""Between two kills."""
MOST_SECONDS = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a run came to."""

    transcripts: int
    seconds: float
    kills: int
    jobs: int
    deliveries: int
    dead_letters: int
    books: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        """Everything is accounted for, once, and nothing is left over."""
        books = self.books
        none_of = ("lost", "doubled", "paid_twice", "two_bodies", "closed_twice", "open")
        return bool(books["ok"] and books["completed"] and not any(books[name] for name in none_of))

    def lines(self) -> list[str]:
        books = self.books
        return [
            f"{self.transcripts:,} transcripts in {self.seconds:.0f} s, {self.kills} kills",
            f"{self.jobs} jobs, {self.deliveries:,} deliveries, {self.dead_letters} dead letters",
            ", ".join(
                f"{name} {books[name]:,}"
                for name in ("planned", "analysed", "failed", "released", "open", "skipped")
            ),
            f"lost {books['lost']}, doubled {books['doubled']}, paid twice {books['paid_twice']}",
            "the books balance" if self.ok else "THE BOOKS DO NOT BALANCE",
        ]


def play(
    cloud: Cloud,
    run_id: str,
    rows: Iterable[Mapping[str, Any]],
    *,
    kills: int = 0,
    **request: Any,
) -> Figures:
    """Load, request, kill as often as told, wait for the end, and count."""
    loaded, before, killed = cloud.load(rows), cloud.deliveries(), cloud.kills
    started = time.monotonic()
    cloud.request(run_id, **request)
    next_kill = started + KILL_SECONDS
    while not cloud.is_completed(run_id):
        now = time.monotonic()
        if now - started > MOST_SECONDS:
            break
        if cloud.kills - killed < kills and now >= next_kill:
            cloud.kill_one()
            next_kill = now + KILL_SECONDS
        time.sleep(0.5)
    return Figures(
        transcripts=loaded,
        seconds=time.monotonic() - started,
        kills=cloud.kills - killed,
        jobs=cloud.jobs(run_id),
        deliveries=cloud.deliveries() - before,
        dead_letters=sum(each["count"] for each in cloud.backend.letters.waiting()),
        books=cloud.books(run_id),
    )
