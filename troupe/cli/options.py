"""What several commands take, and how they print."""

import json
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from .client import fail

Home = Annotated[
    Path,
    typer.Option("--home", envvar="TROUPE_HOME", help="The state folder.", show_default=True),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show it, and change nothing.")]
Budget = Annotated[float | None, typer.Option(help="US dollars; over it, refused.")]
BudgetTokens = Annotated[int | None, typer.Option(help="Tokens; over them, refused.")]
HOME = Path(".troupe")


def known(home: Path) -> Path:
    """Ends the command where nothing was ever loaded."""
    from .client_gcp import is_elsewhere

    if not is_elsewhere() and not home.is_dir():
        fail(f"there is no state folder {home}; begin with `troupe demo` or `troupe load FILE`")
    return home


def print_lines(lines: list[str]) -> None:
    """On a terminal within its width; a pipe gets the lines as they are."""
    from troupe.report.text_columns import within

    wide = sys.stdout.isatty()
    for line in within(lines, shutil.get_terminal_size().columns) if wide else lines:
        typer.echo(line)


def print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
