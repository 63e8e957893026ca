"""The progress of a run: a panel that moves on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from . import formatting
from .reconciliation import Fields, number, records_over, rows
from .text_columns import line

LEAST_SECONDS = 1.0
"""Between two plain lines, by the clock of the statuses."""
OTHERS_SHOWN = 3
"""Open runs beside the one that is told in full."""


class _View(Protocol):
    def show(self, status: Fields) -> None: ...
    def close(self) -> None: ...


class Live:
    """Shows each status it is given. Imports rich on terminals alone."""

    def __init__(self, stream_is_terminal: bool, stream: TextIO | None = None) -> None:
        """`stream` is the standard output unless another is named."""
        self._is_terminal, self._stream = stream_is_terminal, stream
        self._view: _View | None = None

    def __enter__(self) -> Self:
        stream = self._stream or sys.stdout
        self._view = _panel(stream) if self._is_terminal else _PlainLines(stream)
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

    def update(self, status: Mapping[str, Any]) -> None:
        """Outside of the context nothing is shown."""
        if self._view is not None:
            self._view.show(status)


def progress_line(status: Fields) -> str:
    records = number(status, "records")
    share = formatting.share_of(records_over(status), records)
    return line(
        f"[{formatting.seconds(status.get('seconds') or 0.0)}] {status.get('run_id', '')}",
        f"{status.get('stage') or 'waiting'}:",
        f"{formatting.count(records_over(status))} of {formatting.plural(records, 'record')}",
        f"({share})," if share else "over,",
        f"{formatting.count(number(status, 'failed'))} failed,",
        f"{formatting.count(number(status, 'released'))} released,",
        f"{formatting.plural(number(status, 'batches'), 'batch', 'batches')},",
        f"{formatting.count(number(status, 'in_flight'))} in flight,",
        formatting.spent(status.get("cost"), records_over(status))
        + (";" if rows(status, "others") else ""),
        others_line(status),
    )


def others_line(status: Fields) -> str:
    """The further runs that are open; empty where there are none."""
    found = rows(status, "others")
    told = [
        f"{run.get('run_id')}"
        f" {formatting.share_of(records_over(run), number(run, 'records')) or 'empty'}"
        for run in found[:OTHERS_SHOWN]
    ]
    rest = len(found) - OTHERS_SHOWN
    told += [f"{formatting.count(rest)} more"] if rest > 0 else []
    return f"also open: {', '.join(told)}" if told else ""


class _PlainLines:
    """A line for each change of the figures, and not more than one a second."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._figures: Fields = {}
        self._shown_at: float | None = None
        self._held_back: Fields | None = None

    def show(self, status: Fields) -> None:
        figures_now = {k: v for k, v in status.items() if k not in ("seconds", "deliveries")}
        if figures_now == self._figures:
            self._held_back = None
            return
        if self._shown_at is not None and _seconds(status) - self._shown_at < LEAST_SECONDS:
            self._held_back = dict(status)
            return
        self._write(status)
        self._figures = figures_now

    def close(self) -> None:
        """The last figures are told, however soon they came."""
        if self._held_back is not None:
            self._write(self._held_back)

    def _write(self, status: Fields) -> None:
        self._held_back, self._shown_at = None, _seconds(status)
        self._stream.write(progress_line(status) + "\n")
        self._stream.flush()


def _seconds(status: Fields) -> float:
    return float(status.get("seconds") or 0.0)


def _panel(stream: TextIO) -> _View:
    from .progress_panel import Panels

    return Panels(stream)
