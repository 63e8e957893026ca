"""The alternate screen of a terminal, redrawn several times a second while a watch lasts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.text import Text

from troupe.report.layout import Pen

from .snapshot import Snapshot
from .view import screen

A_SECOND = 4
"""Drawings: the ages go on between two snapshots."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A snapshot, drawn at the current size of the terminal."""

    snapshot: Snapshot | None
    foot: str = ""
    is_whole: bool = False
    """Drawn to the end, however long."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Called by rich for every drawing."""
        pen = Pen(options.max_width, plain=options.ascii_only)
        height = None if self.is_whole else console.height
        lines = screen(self.snapshot, pen, height, self.foot) if self.snapshot else [Text("…")]
        for at, line in enumerate(lines):
            if at:
                yield Segment.line()
            yield from _segments(line, console)


def foot(every: float) -> str:
    return f"Ctrl-C ends the watch and not the run; refreshed every {every:g} s"


def _segments(line: Text, console: Console) -> Iterator[Segment]:
    return iter(line.render(console))


class LiveScreen:
    """Shows snapshots on the alternate screen; the last one is printed on the usual one."""

    def __init__(
        self, clock: Callable[[], float], every: float, console: Console | None = None
    ) -> None:
        """`clock` is a monotonic clock in seconds; `every` are the seconds between snapshots."""
        self._console = console or Console()
        self._clock, self._every = clock, every
        self._snapshot: Snapshot | None = None
        self._shown_at = clock()
        self._live = Live(
            get_renderable=self._drawing,
            console=self._console,
            screen=True,
            refresh_per_second=A_SECOND,
        )

    def __enter__(self) -> Self:
        try:
            self._live.start()
        except BaseException:  # a signal may interrupt the start
            self._live.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()
        if self._snapshot is not None:
            self._console.print(Drawing(self._snapshot, is_whole=True), no_wrap=True)

    def show(self, snapshot: Snapshot) -> None:
        self._snapshot, self._shown_at = snapshot, self._clock()
        self._live.refresh()

    def _drawing(self) -> Drawing:
        if self._snapshot is None:
            return Drawing(None)
        age = self._clock() - self._shown_at
        return Drawing(replace(self._snapshot, age=age), foot(self._every))
