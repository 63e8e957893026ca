"""Draw the documentation's pictures from sample runs: the report as PNG, the commands as SVG.

The sample runs have a fixed clock, so that the pictures change only with the code; the demo and
the recorded sessions are run as commands. Needs a browser (Debian's package chromium). Writes docs/images.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TextIO

import msgspec
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from scripts import console_pictures, sample_runs
from scripts.browser import Page, View, opened, program
from troupe import operations
from troupe.cli.watch_state import WatchState
from troupe.operations.explain import explain
from troupe.operations.quality.review_sample import review_sample
from troupe.operations.run_status import Status, Worker
from troupe.quality.review_page import render_page
from troupe.report.html.page import render_html
from troupe.report.live.screen import Drawing, foot
from troupe.report.text.columns import within
from troupe.report.text.history import history_lines
from troupe.report.text.status import status_lines
from troupe.report.text.summary import summary_lines

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
SAMPLES = [ROOT / "docs" / "examples" / name for name in ("calls.jsonl", "files/calls.csv")]
COLUMNS = 126
MAX_LINES = 48
MAX_BYTES = 200_000
"""Largest picture: all of them are part of every clone."""
WATCH = 100, 34
"""Columns and rows of the terminal of the live view."""
CORRUPT_PERCENT = "12"
"""Per cent of corrupted answers in the demo, so that errors are shown."""

REPORTS = {
    "report-light": ("reviews", View(1000), "body", 1250),
    "report-cost": ("reviews", View(1000), "#cost", 1250),
    "report-dark": ("reviews", View(1000, dark=True), "#answers", 1250),
    "report-phone": ("reviews", View(390), "body", 1500),
    "report-queues": ("queues", View(1000), "#attributes", 1250),
    "report-own": ("checks", View(1000), "#answers", 1250),
}
"""Page, view, element, and most pixels of its height."""
REVIEWS = {"review-light": (View(1100), 900), "review-phone": (View(390, dark=True), 1500)}
"""View, and most pixels of the height of the review page: of a record that is partly judged."""
HEADS = {
    name: ("#head", View(760)) for name in ("completed", "failures", "open", "stopped", "empty")
}
"""The head of the page in each state of a run: pictures `head-…`."""
SESSIONS: dict[str, tuple[str, ...]] = {
    "first-minutes": (
        "load calls.csv --timezone Europe/Berlin",
        "request --dry-run",
        "request --run-id first",
        "work --idle-timeout 0",
        "status first",
        "report first --html first.html",
    ),
    "failed-run": (
        "request --run-id second --max-attempts 1 --breaker 100",
        "work --idle-timeout 0 --corrupt-percent 40",
        "reprocess --run second --dry-run",
        "reprocess --run second --run-id second-again",
        "work --idle-timeout 0",
        "verify second-again",
    ),
}
"""Commands that are run one after the other in a folder with the sample files."""
REFRESHES, BETWEEN_REFRESHES = 91, timedelta(minutes=1)
"""Refreshes of the live view before its picture is drawn, and the time between two."""
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
"""Rich's template with the reader's own fonts, so that a picture downloads nothing."""


def main() -> int:
    browser_path = program()
    if browser_path is None:
        sys.stderr.write("no browser found: install chromium\n")
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        _terminal(
            "demo",
            ["demo", "--corrupt-percent", CORRUPT_PERCENT],
            _output(["demo", "--corrupt-percent", CORRUPT_PERCENT], home),
        )
        for name, session in SESSIONS.items():
            _session(name, [(words.split(), _output(words.split(), _folder(home, name)))
                            for words in session])  # fmt: skip
        with sample_runs.opened(home / "sample") as sample:
            _live_view(sample)
            with opened(browser_path) as browser:
                console_pictures.draw(browser.page(), sample, _write, console_pictures.PICTURES)
            heads = {"open": _page(sample, sample_runs.RUN, home, "open")}
            sample.advance()
            for name, (words, lines) in _commands(sample).items():
                _terminal(name, words, lines)
            pages = {"reviews": _page(sample, sample_runs.RUN, home)}
            review = _review(sample, home)
            heads["failures"] = pages["reviews"]
            heads["stopped"] = _page(sample, sample.stop_own_analysis(), home)
            heads["completed"] = _page(sample, sample.run_few(), home)
            pages["checks"] = _page(sample, sample.run_own_analysis(), home)
            heads["empty"] = _page(sample, sample.run_nothing(), home)
            with opened(browser_path) as browser:
                pictures = console_pictures.pictures_of_quality(sample, home)
                console_pictures.draw(browser.page(), sample, _write, pictures)
        with sample_runs.opened(home / "queues", with_queues=True) as sample:
            pages["queues"] = _page(sample, sample.run_queues(), home)
        with opened(browser_path) as browser:
            page = browser.page()
            for name, (which, view, part, height) in REPORTS.items():
                page.open(pages[which])
                page.set_view(view)
                _write(f"{name}.png", page.picture(part, max_height=height))
            for name, (part, view) in HEADS.items():
                page.open(heads[name])
                page.set_view(view)
                _write(f"head-{name}.png", page.picture(part))
            _draw_review(page, review)
    return 0


def _page(sample: sample_runs.SampleRun, run: str, home: Path, name: str = "") -> Path:
    answer = operations.report(sample.backend, run)
    file = home / f"{name or run}.html"
    page = render_html(answer.summary, answer.outcome, answer.reconciliation)
    file.write_text(page, encoding="utf-8")
    return file


def _review(sample: sample_runs.SampleRun, home: Path) -> Path:
    file = home / "review.html"
    drawn = review_sample(sample.backend, sample_runs.RUN, n=20, by="call_tone")
    file.write_text(render_page(drawn), encoding="utf-8")
    return file


def _draw_review(page: Page, file: Path) -> None:
    """Draw the review page after a reviewer has judged a few columns."""
    page.open(file)
    page.run(
        "['right', 'right', 'wrong', 'right'].forEach((how, at) =>"
        " document.querySelector(`#column-${at} input[value=${how}]:enabled`)?.click());"
        "document.getElementById('message').textContent = ''; scrollTo(0, 0)"
    )
    for name, (view, height) in REVIEWS.items():
        page.set_view(view)
        _write(f"{name}.png", page.picture(max_height=height))


def _commands(sample: sample_runs.SampleRun) -> dict[str, tuple[list[str], list[str]]]:
    """Arguments and output of each command after the run, by the picture's name."""
    run = sample_runs.RUN
    report = operations.report(sample.backend, run)
    status = operations.status(sample.backend, run)

    def explained_(subject: str) -> tuple[list[str], list[str]]:
        return ["explain", subject], history_lines(explain(sample.backend, subject))

    return {
        "status": (
            ["status", run],
            status_lines(msgspec.structs.replace(status, worker=None)),
        ),
        "report-text": (
            ["report", run],
            summary_lines(report.summary, report.outcome, report.reconciliation),
        ),
        "explain-run": explained_(run),
        "explain-batch": explained_(f"{run}/1"),
        "explain-record": explained_(sample.retried_record()),
    }


