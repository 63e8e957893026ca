"""Sample runs with a fixed clock, for pictures that are the same on every machine."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from unittest.mock import patch

import msgspec

from events import Condition, RunRequested, wrap_command
from handlers.dispatch.errors import Reject
from handlers.ports import Blob
from troupe import operations
from troupe.backends.local.backend import LocalBackend, LocalSettings
from troupe.backends.local.operations import add_analysis, load
from troupe.demo_data import generate
from troupe.standin.corrupt import Corruption
from troupe.standin.settings import Behaviour

START = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
RUN = "calls-of-november"
CORRUPTION = Corruption(share=0.12, seed=0)
"""So that errors are shown."""
OWN = Path(__file__).parent.parent / "docs" / "examples" / "compliance_check_v1"
QUEUES = Path(__file__).parent.parent / "docs" / "examples" / "queue_review_v1"
CALLS_WITH_QUEUES = (("billing", 7, "north"), ("technical", 11, "south"), ("sales", 3, "north"))
"""Queue, a step for the seconds of its calls, and team."""
REQUEST = RunRequested(run_id=RUN, rows_per_batch=60, canary=30, concurrency=3)


class HeldClock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time

    def pass_to(self, time: datetime) -> None:
        self.time = max(self.time, time)


class SampleRun:
    """One run on a local backend, advanced step by step."""

    def __init__(self, home: Path, *, with_queues: bool = False) -> None:
        self.clock = HeldClock()
        behaviour = Behaviour(pending_seconds=240, running_seconds=900)
        settings = LocalSettings(corruption=CORRUPTION, deployment="demo", behaviour=behaviour)
        self.backend = LocalBackend(home, settings, self.clock)
        # Peak memory differs between machines.
        self.backend.dependencies = replace(self.backend.dependencies, peak_megabytes=lambda: None)
        file = home / "generated.jsonl"
        rows = (row | _attributes(at) if with_queues else row for at, row in enumerate(generate()))
        file.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
        load(self.backend, [str(file)])
        self._request(REQUEST)

    def advance(self, limit: timedelta = timedelta(days=30)) -> None:
        """Run until nothing is left to do, or so much time has passed."""
        until = self.clock() + limit
        while True:
            if self.backend.deliver_next() is not None or self.backend.service.step():
                continue
            times = (self.backend.bus.next_due(), self.backend.service.next_due())
            due = min((time for time in times if time is not None), default=None)
            if due is None or due > until:
                if limit < timedelta(days=30):
                    self.clock.pass_to(until)
                return
            self.clock.pass_to(due)

    def stop_own_analysis(self) -> str:
        """Begin another analysis over the same calls and cancel it; returns the run's id."""
        run = "checks-cancelled"
        add_analysis(self.backend, str(OWN))
        self._request(msgspec.structs.replace(REQUEST, run_id=run, analysis=OWN.name))
        self.advance(timedelta(minutes=95))
        operations.cancel(self.backend, run)
        self.advance()
        self.backend.tick()  # sees that the cancelled jobs have ended
        self.advance()
        return run

    def run_few(self) -> str:
        """Run that analysis over a few calls, each of which gets its row; returns the run's id."""
        run = "checks-of-monday"
        few = msgspec.structs.replace(
            REQUEST, run_id=run, analysis=OWN.name, max_attempts=9, mode="test", limit=90
        )
        self._request(few)
        self.advance()
        return run

    def run_own_analysis(self) -> str:
        """Run that analysis to its end, with as many attempts as it takes; returns the run's id."""
        run = "checks-of-november"
        again = msgspec.structs.replace(REQUEST, run_id=run, analysis=OWN.name, max_attempts=9)
        self._request(again)
        self.advance()
        return run

    def run_second_version(self, folder: Path) -> str:
        """Run a version of that analysis that lacks a value of its schema; returns its name."""
        name = OWN.name.replace("_v1", "_v2")
        own = copytree(OWN, folder / name)
        for file, old, new in (
            ("analysis.json", OWN.name, name),
            ("schema.json", '"none", "low", "high"', '"low", "high"'),
        ):
            text = (own / file).read_text(encoding="utf-8")
            (own / file).write_text(text.replace(old, new), encoding="utf-8")
        add_analysis(self.backend, str(own))
        self._hold_up(name)
        again = msgspec.structs.replace(
            REQUEST, run_id="second-version", analysis=name, max_attempts=9
        )
        self._request(again)
        self.advance()
        return name

    def _hold_up(self, analysis: str) -> None:
        """Let a run of few records wait for an operator, and receive a message that is no event."""

        def refuse(path: str, chunks: Iterable[bytes]) -> Blob:
            raise Reject("object_conflict", "another object has this name")

        with patch.object(self.backend.dependencies.bucket, "write_once", refuse):
            self._request(
                msgspec.structs.replace(
                    REQUEST, run_id="held-up", analysis=analysis, mode="test", limit=20
                )
            )
            self.backend.bus.send("batch-planned", b"not json", {})
            self.advance(timedelta(hours=2))

    def run_queues(self) -> str:
        """Run over the calls of two queues, with their attributes; returns the run's id."""
        run = "two-queues"
        add_analysis(self.backend, str(QUEUES))
        two = [Condition(attribute="queue", one_of=["billing", "technical"])]
        self._request(
            msgspec.structs.replace(
                REQUEST, run_id=run, analysis=QUEUES.name, attributes=two, max_attempts=9
            )
        )
        self.advance()
        return run

    def run_nothing(self) -> str:
        """Request a run when every record is done; returns the run's id."""
        run = "nothing-new"
        self._request(msgspec.structs.replace(REQUEST, run_id=run))
        self.advance()
        return run

    def retried_record(self) -> str:
        """A record that needed more than one attempt."""
        db = self.backend.warehouse.db
        row = db.execute(
            "SELECT record_id FROM processed_records WHERE first_processed_execution_id = ? "
            "ORDER BY attempt DESC, batch, record_id LIMIT 1",
            [RUN],
        ).fetchone()
        assert row is not None, "the run stored rows"  # noqa: S101
        return str(row[0])

    def _request(self, request: RunRequested) -> None:
        self.backend.publish(
            wrap_command(
                request, deployment=self.backend.deployment, id_=request.run_id, time=self.clock()
            )
        )


def _attributes(at: int) -> dict[str, str | int]:
    queue, step, team = CALLS_WITH_QUEUES[at % len(CALLS_WITH_QUEUES)]
    return {"queue": queue, "duration_seconds": 40 + at * step % 600, "agent_team": team}


@contextmanager
def opened(home: Path, *, with_queues: bool = False) -> Iterator[SampleRun]:
    sample = SampleRun(home, with_queues=with_queues)
    try:
        yield sample
    finally:
        sample.backend.close()
