"""A run under a held clock, for pictures that are the same whoever makes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from events import RunRequested, wrap_command
from troupe.backends.local.backend import LocalBackend, LocalSettings
from troupe.backends.local.operations import add_analysis, load
from troupe.demo_data import generate
from troupe.standin.corrupt import Corruption
from troupe.standin.settings import Behaviour

START = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
RUN = "calls-of-november"
DAMAGE = Corruption(share=0.12, seed=0)
"""So that there is something to see."""
OWN = Path(__file__).parent.parent / "docs" / "examples" / "compliance_check_v1"
REQUEST = RunRequested(run_id=RUN, rows_per_batch=60, canary=30, concurrency=3)


class HeldClock:
    """Time passes when it is told to."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time

    def pass_to(self, time: datetime) -> None:
        self.time = max(self.time, time)


class Story:
    """One run on a laptop, step by step."""

    def __init__(self, home: Path) -> None:
        self.clock = HeldClock()
        behaviour = Behaviour(pending_seconds=240, running_seconds=900)
        settings = LocalSettings(corruption=DAMAGE, deployment="demo", behaviour=behaviour)
        self.backend = LocalBackend(home, settings, self.clock)
        # Another figure on every machine.
        self.backend.dependencies = replace(self.backend.dependencies, peak_megabytes=lambda: None)
        file = home / "generated.jsonl"
        file.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in generate()))
        load(self.backend, str(file))
        self._request(REQUEST)

    def play(self, most: timedelta = timedelta(days=30)) -> None:
        """Until everything is done, or so much time has passed."""
        until = self.clock() + most
        while True:
            if self.backend.deliver_next() is not None or self.backend.service.step():
                continue
            times = (self.backend.bus.next_due(), self.backend.service.next_due())
            due = min((time for time in times if time is not None), default=None)
            if due is None or due > until:
                if most < timedelta(days=30):
                    self.clock.pass_to(until)
                return
            self.clock.pass_to(due)

    def another(self) -> str:
        """An analysis of one's own over the same calls, to its end; the name of its run."""
        run = "checks-of-november"
        add_analysis(self.backend, str(OWN))
        self._request(msgspec.structs.replace(REQUEST, run_id=run, analysis=OWN.name))
        self.play()
        return run

    def record_asked_twice(self) -> str:
        """One that needed a further attempt."""
        db = self.backend.warehouse.db
        found = db.execute(
            "SELECT record_id FROM processed_records WHERE first_processed_execution_id = ? "
            "ORDER BY attempt DESC, batch, record_id LIMIT 1",
            [RUN],
        ).fetchone()
        assert found is not None, "the run stored rows"  # noqa: S101
        return str(found[0])

    def _request(self, request: RunRequested) -> None:
        self.backend.publish(
            wrap_command(
                request, deployment=self.backend.deployment, id_=request.run_id, time=self.clock()
            )
        )


@contextmanager
def opened(home: Path) -> Iterator[Story]:
    story = Story(home)
    try:
        yield story
    finally:
        story.backend.close()
