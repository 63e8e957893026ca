"""The worker's loop, with the control server open and the progress shown."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from troupe.backends.defaults import BadSetting
from troupe.backends.local.backend import HomeInUse, LocalBackend, LocalSettings
from troupe.backends.local.control_server import ControlServer
from troupe.backends.local.errors import InvalidHome
from troupe.backends.local.worker import Worker
from troupe.endpoint.openai import Endpoint
from troupe.report.progress import Live
from troupe.report.run_text import is_over
from troupe.standin.corrupt import Damage
from troupe.standin.prediction_lines import analyst
from troupe.standin.settings import Behaviour
from troupe.telemetry.logs import log_to

from .client import fail

SHOW_SECONDS = 0.5
PATIENCE_SECONDS = 5.0


def settings_of(damage: float, seed: int, endpoint: Endpoint | None) -> LocalSettings:
    """`damage` is per cent of the answers."""
    spoiled = Damage(share=damage / 100, seed=seed) if damage else None
    try:
        return LocalSettings(
            damage=spoiled,
            answerer=endpoint or analyst,
            behaviour=Behaviour(keeps_answers=endpoint is not None),
        )
    except BadSetting as problem:
        fail(str(problem))


@contextmanager
def opened(home: Path, settings: LocalSettings) -> Iterator[tuple[LocalBackend, ControlServer]]:
    """The backend of a state folder and its control server; ends the command when another owns it."""
    backend = _owned(home, settings)
    log_to(home / "log.jsonl")
    control_server = ControlServer(home)
    control_server.open()
    try:
        yield backend, control_server
    finally:
        control_server.close()
        backend.close()


def _owned(home: Path, settings: LocalSettings) -> LocalBackend:
    """A command that only asks owns the folder for a moment; a worker keeps it."""
    for _ in range(round(PATIENCE_SECONDS / 0.1)):
        try:
            return LocalBackend(home, settings)
        except HomeInUse:
            time.sleep(0.1)
        except InvalidHome as problem:
            fail(str(problem))
    return fail(f"{home}: a worker is at work here already; `troupe status` shows what it does", 1)


def work_until_idle(
    backend: LocalBackend,
    control_server: ControlServer,
    *,
    linger: float = 0.0,
    say: Callable[[str], None],
) -> int:
    """Work; end when nothing was left to do and nobody asked for anything for `linger` seconds.

    Returns the number of the signal that ended it before; 0 for none.
    """
    worker = Worker(backend, lambda seconds: _listen(backend, control_server, seconds))
    with Live(sys.stdout.isatty()) as live, _ended_by_signal() as ended:
        show = _Shown(backend, worker, live)
        while not ended():
            control_server.answer(backend)
            if worker.step():
                show.now_and_then()
                continue
            show.now()
            if linger:
                say(f"nothing to do; waiting {linger:g} s for more")
            if not linger or not _asked_within(backend, control_server, linger, ended):
                break
        return ended()


def still_open(backend: LocalBackend) -> list[str]:
    """The runs that are not over, and those that are requested and not planned yet."""
    since = backend.dependencies.event_log.lookback_start(backend.clock())
    asked = backend.dependencies.tracking.query(
        "waiting_requests", {"since": since, "run_id": None}
    )
    planned = [run_id for run_id, _ in backend.dependencies.tracking.open_runs(since)]
    return [*planned, *(row["run_id"] for row in asked)]


def _listen(backend: LocalBackend, control_server: ControlServer, seconds: float) -> None:
    control_server.answer(backend, seconds)


def _asked_within(
    backend: LocalBackend, control_server: ControlServer, seconds: float, ended: Callable[[], int]
) -> bool:
    """Whether something came that gives work, before the time is up."""
    deadline = time.monotonic() + seconds
    while not ended() and time.monotonic() < deadline:
        left = deadline - time.monotonic()
        if control_server.answer(backend, max(0.01, min(left, 0.5))) and backend.bus.waiting:
            return True
    return False


@contextmanager
def _ended_by_signal() -> Iterator[Callable[[], int]]:
    """SIGTERM and Ctrl-C end the loop between two steps; a second Ctrl-C ends it at once.

    Yields what tells the number of the signal that came; 0 for none.
    """
    told: list[int] = []

    def note(number: int, _frame: Any) -> None:
        if told and number == signal.SIGINT:
            raise KeyboardInterrupt
        told.append(number)

    before = {s: signal.signal(s, note) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: told[0] if told else 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Shown:
    """What the progress display is told, now and then."""

    def __init__(self, backend: LocalBackend, worker: Worker, live: Live) -> None:
        self._backend, self._worker, self._live = backend, worker, live
        self._started = self._shown = time.monotonic()

    def now_and_then(self) -> None:
        if time.monotonic() - self._shown >= SHOW_SECONDS:
            self.now()

    def now(self) -> None:
        self._shown = time.monotonic()
        run, others = self._open()
        if run is None:
            return
        counted = {name: run[name] or 0 for name in ("analysed", "failed", "released")}
        self._live.update(
            {
                "run_id": run["run_id"],
                "batches": run["batches"],
                "records": run["records"],
                **counted,
                "open": run["records"] - sum(counted.values()),
                "deliveries": self._worker.deliveries,
                "in_flight": self._backend.bus.waiting,
                "stage": self._stage(run),
                "cost": run["cost"],
                "others": others,
                "seconds": self._shown - self._started,
            }
        )

    def _open(self) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
        """The newest run that is open, and the others; where none is, the newest of all."""
        since = self._backend.dependencies.event_log.lookback_start(self._backend.clock())
        runs = self._backend.dependencies.tracking.query("runs", {"run_id": None, "since": since})
        open_ = [run for run in runs if not is_over(run)] or runs[-1:]
        return (open_[-1] if open_ else None), open_[:-1]

    def _stage(self, run: dict[str, Any]) -> str:
        if run["completed_at"]:
            return "completed"
        return "answering" if self._backend.service.next_due() else "working"
