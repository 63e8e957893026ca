"""The screen of a terminal, drawn anew several times a second, and left as it was found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.text import Text

from .layout import Pen
from .live_view import screen
from .snapshot import Scene

A_SECOND = 4
"""Drawings; the ages go on between two looks."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A scene, at whatever size the terminal has now."""

    scene: Scene | None
    foot: str = ""
    is_whole: bool = False
    """Told to the end, however long."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Called for every drawing."""
        pen = Pen(options.max_width, plain=options.ascii_only)
        height = None if self.is_whole else console.height
        lines = screen(self.scene, pen, height, self.foot) if self.scene else [Text("…")]
        for at, line in enumerate(lines):
            if at:
                yield Segment.line()
            yield from _segments(line, console)


def foot(every: float) -> str:
    return f"Ctrl-C ends the watch and not the run; a look every {every:g} s"


def _segments(line: Text, console: Console) -> Iterator[Segment]:
    return iter(line.render(console))


class Stage:
    """Shows scenes on the alternate screen; the last one stays on the usual one."""

    def __init__(
        self, clock: Callable[[], float], every: float, console: Console | None = None
    ) -> None:
        """`clock` gives seconds, forwards only; `every` are the seconds between two looks."""
        self._console = console or Console()
        self._clock, self._every = clock, every
        self._scene: Scene | None = None
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
        except BaseException:  # a signal may come in the midst of it
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
        if self._scene is not None:
            self._console.print(Drawing(self._scene, is_whole=True), no_wrap=True)

    def show(self, scene: Scene) -> None:
        self._scene, self._shown_at = scene, self._clock()
        self._live.refresh()

    def _drawing(self) -> Drawing:
        if self._scene is None:
            return Drawing(None)
        age = self._clock() - self._shown_at
        return Drawing(replace(self._scene, age=age), foot(self._every))
