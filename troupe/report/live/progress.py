"""The progress of a worker: a panel on a terminal, plain lines elsewhere."""

import sys
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from troupe.operations.runs import RunStatus
from troupe.report import formatting
from troupe.report.text.columns import line
from troupe.report.text.run import endings, over, spent

if TYPE_CHECKING:
    from rich.panel import Panel

LEAST_SECONDS = 1.0
"""Between two plain lines, by the seconds of the progress."""
OTHERS_SHOWN = 3
"""Open runs beside the one that is shown in full."""
A_SECOND = 8
"""Drawings of the panel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerProgress:
    """What a worker has done so far, and the newest open run."""

    run: RunStatus
    stage: str
    """working, answering or completed."""
    in_flight: int
    """Messages that wait to be delivered."""
    deliveries: int = field(default=0, compare=False)
    seconds: float = field(default=0.0, compare=False)
    """Since the worker began. Neither this nor the deliveries alone make a new line."""
    others: tuple[RunStatus, ...] = ()
    """Further open runs."""


class _View(Protocol):
    def show(self, progress: WorkerProgress) -> None: ...
    def close(self) -> None: ...


class Live:
    """Shows every progress that it is given. Imports rich on terminals only."""

    def __init__(self, stream_is_terminal: bool, stream: TextIO | None = None) -> None:
        """`stream` is the standard output unless another is given."""
        self._is_terminal, self._stream = stream_is_terminal, stream
        self._view: _View | None = None

    def __enter__(self) -> Self:
        stream = self._stream or sys.stdout
        self._view = _Panels(stream) if self._is_terminal else _PlainLines(stream)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._view is not None:
            self._view.close()
            self._view = None

    def update(self, progress: WorkerProgress) -> None:
        """Show a progress; outside of the context it is ignored."""
        if self._view is not None:
            self._view.show(progress)


def progress_line(progress: WorkerProgress) -> str:
    """The progress in one line."""
    run = progress.run
    share = formatting.share_of(run.records_over, run.records)
    others = _others(progress.others)
    return line(
        f"[{formatting.seconds(progress.seconds)}] {run.run_id} {progress.stage}:",
        f"{formatting.count(run.records_over)} of {formatting.plural(run.records, 'record')}",
        f"({share})," if share else "over,",
        f"{formatting.count(run.failed)} failed,",
        f"{formatting.count(run.released)} released,",
        f"{formatting.plural(run.batches, 'batch', 'batches')},",
        f"{formatting.count(progress.in_flight)} in flight,",
        spent(run) + (";" if others else ""),
        others,
    )


def _others(runs: tuple[RunStatus, ...]) -> str:
    """The further open runs with their share; empty where there are none."""
    names = [f"{run.run_id} {share_over(run)}" for run in runs[:OTHERS_SHOWN]]
    rest = len(runs) - OTHERS_SHOWN
    names += [f"{formatting.count(rest)} more"] if rest > 0 else []
    return f"also open: {', '.join(names)}" if names else ""


def share_over(run: RunStatus) -> str:
    """The share of its records that are over; `empty` for a run without records."""
    return formatting.share_of(run.records_over, run.records) or "empty"


class _PlainLines:
    """Prints a line for each change, at most one a second."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._newest: WorkerProgress | None = None
        self._shown_at: float | None = None
        self._held_back: WorkerProgress | None = None

    def show(self, progress: WorkerProgress) -> None:
        if progress == self._newest:
            self._held_back = None
            return
        if self._shown_at is not None and progress.seconds - self._shown_at < LEAST_SECONDS:
            self._held_back = progress
            return
        self._write(progress)
        self._newest = progress

    def close(self) -> None:
        """Print the last change, however soon it came."""
        if self._held_back is not None:
            self._write(self._held_back)

    def _write(self, progress: WorkerProgress) -> None:
        self._held_back, self._shown_at = None, progress.seconds
        self._stream.write(progress_line(progress) + "\n")
        self._stream.flush()


class _Panels:
    """Redraws one panel with rich; the last one stays."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive

        console = Console(file=stream, force_terminal=True)
        self._live = RichLive(console=console, refresh_per_second=A_SECOND)
        self._live.start()

    def show(self, progress: WorkerProgress) -> None:
        self._live.update(_panel(progress))

    def close(self) -> None:
        self._live.stop()


def _panel(progress: WorkerProgress) -> "Panel":
    """A bar over the records, and the figures below it. Names are text, never markup."""
    from rich.panel import Panel
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    run = progress.run
    bar = Table.grid(padding=(0, 1), expand=True)
    bar.add_column(ratio=1)
    bar.add_column(justify="right", no_wrap=True)
    share = formatting.share_of(run.records_over, run.records) or "nothing planned yet"
    bar.add_row(ProgressBar(total=max(run.records, 1), completed=run.records_over), Text(share))
    whole = Table.grid(expand=True)
    whole.add_row(bar)
    for each in _panel_lines(progress):
        whole.add_row(Text(each))
    return Panel(whole, title=Text(line("Run", run.run_id)), title_align="left")


def _panel_lines(progress: WorkerProgress) -> list[str]:
    run = progress.run
    others = _others(progress.others)
    return [
        line(f"{over(run)}: {endings(run)}"),
        line(
            f"{formatting.plural(run.batches, 'batch', 'batches')},"
            f" {formatting.count(progress.in_flight)} in flight,"
            f" {formatting.plural(progress.deliveries, 'delivery', 'deliveries')}"
        ),
        line(
            f"{progress.stage};",
            f"{spent(run)};",
            formatting.seconds(progress.seconds),
        ),
        *([others] if others else []),
    ]
