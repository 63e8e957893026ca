"""`troupe status --watch`: the same answer again and again, until everything is over."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from infra.report.account import rows
from infra.report.pace import Pace
from infra.report.run_text import is_over
from infra.report.text import status_lines

Answer = dict[str, Any]


@dataclass(slots=True)
class Watch:
    """What was seen so far, and what is to be shown of it."""

    clock: Callable[[], float]
    """Seconds, forwards only."""
    paces: dict[str, Pace] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)

    def lines(self, answer: Answer) -> list[str]:
        """The status, and for each run that moves its pace."""
        told = status_lines(answer)
        for run in rows(answer, "runs"):
            pace = self.paces.setdefault(str(run.get("run_id")), Pace())
            pace.saw(self.clock(), run)
            if not is_over(run):
                told += [f"Run {run.get('run_id')} moves:", *pace.lines(run)]
        return told

    def news(self, answer: Answer) -> list[str]:
        """The lines that were not there before: what a log or a pipe is told."""
        told = self.lines(answer)
        new = [each for each in told if each not in self.shown]
        self.shown = told
        return new


def watch(
    ask: Callable[[], Answer],
    clock: Callable[[], float],
    wait: Callable[[], None],
    say: Callable[[str], None],
) -> None:
    """Ask, show and wait, until no run is open or somebody presses Ctrl-C."""
    seen = Watch(clock)
    show = _on_terminal(seen) if sys.stdout.isatty() else _plainly(seen, say)
    try:
        while True:
            answer = ask()
            show(answer)
            if all(is_over(run) for run in rows(answer, "runs")):
                return
            wait()
    except KeyboardInterrupt:
        return


def _plainly(seen: Watch, say: Callable[[str], None]) -> Callable[[Answer], None]:
    def show(answer: Answer) -> None:
        for each in seen.news(answer):
            say(each)

    return show


def _on_terminal(seen: Watch) -> Callable[[Answer], None]:
    """Drawn anew in place; the last picture stays."""
    from rich.console import Console
    from rich.text import Text

    console = Console()

    def show(answer: Answer) -> None:
        lines = seen.lines(answer)
        console.clear()
        console.print(Text("\n".join(lines[: max(1, console.height - 1)])))

    return show
