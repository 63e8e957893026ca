"""What a deployment does in a year, in two minutes: a run, a stop, a second reading, a dead letter."""

from collections.abc import Callable
from itertools import islice

from tests.cloud.deployment import CloudDeployment
from tests.cloud.pubsub_emulator import wait_until
from tests.cloud.scenario import ScenarioResult, run_scenario
from troupe.demo_data import generate
from troupe.operations import cancelling, dead_letters, reread

TRANSCRIPTS, FURTHER = 150, 60


def play(cloud: CloudDeployment, seconds: float) -> ScenarioResult:
    """Play all of them; each may take so many seconds, and a failed one raises `AssertionError`."""
    rows = generate()
    first, further = list(islice(rows, TRANSCRIPTS)), list(islice(rows, FURTHER))
    result = run_scenario(cloud, "whole", first, max_seconds=seconds, canary=30, rows_per_batch=60)
    if not result.ok:
        return result

    def until(is_true: Callable[[], bool], what: str) -> None:
        wait_until(is_true, seconds, what)

    until(lambda: _has(cloud, "whole", "report-written"), "the report")
    reread.reread(cloud.backend, "whole", run_id="again", allow_empty=True)
    until(lambda: cloud.is_completed("again"), "the second reading")
    cloud.load(further)
    cloud.request("stopped", canary=10, rows_per_batch=10, concurrency=1)
    until(lambda: cloud.jobs("stopped") > 0, "the first job")
    cancelling.cancel_all(cloud.backend)
    until(lambda: cloud.is_completed("stopped"), "the end of the stopped run")
    cloud.backend.bus.send("batch-planned", b"no event", {})
    until(lambda: bool(_letters(cloud)), "the dead letter")
    dead_letters.discard(cloud.backend, _letters(cloud)[0], "a test")
    until(lambda: not _letters(cloud), "the discard")
    return result


def _letters(cloud: CloudDeployment) -> list[str]:
    return [each.letter_id for each in dead_letters.list_dead_letters(cloud.backend).letters]


def _has(cloud: CloudDeployment, run_id: str, topic: str) -> bool:
    since = cloud.backend.dependencies.event_log.lookback_start(cloud.backend.clock())
    rows = cloud.backend.dependencies.tracking.query(
        "events_of_run", {"run_id": run_id, "since": since, "planned_on": since}
    )
    return any(row["topic"] == topic for row in rows)
