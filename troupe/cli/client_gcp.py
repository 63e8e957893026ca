"""Which backend a command speaks to, and the same queries asked of a deployment on Google Cloud."""

import json
import os
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from .client import Answer, fail

if TYPE_CHECKING:
    from troupe.backends.gcp.settings import GcpSettings


class Where(StrEnum):
    """Where the troupe runs."""

    LOCAL = "local"
    GCP = "gcp"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was said before the command's name."""

    where: Where = Where.LOCAL
    terraform: Path | None = None


_LOCAL = Chosen()
_CHOSEN = ContextVar("chosen", default=_LOCAL)
"""Set anew by every invocation of the command."""


def choose(
    backend: Annotated[
        Where, typer.Option(envvar="TROUPE_BACKEND", help="A state folder, or a deployment.")
    ] = Where.LOCAL,
    terraform: Annotated[
        Path | None,
        typer.Option(
            envvar="TROUPE_TERRAFORM",
            help="With gcp: what `terraform output -json` wrote. Else the environment tells.",
        ),
    ] = None,
) -> None:
    """Event-driven batch analysis of call-centre transcripts, on a laptop or on Google Cloud."""
    _CHOSEN.set(Chosen(backend, terraform))


def is_elsewhere() -> bool:
    """Whether the command is for a deployment."""
    return _CHOSEN.get().where is Where.GCP


def local_only(what: str) -> None:
    """Ends a command that a deployment has no use for."""
    if is_elsewhere():
        fail(f"{what} is for a laptop: on Google Cloud the services and Terraform do this")


def gcp_settings() -> "GcpSettings":
    """Of the deployment that was told. Ends the command when it was not told enough."""
    try:
        from troupe.backends.gcp.settings import BadSetting, read_settings, read_terraform
    except ModuleNotFoundError as missing:
        fail(f"{missing.name} is not installed: pip install 'troupe[gcp]'")
    environ = {**os.environ, "TROUPE_HANDLER": "all"}
    file = _CHOSEN.get().terraform
    try:
        return read_terraform(_read(file), environ) if file else read_settings(environ)
    except BadSetting as problem:
        fail(str(problem))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        fail(
            f"{file} cannot be read ({why}): write it with "
            f"`terraform output -json > {file.name}` in the folder that was applied"
        )


def ask_elsewhere(operation: str, arguments: dict[str, Any]) -> Answer:
    """The duty, done with the tools of the deployment."""
    from troupe.operations import OPERATIONS

    if operation not in OPERATIONS:
        local_only(operation.replace("_", "-"))
    settings = gcp_settings()
    try:
        from google.auth.exceptions import GoogleAuthError

        from troupe.doctor.findings import trouble
    except ModuleNotFoundError as missing:
        fail(f"{missing.name} is not installed: pip install 'troupe[gcp]'")
    try:
        return _answered(settings, OPERATIONS[operation], arguments)
    except GoogleAuthError as error:
        found = trouble("credentials", error)
        fail(f"{found.says}: {found.remedy}")


def _answered(
    settings: "GcpSettings", operation: Callable[..., Answer], arguments: dict[str, Any]
) -> Answer:
    try:
        from troupe.backends.gcp.backend import GcpBackend
        from troupe.backends.gcp.settings import BadSetting

        backend = GcpBackend(settings)
    except BadSetting as problem:
        fail(str(problem))
    except ModuleNotFoundError as missing:
        fail(f"{missing.name} is not installed: pip install 'troupe[gcp]'")
    try:
        answer = operation(backend, **arguments)
        plain: Answer = json.loads(msgspec.json.encode(answer | {"worker": {"services": True}}))
        return plain
    finally:
        # What was looked at and not settled goes back at once, for others to see.
        backend.close()
