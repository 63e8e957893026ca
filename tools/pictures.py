"""The pictures of the documentation, made from a run: the report as PNG, the commands as SVG.

Needs a browser (the Debian package chromium). Writes docs/images.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from tools.browser import View, opened, program

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
COLUMNS = 112
MOST_LINES = 48
MOST_BYTES = 200_000
"""Of one picture: they travel with every clone."""
DAMAGE = "12"
"""Per cent of damaged answers, so that there is something to see."""

REPORTS = {
    "report-light": (View(1000), "body", 1250),
    "report-cost": (View(1000), "#cost", 1250),
    "report-dark": (View(1000, dark=True), "#insights", 1250),
    "report-phone": (View(390), "body", 1500),
}
"""How the page is looked at, which part of it, and how many pixels of its height."""
TROUPE = [sys.executable, "-c", "from infra.cli import main; main()"]

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
        for name, words in _terminals(home).items():
            _terminal(name, words, home)
        with opened(found) as browser:
            page = browser.page()
            page.open(home / "report.html")
            for name, (view, part, most) in REPORTS.items():
                page.look(view)
                _write(f"{name}.png", page.picture(part, most=most))
    return 0


def _terminals(home: Path) -> dict[str, list[str]]:
    """What is typed, by picture; the first of them makes the run that the others look at."""
    demo = ["demo", "--damage", DAMAGE]
    _terminal("demo", demo, home)
    run = json.loads(_said(["status", "--json"], home))["runs"][0]["run_id"]
    return {
        "status": ["status", run],
        "report-text": ["report", run],
        "explain-run": ["explain", run],
        "explain-batch": ["explain", f"{run}/1"],
        "explain-record": ["explain", _record(home, run)],
    }


def _record(home: Path, run: str) -> str:
    """One that needed a further attempt in the first batch."""
    import duckdb

    with duckdb.connect(str(home / ".troupe" / "warehouse.duckdb"), read_only=True) as db:
        found = db.execute(
            "SELECT record_id FROM processed_records WHERE first_processed_execution_id = ? "
            "ORDER BY attempt DESC, batch, record_id LIMIT 1",
            [run],
        ).fetchone()
    assert found is not None, "the demo stored rows"  # noqa: S101
    return str(found[0])


def _terminal(name: str, words: list[str], home: Path) -> None:
    lines = _said(words, home).splitlines()
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"… and {len(lines) - MOST_LINES} more lines"]
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, color_system="truecolor")
        console.print(Text(f"$ troupe {' '.join(words)}", style="bold"))
        console.print(Text("\n".join(lines)))
        drawn = console.export_svg(title="troupe", theme=DIMMED_MONOKAI, code_format=SVG)
    _write(f"{name}.svg", drawn.encode())


def _said(words: list[str], home: Path) -> str:
    """What the command prints in this folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": str(COLUMNS)}
    done = subprocess.run(  # noqa: S603
        [*TROUPE, *words], cwd=home, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def _write(name: str, content: bytes) -> None:
    if len(content) > MOST_BYTES:
        raise ValueError(f"{name} would have {len(content):,} bytes, more than {MOST_BYTES:,}")
    (IMAGES / name).write_bytes(content)
    sys.stdout.write(f"docs/images/{name}: {len(content):,} bytes\n")


if __name__ == "__main__":
    sys.exit(main())
