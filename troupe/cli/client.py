"""One query to the troupe of a state folder, whether a worker runs there or not."""

import json
import os
import time
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import typer

Answer = dict[str, Any]

STARTING_SECONDS = 10.0
"""A worker that owns the folder already may not be listening yet."""


class Unanswered(Exception):
    """There is no answer; the text says why and what to do."""

    def __init__(self, problem: str, code: int = 2) -> None:
        """`code`: of a command that ends for it."""
        self.code = code
        super().__init__(problem)


def call(home: Path, operation: str, **arguments: Any) -> Answer:
    """The answer in plain JSON values, the same from all ways. Ends the command on a problem."""
    try:
        return asked(home, operation, **arguments)
    except Unanswered as problem:
        fail(str(problem), problem.code)


def asked(home: Path, operation: str, **arguments: Any) -> Answer:
    """The answer, for those who may ask again. Raises `Unanswered`."""
    from handlers.dispatch.errors import Redeliver, Reject
    from troupe.backends.defaults import BadSetting
    from troupe.backends.local.errors import InvalidHome
    from troupe.operations.backend import InvalidOperation

    from .client_gcp import ask_elsewhere, is_elsewhere

    try:
        return (
            ask_elsewhere(operation, arguments)
            if is_elsewhere()
            else _call(home, operation, arguments)
        )
    except (InvalidOperation, BadSetting, InvalidHome) as problem:
        raise Unanswered(str(problem)) from problem
    except (Redeliver, Reject) as trouble:
        said = f"{trouble}; what was done until then stands: give the command again"
        raise Unanswered(said, 1) from trouble


def fail(problem: str, code: int = 2) -> NoReturn:
    typer.echo(f"troupe: {problem}", err=True)
    raise typer.Exit(code)


def writable(file: Path) -> Path:
    """Ends the command where no such file can be written: told before the work, not after it."""
    if file.is_dir():
        fail(f"{file} is a folder: name a file in it")
    if not file.parent.is_dir():
        fail(
            f"{file} cannot be written: there is no folder {file.parent}; make it, or name another"
        )
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        fail(f"{file} may not be written by you: name another file")
    return file


def _call(home: Path, operation: str, arguments: Answer) -> Answer:
    from troupe.backends.local.backend import HomeInUse
    from troupe.backends.local.control_server import NoOwner, ask

    for _ in range(round(STARTING_SECONDS / 0.1)):
        try:
            return _answered_here(home, operation, arguments)
        except HomeInUse:
            try:
                return ask(home, operation, arguments)
            except NoOwner:
                time.sleep(0.1)
    said = f"{home} is in use by another process that does not answer; end it, or wait for it"
    raise Unanswered(said, 1)


def _answered_here(home: Path, operation: str, arguments: Answer) -> Answer:
    from troupe.backends.local.backend import LocalBackend
    from troupe.backends.local.operations import OPERATIONS
    from troupe.telemetry.logs import log_to

    backend = LocalBackend(home)
    log_to(home / "log.jsonl")
    try:
        answer = OPERATIONS[operation](backend, **arguments)
        plain: Answer = json.loads(msgspec.json.encode(answer))
        return plain
    finally:
        backend.close()
