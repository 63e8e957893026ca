"""Printing: lines, JSON, and the one-line error with which a command ends."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import NoReturn, TypeVar

import msgspec
import typer

from troupe.exit_codes import ExitCode
from troupe.report.text.columns import within

T = TypeVar("T")


def fail(problem: str, code: int = ExitCode.USAGE) -> NoReturn:
    """Print an error to standard error and end the command."""
    typer.echo(f"troupe: {problem}", err=True)
    raise typer.Exit(code)


def warn(lines: list[str]) -> None:
    """Print to standard error what a schedule has to report, though the command went on."""
    for at, each in enumerate(lines):
        typer.echo(each if at else f"troupe: {each}", err=True)


def print_lines(lines: list[str]) -> None:
    """Print lines, wrapped to the width of a terminal; a pipe gets them as they are."""
    wide = sys.stdout.isatty()
    for line in within(lines, shutil.get_terminal_size().columns) if wide else lines:
        typer.echo(line)


def print_json(value: object) -> None:
    """Print a result as indented JSON; times and paths become text."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode())


def print_result(result: T, lines_of: Callable[[T], list[str]], *, as_json: bool) -> None:
    """Print a result as JSON, or as the lines for people."""
    if as_json:
        print_json(result)
    else:
        print_lines(lines_of(result))


@contextmanager
def progress_beside(as_json: bool) -> Iterator[None]:
    """Send progress to standard error meanwhile, if the standard output is for a JSON document."""
    if not as_json:
        yield
        return
    with redirect_stdout(sys.stderr):
        yield


def check_writable(option: str, file: Path) -> Path:
    """Return the file of an option; end the command, before any work, if it cannot be written."""
    if file.is_dir():
        fail(f"invalid {option} {file}: it is a folder; name a file in it")
    if not file.parent.is_dir():
        fail(f"invalid {option} {file}: there is no folder {file.parent}; create it first")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        fail(f"invalid {option} {file}: you have no permission to write it; name another file")
    return file


def read_text(name: str, file: Path, remedy: str) -> str:
    """Return the text of a file that the user named; end the command if it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a text file in UTF-8"
        fail(f"invalid {name} {file}: it cannot be read ({why}); {remedy}")


def write_private(file: Path, page: str) -> None:
    """Write a file that its owner alone can read, also where there was another one before."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        os.fchmod(descriptor, 0o600)
        opened.write(page)
