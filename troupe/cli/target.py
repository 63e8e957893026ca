"""The options of every command: which state folder or deployment it works on."""

from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .lazy import load

HOME = Path(".troupe")


class BackendName(StrEnum):
    """Where the handlers run."""

    LOCAL = "local"
    GCP = "gcp"


@dataclass(frozen=True, slots=True)
class Target:
    """What a command works on: a state folder, or a deployment on Google Cloud."""

    home: Path = HOME
    backend: BackendName = BackendName.LOCAL
    terraform: Path | None = None

    @property
    def is_gcp(self) -> bool:
        return self.backend is BackendName.GCP


_DEFAULT = Target()
_TARGET = ContextVar("target", default=_DEFAULT)
"""Set by each invocation of the command line."""


def target() -> Target:
    """Return what the command of this invocation works on."""
    return _TARGET.get()


def set_target(chosen: Target) -> None:
    """Choose what the calls of this context work on: of a command, or of a thread."""
    _TARGET.set(chosen)


def print_version(value: bool) -> None:
    """Print the version of the program, if it is asked for, and end the command."""
    if value:
        version = load("importlib.metadata:version")  # loads the parser of e-mails
        typer.echo(f"troupe {version('troupe')}")
        raise typer.Exit


def select_target(
    home: Annotated[
        Path,
        typer.Option("--home", envvar="TROUPE_HOME", help="State folder of the local backend."),
    ] = HOME,
    backend: Annotated[
        BackendName,
        typer.Option(
            envvar="TROUPE_BACKEND",
            help="local: a state folder on this machine. gcp: a deployment on Google Cloud.",
        ),
    ] = BackendName.LOCAL,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=print_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
    terraform: Annotated[
        Path | None,
        typer.Option(
            envvar="TROUPE_TERRAFORM",
            metavar="FILE",
            help="With gcp: a file with the output of `terraform output -json`. "
            "Without it, the settings are read from the environment.",
        ),
    ] = None,
) -> None:
    """Analyse call-centre transcripts in batches with Gemini, on a laptop or on Google Cloud."""
    set_target(Target(home, backend, terraform))
