"""The pictures of the documentation, made from a run: the report as PNG, the commands as SVG.

The run stands under a held clock, so that the pictures change with the code alone; only the demo
is a command that is given. Needs a browser (the Debian package chromium). Writes docs/images.
"""

import os
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TextIO

import msgspec
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from scripts import sample_runs
from scripts.browser import View, opened, program
from troupe import operations
from troupe.cli.watch_state import WatchState
from troupe.operations.explain import explain
from troupe.operations.run_status import Status, Worker
from troupe.report import render_html, status_lines, summary_lines
from troupe.report.live_screen import Drawing, foot
from troupe.report.plain_text import history_lines
from troupe.report.text_columns import within

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
COLUMNS = 126
MOST_LINES = 48
MOST_BYTES = 200_000
"""Of one picture: they travel with every clone."""
WATCH = 100, 34
"""Columns and rows of the terminal that shows the live view."""
DAMAGE = "12"
"""Per cent of damaged answers of the demo, so that there is something to see."""

REPORTS = {
    "report-light": ("reviews", View(1000), "body", 1250),
    "report-cost": ("reviews", View(1000), "#cost", 1250),
    "report-dark": ("reviews", View(1000, dark=True), "#answers", 1250),
    "report-phone": ("reviews", View(390), "body", 1500),
    "report-own": ("checks", View(1000), "#answers", 1250),
}
"""Which page, how it is looked at, which part of it, and how many pixels of its height."""
LOOKS, BETWEEN_LOOKS = 91, timedelta(minutes=1)
"""Of the watch, before its picture is taken."""
TROUPE = [sys.executable, "-c", "from troupe.cli import main; main()"]

SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}"
 height="{terminal_height}"/></clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""
"""As rich draws it, but with the fonts of the reader: a picture fetches nothing."""


def main() -> int:
    found = program()
    if found is None:
        sys.stderr.write("no browser to draw with: install chromium\n")
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        _terminal(
            "demo",
            ["demo", "--corrupt-percent", DAMAGE],
            _said(["demo", "--corrupt-percent", DAMAGE], home),
        )
        with sample_runs.opened(home / "story") as story:
            _live_view(story)
            story.play()
            for name, (words, lines) in _commands(story).items():
                _terminal(name, words, lines)
            pages = {"reviews": _page(story, sample_runs.RUN, home)}
            pages["checks"] = _page(story, story.another(), home)
        with opened(found) as browser:
            page = browser.page()
            for name, (which, view, part, most) in REPORTS.items():
                page.open(pages[which])
                page.look(view)
                _write(f"{name}.png", page.picture(part, most=most))
    return 0


def _page(story: sample_runs.Story, run: str, home: Path) -> Path:
    answer = operations.report(story.backend, run)
    file = home / f"{run}.html"
    file.write_text(render_html(answer.summary, answer.reconciliation), encoding="utf-8")
    return file


def _commands(story: sample_runs.Story) -> dict[str, tuple[list[str], list[str]]]:
    """What is typed and what is answered, by picture, when the run is over."""
    run = sample_runs.RUN
    report = operations.report(story.backend, run)
    status = operations.status(story.backend, run)

    def explained_(subject: str) -> tuple[list[str], list[str]]:
        return ["explain", subject], history_lines(explain(story.backend, subject))

    return {
        "status": (
            ["status", run],
            status_lines(msgspec.structs.replace(status, worker=None)),
        ),
        "report-text": (
            ["report", run],
            summary_lines(report.summary, report.reconciliation),
        ),
        "explain-run": explained_(run),
        "explain-batch": explained_(f"{run}/1"),
        "explain-record": explained_(story.record_asked_twice()),
    }


def _live_view(story: sample_runs.Story) -> None:
    """`troupe status --watch` in the middle of the run, as its terminal shows it."""
    seen = WatchState(lambda: story.clock().timestamp(), story.clock)

    def query(run_id: str | None) -> Status:
        status = operations.status(story.backend, run_id)
        return msgspec.structs.replace(status, worker=Worker(pid=4711))

    snapshot = seen.refresh(query, None)
    for _ in range(LOOKS):
        story.play(BETWEEN_LOOKS)
        snapshot = seen.refresh(query, None)
    with Path(os.devnull).open("w") as nowhere:
        console = _console(nowhere, *WATCH)
        console.print(Drawing(snapshot, foot(2.0)))
        _draw("watch", console)


def _console(nowhere: TextIO, width: int = COLUMNS, height: int | None = None) -> Console:
    return Console(
        record=True, width=width, height=height, file=nowhere, force_terminal=True,
        color_system="truecolor", legacy_windows=False, _environ={},
    )  # fmt: skip


def _draw(name: str, console: Console) -> None:
    drawn = console.export_svg(
        title="troupe", theme=DIMMED_MONOKAI, code_format=SVG, unique_id=f"troupe-{name}"
    )
    _write(f"{name}.svg", drawn.encode())


def _terminal(name: str, words: list[str], lines: list[str]) -> None:
    lines = list(within(lines, COLUMNS))
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"… and {len(lines) - MOST_LINES} more lines"]
    with Path(os.devnull).open("w") as nowhere:
        console = _console(nowhere)
        console.print(Text(f"$ troupe {' '.join(words)}", style="bold"))
        console.print(Text("\n".join(lines)))
        _draw(name, console)


def _said(words: list[str], home: Path) -> list[str]:
    """What the command prints in this folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": str(COLUMNS)}
    done = subprocess.run(  # noqa: S603
        [*TROUPE, *words], cwd=home, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def _write(name: str, content: bytes) -> None:
    if len(content) > MOST_BYTES:
        raise ValueError(f"{name} would have {len(content):,} bytes, more than {MOST_BYTES:,}")
    (IMAGES / name).write_bytes(content)
    sys.stdout.write(f"docs/images/{name}: {len(content):,} bytes\n")


if __name__ == "__main__":
    sys.exit(main())
