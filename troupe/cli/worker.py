"""The command `work`: a worker's loop, with its control server open and its progress shown."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Self

import typer

from troupe.backends.defaults import BadSetting, capped
from troupe.backends.local.backend import LOCAL_POLICY, LocalBackend, LocalSettings
from troupe.backends.local.control_server import ControlServer
from troupe.backends.local.state_folder import HomeInUse, InvalidHome
from troupe.backends.local.worker import Worker
from troupe.exit_codes import ExitCode, of_signal
from troupe.interrupts import handled
from troupe.operations.outcome import Outcome, word_of
from troupe.operations.run_status import Refusal, status
from troupe.operations.runs import RunStatus, run_rows
from troupe.report.formatting import plural
from troupe.report.live.progress import Live, WorkerProgress
from troupe.report.text.outcome import WILL_BE_SIMULATED
from troupe.standin.corrupt import Corruption
from troupe.standin.prediction_lines import analyst
from troupe.standin.settings import Behaviour
from troupe.telemetry.logs import log_to

from .client import local_only
from .endpoint import EndpointOptions, endpoint_pool
from .options import (
    AsJson,
    CorruptPercent,
    FailOver,
    ModelApiVersion,
    ModelConcurrency,
    ModelName,
    ModelTimeout,
    ModelUrl,
)
from .output import fail, print_json, progress_beside, warn
from .results import WorkResult
from .run_endings import code_of
from .target import target

SHOW_SECONDS = 0.5
"""Between two updates of the progress."""
OWNER_SECONDS = 5.0
"""How long to wait for a command that owns the state folder for a moment."""


def work(
    idle_timeout: Annotated[
        float,
        typer.Option(
            "--idle-timeout", min=0, help="Seconds without work before the worker ends; 0: at once."
        ),
    ] = 10.0,
    corrupt_percent: CorruptPercent = 0,
    model_url: ModelUrl = None,
    model_name: ModelName = "",
    model_concurrency: ModelConcurrency = 8,
    model_timeout: ModelTimeout = 120,
    model_api_version: ModelApiVersion = None,
    fail_over: FailOver = 0,
    as_json: AsJson = False,
) -> None:
    """Start a worker: it handles all requests and continues what an earlier worker left unfinished.

    When there is no more work it ends with 0 if all went well, with 1 if a request was refused or a
    run waits for an operator, with 3 if records of its runs have no row, and with 4 if a run was
    stopped. Ended with a run still open, by Ctrl-C it ends with 130 and by SIGTERM with 143; the
    next worker continues. Local backend only.

    Examples:
        troupe work --idle-timeout 0
        troupe work --model-url http://127.0.0.1:11434/v1 --model-name gemma3
    """
    local_only("work")
    options = EndpointOptions(
        model_url, model_name, model_concurrency, model_timeout, model_api_version
    )
    settings = local_settings(corrupt_percent, options)
    with progress_beside(as_json), opened(target().home, settings) as (backend, control_server):
        before = Seen.of(backend)
        if options.url is None and before.has_work(backend):
            typer.echo(WILL_BE_SIMULATED)
        unfinished = backend.wake()
        if unfinished:
            typer.echo(f"continuing with {plural(unfinished, 'unfinished event')}")
        number = work_until_idle(
            backend, control_server, idle_timeout=idle_timeout, write=typer.echo
        )
        runs = open_runs(backend)
        outcomes, refusals = before.since(backend)
    if as_json:
        name = signal.Signals(number).name if number else None
        print_json(WorkResult(signal=name, open_runs=runs, outcomes=outcomes))
    elif runs and number:
        typer.echo(f"ended with {_named(runs)}; `troupe work` continues")
    else:
        typer.echo("done")
    code = code_of(outcomes, fail_over, refusals)
    if runs and not number:
        warn([f"{_named(runs)}, with nothing left to do: `troupe dead-letters list` shows why"])
        code = ExitCode.FAILED
    raise typer.Exit(of_signal(number) if runs and number else code)


def _named(runs: list[str]) -> str:
    return f"{plural(len(runs), 'run')} open: {', '.join(runs)}"


@dataclass(frozen=True, slots=True)
class Seen:
    """The runs that were over, and the requests that were refused, before a worker began."""

    over: frozenset[str]
    refused: frozenset[Refusal]

    @classmethod
    def of(cls, backend: LocalBackend) -> Self:
        over = frozenset(run.run_id for run in run_rows(backend) if run.is_over)
        return cls(over, frozenset(status(backend).refusals))

    def has_work(self, backend: LocalBackend) -> bool:
        """Whether a run is open, or requested."""
        return bool(open_runs(backend))

    def since(self, backend: LocalBackend) -> tuple[list[Outcome], list[Refusal]]:
        """The runs that ended, each judged in full, and what was refused since then."""
        ended = [run for run in run_rows(backend) if run.is_over and run.run_id not in self.over]
        outcomes = [status(backend, run.run_id).outcomes[0] for run in ended]
        refusals = [each for each in status(backend).refusals if each not in self.refused]
        return outcomes, refusals


def local_settings(corrupt_percent: float, options: EndpointOptions) -> LocalSettings:
    """Return the settings of a worker; end the command if an option or a variable is wrong."""
    endpoint = endpoint_pool(options, LOCAL_POLICY.outage_hours * 3600)
    try:
        policy = capped(LOCAL_POLICY, os.environ)
        return LocalSettings(
            policy=replace(policy, answers_are_paid=endpoint is None),
            corruption=Corruption(share=corrupt_percent / 100, seed=0) if corrupt_percent else None,
            answerer=endpoint or analyst,
            behaviour=Behaviour(keeps_answers=endpoint is not None),
        )
    except BadSetting as error:
        fail(str(error))


@contextmanager
def opened(home: Path, settings: LocalSettings) -> Iterator[tuple[LocalBackend, ControlServer]]:
    """Own a state folder and serve other commands; end the command if another worker owns it."""
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
    """Open the folder. Another command owns it for a moment only; a worker keeps it."""
    for _ in range(round(OWNER_SECONDS / 0.1)):
        try:
            return LocalBackend(home, settings)
        except HomeInUse:
            time.sleep(0.1)
        except InvalidHome as error:
            fail(str(error), ExitCode.FAILED)
    return fail(
        f"a worker is running in {home} already; `troupe status` shows its progress",
        ExitCode.FAILED,
    )


def work_until_idle(
    backend: LocalBackend,
    control_server: ControlServer,
    *,
    idle_timeout: float = 0.0,
    write: Callable[[str], None],
) -> int:
    """Work until there was neither work nor a request for `idle_timeout` seconds, or a signal.

    Returns the number of the signal that ended it; 0 for none.
    """
    worker = Worker(backend, lambda seconds: _listen(backend, control_server, seconds))
    with Live(sys.stdout.isatty()) as live, _signals() as ended:
        progress = _Progress(backend, worker, live)
        while not ended():
            control_server.answer(backend)
            if worker.step():
                progress.update_if_due()
                continue
            progress.update()
            if idle_timeout:
                write(f"no work; waiting {idle_timeout:g} s for more")
            if not idle_timeout or not _got_work(backend, control_server, idle_timeout, ended):
                break
        return ended()


def open_runs(backend: LocalBackend) -> list[str]:
    """Return the runs that are not over, and those that are requested and not planned yet."""
    tracking = backend.dependencies.tracking
    since = backend.dependencies.event_log.lookback_start(backend.clock())
    requested = tracking.query("waiting_requests", {"since": since, "run_id": None})
    planned = [run_id for run_id, _ in tracking.open_runs(since)]
    return [*planned, *(row["run_id"] for row in requested)]


def _listen(backend: LocalBackend, control_server: ControlServer, seconds: float) -> None:
    control_server.answer(backend, seconds)


def _got_work(
    backend: LocalBackend, control_server: ControlServer, seconds: float, ended: Callable[[], int]
) -> bool:
    """Answer requests until one of them brings work or the time is up; return whether one did."""
    deadline = time.monotonic() + seconds
    while not ended() and time.monotonic() < deadline:
        left = deadline - time.monotonic()
        if control_server.answer(backend, max(0.01, min(left, 0.5))) and backend.bus.waiting:
            return True
    return False


@contextmanager
def _signals() -> Iterator[Callable[[], int]]:
    """Let SIGTERM and Ctrl-C end the loop between two steps.

    A step that takes too long is ended by the deadline of `troupe/interrupts.py`. Yields a function
    that returns the number of the signal that arrived; 0 for none.
    """
    received: list[int] = []

    def note(number: int, _frame: object) -> None:
        received.append(number)

    with handled(note):
        yield lambda: received[0] if received else 0


class _Progress:
    """Updates the progress display from the tables."""

    def __init__(self, backend: LocalBackend, worker: Worker, live: Live) -> None:
        self._backend, self._worker, self._live = backend, worker, live
        self._started = self._shown = time.monotonic()
        self._over = {run.run_id for run in run_rows(backend) if run.is_over}

    def update_if_due(self) -> None:
        if time.monotonic() - self._shown >= SHOW_SECONDS:
            self.update()

    def update(self) -> None:
        self._shown = time.monotonic()
        run, others = self._runs()
        if run is None:
            return
        self._live.update(
            WorkerProgress(
                run=run,
                stage=self._stage(run),
                in_flight=self._backend.bus.waiting,
                deliveries=self._worker.deliveries,
                seconds=self._shown - self._started,
                others=tuple(others),
            )
        )

    def _runs(self) -> tuple[RunStatus | None, list[RunStatus]]:
        """Return the newest open run and the other open ones; if none is, the newest that was."""
        runs = [run for run in run_rows(self._backend) if run.run_id not in self._over]
        open_ = [run for run in runs if not run.is_over] or runs[-1:]
        return (open_[-1] if open_ else None), open_[:-1]

    def _stage(self, run: RunStatus) -> str:
        if run.completed_at:
            return word_of(run)
        return "answering" if self._backend.service.next_due() else "working"