def _live_view(sample: sample_runs.SampleRun) -> None:
    """Draw `troupe status --watch` in the middle of the run."""
    seen = WatchState(lambda: sample.clock().timestamp(), sample.clock)

    def query(run_id: str | None) -> Status:
        status = operations.status(sample.backend, run_id)
        return msgspec.structs.replace(status, worker=Worker(pid=4711))

    snapshot = seen.refresh(query, None)
    for _ in range(REFRESHES):
        sample.advance(BETWEEN_REFRESHES)
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
    _session(name, [(words, lines)])


def _session(name: str, commands: Sequence[tuple[list[str], list[str]]]) -> None:
    """Draw commands and what each printed."""
    with Path(os.devnull).open("w") as nowhere:
        console = _console(nowhere)
        for words, printed in commands:
            lines = list(within(printed, COLUMNS))
            if len(lines) > MAX_LINES:
                lines = [*lines[:MAX_LINES], f"… and {len(lines) - MAX_LINES} more lines"]
            console.print(Text(f"$ troupe {' '.join(words)}", style="bold"))
            console.print(Text("\n".join(lines)))
        _draw(name, console)


def _folder(home: Path, name: str) -> Path:
    """The folder of a session, with the sample files."""
    folder = home / name
    if not folder.is_dir():
        folder.mkdir()
        for file in SAMPLES:
            shutil.copy(file, folder)
        if name == "failed-run":
            _output(["load", "calls.jsonl"], folder)
    return folder


def _output(words: list[str], home: Path) -> list[str]:
    """The lines that a command prints in this folder, whatever it ends with."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": str(COLUMNS)}
    done = subprocess.run(  # noqa: S603
        [*TROUPE, *words], cwd=home, env=environment, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode not in (0, 3):
        raise ValueError(f"troupe {' '.join(words)} ended with {done.returncode}: {done.stdout}")
    return done.stdout.splitlines()


def _write(name: str, content: bytes) -> None:
    if len(content) > MAX_BYTES:
        raise ValueError(f"{name} would have {len(content):,} bytes, more than {MAX_BYTES:,}")
    (IMAGES / name).write_bytes(content)
    sys.stdout.write(f"docs/images/{name}: {len(content):,} bytes\n")


if __name__ == "__main__":
    sys.exit(main())
