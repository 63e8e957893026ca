"""Measure how many project files one delivery enters, for each handler.

    python -m scripts.files_entered                        a Markdown table of all handlers
    python -m scripts.files_entered --list settle-batch    the files, in order of first entry

Small runs on the local backend reach every handler: one that succeeds, one that is cancelled, a
request that is refused, and a message that is dead-lettered. A delivery is measured from the call
of `deliver` to its return, ports included. Everything is run twice, because the first time also
fills caches; of each handler the delivery that enters most files counts.
"""

import argparse
import gc
import logging
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import msgspec

from events import (
    CancelRequested,
    Command,
    DiscardRequested,
    RereadRequested,
    RunRequested,
    wrap_command,
)
from handlers.choreography import CHOREOGRAPHY, SIGNALS, name_of
from handlers.dispatch.deliver import Publish, deliver
from handlers.dispatch.message import DeliveryResult, Message
from handlers.ports import Dependencies
from troupe.backends.local.backend import LocalBackend, LocalSettings
from troupe.backends.local.operations import load
from troupe.demo_data import generate
from troupe.operations.dead_letters import list_dead_letters
from troupe.telemetry import Telemetry

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("events", "analysis", "tracking", "handlers", "troupe")
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TRANSCRIPTS = 8
MAX_TICKS = 3
"""Ticks without a new message after which a run counts as ended."""


@dataclass(slots=True)
class Entries:
    """The project files that one delivery entered."""

    files: list[str] = field(default_factory=list)
    """Distinct, in order of first entry."""
    handler: str = ""
    switches: int = 0
    """Calls of a function in another file than the function that was called before it."""
    _last: str = ""

    def profile(self, frame: FrameType, event: str, _argument: Any) -> None:
        """The function for `sys.setprofile`. Module bodies run at imports and do not count."""
        if event != "call" or frame.f_code.co_name == "<module>":
            return
        self.handler = _HANDLERS.get(frame.f_code, self.handler)
        file = _project_file(frame.f_code.co_filename)
        if file is None or file == self._last:
            return
        self.switches += bool(self._last)
        self._last = file
        if file not in self.files:
            self.files.append(file)


_HANDLERS: dict[CodeType, str] = {
    handler.__code__: name_of(handler) for handler in (*CHOREOGRAPHY.values(), *SIGNALS.values())
}
"""Names of all handlers by their code, in the order of the flow."""


@cache
def _project_file(name: str) -> str | None:
    """The path below the repository; None for a file outside of the project's packages."""
    path = Path(name)
    if not path.is_relative_to(ROOT):
        return None
    relative = path.relative_to(ROOT)
    return relative.as_posix() if relative.parts[0] in PACKAGES else None


class HeldClock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class MeasuredBackend:
    """A local backend that measures its deliveries."""

    def __init__(self, home: Path) -> None:
        self.by_handler: dict[str, Entries] = {}
        self._clock = HeldClock()
        settings = LocalSettings(deployment="measured", telemetry=Telemetry(self._deliver))
        self._backend = LocalBackend(home, settings, self._clock)
        # With a few rows, optimising a query takes longer than running it.
        self._backend.warehouse.db.execute("SET threads = 1; PRAGMA disable_optimizer")
        rows = generate(calls=TRANSCRIPTS)
        (home / "calls.jsonl").write_bytes(b"\n".join(msgspec.json.encode(row) for row in rows))
        load(self._backend, [str(home / "calls.jsonl")])

    def run_all(self) -> None:
        """Reach every handler once or more."""
        send = self._backend.bus.send
        self._request(RunRequested(run_id="ends", rows_per_batch=4, canary=2, limit=4))
        self._run()
        self._request(RunRequested(run_id="stops", rows_per_batch=4, canary=2))
        self._backend.deliver_next()
        self._request(CancelRequested(run_id="stops"))
        self._run()
        self._request(RereadRequested(run_id="reads", of_run="stops"))
        self._run()
        send("run-requested", b'{"mode": "nonsense"}', {})
        send("batch-planned", b"no event", {})
        self._run()
        (letter,) = list_dead_letters(self._backend).letters
        self._request(DiscardRequested(letter_ids=[letter.letter_id], reason="measured"))
        self._run()
        self._backend.close()

    def _request(self, request: Command) -> None:
        id_ = f"request-{type(request).__name__}-{request.run_id}"
        self._backend.publish(
            wrap_command(
                request, deployment=self._backend.deployment, id_=id_, time=self._clock.now
            )
        )

    def _run(self) -> None:
        """Deliver everything, with a tick whenever nothing else is due."""
        for _ in range(MAX_TICKS):
            while self._backend.deliver_next() is not None or self._backend.service.step():
                pass
            self._clock.now += timedelta(minutes=5)
            self._backend.tick()

    def _deliver(
        self, message: Message, dependencies: Dependencies, publish: Publish
    ) -> DeliveryResult:
        entries = Entries()
        # A generator that an earlier step left is closed now: that is no part of the delivery.
        gc.collect()
        before = sys.getprofile()
        sys.setprofile(entries.profile)
        try:
            return deliver(message, dependencies, publish)
        finally:
            sys.setprofile(before)
            largest = self.by_handler.get(entries.handler)
            if largest is None or len(entries.files) > len(largest.files):
                self.by_handler[entries.handler] = entries


def measure() -> dict[str, Entries]:
    """The largest delivery of each handler. Raises `RuntimeError` when one was not reached."""
    logging.disable(logging.CRITICAL)
    gc.freeze()  # each delivery would search what was there before it for garbage
    try:
        for _ in range(2):
            with tempfile.TemporaryDirectory(prefix="troupe-files-") as folder:
                backend = MeasuredBackend(Path(folder) / "home")
                backend.run_all()
    finally:
        gc.unfreeze()
        logging.disable(logging.NOTSET)
    handlers = list(dict.fromkeys(_HANDLERS.values()))
    missing = [handler for handler in handlers if handler not in backend.by_handler]
    if missing:
        raise RuntimeError(f"no delivery reached {', '.join(missing)}: extend run_all")
    return {handler: backend.by_handler[handler] for handler in handlers}


def table(entries: dict[str, Entries]) -> Iterator[str]:
    """The lines of a Markdown table, in the order of the flow."""
    yield "| handler | files | switches |"
    yield "|---|---|---|"
    for handler, each in entries.items():
        yield f"| `{handler}` | {len(each.files)} | {each.switches} |"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.files_entered",
        description="Measure how many project files one delivery enters, for each handler.",
    )
    parser.add_argument("--list", metavar="HANDLER", help="print the files of one handler")
    handler = parser.parse_args(arguments).list
    entries = measure()
    if handler is not None and handler not in entries:
        parser.error(f"--list {handler}: no such handler; use one of {', '.join(entries)}")
    lines = entries[handler].files if handler else table(entries)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
