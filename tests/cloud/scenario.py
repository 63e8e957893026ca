"""Run one scenario on a deployment, with or without killed services, and check its totals."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.cloud.deployment import CloudDeployment
from troupe.operations.dead_letters import list_dead_letters

KILL_SECONDS = 5.0
"""Seconds between two kills."""
MAX_SECONDS = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult:
    """Counts and totals of a scenario's run."""

    transcripts: int
    seconds: float
    kills: int
    jobs: int
    deliveries: int
    dead_letters: int
    totals: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        """Whether every record is accounted for once, and nothing is open."""
        totals = self.totals
        faults = ("lost", "doubled", "paid_twice", "two_bodies", "closed_twice", "open")
        return bool(
            totals["ok"] and totals["completed"] and not any(totals[name] for name in faults)
        )

    def lines(self) -> list[str]:
        totals = self.totals
        return [
            f"{self.transcripts:,} transcripts in {self.seconds:.0f} s, {self.kills} kills",
            f"{self.jobs} jobs, {self.deliveries:,} deliveries, {self.dead_letters} dead letters",
            ", ".join(
                f"{name} {totals[name]:,}"
                for name in ("planned", "analysed", "failed", "released", "open", "skipped")
            ),
            f"lost {totals['lost']}, doubled {totals['doubled']}, paid twice {totals['paid_twice']}",
            "the totals balance" if self.ok else "THE TOTALS DO NOT BALANCE",
        ]


def run_scenario(
    cloud: CloudDeployment,
    run_id: str,
    rows: Iterable[Mapping[str, Any]],
    *,
    kills: int = 0,
    max_seconds: float = MAX_SECONDS,
    **request: Any,
) -> ScenarioResult:
    """Load, request, kill so many services, wait for the end, and count."""
    loaded, before, killed = cloud.load(rows), cloud.deliveries(), cloud.kills
    started = time.monotonic()
    cloud.request(run_id, **request)
    next_kill = started + KILL_SECONDS
    while not cloud.is_completed(run_id):
        now = time.monotonic()
        if now - started > max_seconds:
            break
        if cloud.kills - killed < kills and now >= next_kill:
            cloud.kill_one()
            next_kill = now + KILL_SECONDS
        time.sleep(0.5)
    return ScenarioResult(
        transcripts=loaded,
        seconds=time.monotonic() - started,
        kills=cloud.kills - killed,
        jobs=cloud.jobs(run_id),
        deliveries=cloud.deliveries() - before,
        dead_letters=len(list_dead_letters(cloud.backend).letters),
        totals=cloud.totals(run_id),
    )
