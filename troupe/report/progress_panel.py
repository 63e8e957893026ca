"""The panel of a run on a terminal, with rich."""

from typing import TextIO

from rich.console import Console
from rich.live import Live as RichLive
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from . import formatting
from .progress import others_line
from .reconciliation import Fields, number, records_over, rows
from .text_columns import line


class Panels:
    """Redraws one panel; the last one stays."""

    def __init__(self, stream: TextIO) -> None:
        console = Console(file=stream, force_terminal=True)
        self._live = RichLive(console=console, refresh_per_second=8)
        self._live.start()

    def show(self, status: Fields) -> None:
        self._live.update(panel(status))

    def close(self) -> None:
        self._live.stop()


def panel(status: Fields) -> Panel:
    """A bar over the records, and below it what is going on. Names are text, never markup."""
    records, done = number(status, "records"), records_over(status)
    bar = Table.grid(padding=(0, 1), expand=True)
    bar.add_column(ratio=1)
    bar.add_column(justify="right", no_wrap=True)
    share = formatting.share_of(done, records) or "nothing planned yet"
    bar.add_row(ProgressBar(total=max(records, 1), completed=done), Text(share))
    whole = Table.grid(expand=True)
    whole.add_row(bar)
    for said in _lines(status, records, done):
        whole.add_row(Text(said))
    title = Text(line("Run", status.get("run_id") or "not planned yet"))
    return Panel(whole, title=title, title_align="left")


def _lines(status: Fields, records: int, done: int) -> list[str]:
    ends = ", ".join(
        f"{formatting.count(number(status, name))} {name}"
        for name in ("analysed", "failed", "released", "open")
    )
    batches = formatting.plural(number(status, "batches"), "batch", "batches")
    return [
        line(f"{formatting.count(done)} of {formatting.plural(records, 'record')} over: {ends}"),
        line(
            f"{batches}, {formatting.count(number(status, 'in_flight'))} in flight,"
            f" {formatting.plural(number(status, 'deliveries'), 'delivery', 'deliveries')}"
        ),
        line(
            f"{status.get('stage') or 'waiting'};",
            f"{formatting.spent(status.get('cost'), records_over(status))};",
            formatting.seconds(float(status.get("seconds") or 0.0)),
        ),
        *([others_line(status)] if rows(status, "others") else []),
    ]
