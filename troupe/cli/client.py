"""Client of the operations: in a state folder, through its worker, or on Google Cloud."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import msgspec

from handlers.dispatch.errors import Redeliver, Reject
from troupe.backends.defaults import BadSetting
from troupe.backends.local.state_folder import HomeInUse, InvalidHome, is_state_folder
from troupe.exit_codes import ExitCode
from troupe.operations import OPERATIONS
from troupe.operations.backend import InvalidOperation
from troupe.operations.registry import only_reads
from troupe.operations.run_status import Status, Worker

from .failures import problem_of
from .output import fail, read_text
from .target import target

if TYPE_CHECKING:
    from troupe.backends.gcp.settings import GcpSettings

T = TypeVar("T")
Arguments = dict[str, Any]
"""Of an operation, as JSON values."""

STARTING_SECONDS = 10.0
"""How long a new owner of the folder may take until its control server listens."""
_CREATES_HOME = frozenset({"load", "request", "publish", "add_analysis"})
"""Operations that create the state folder; all others need one."""


class CallFailed(Exception):
    """An operation has no answer; the text says why and what to do."""

    def __init__(self, problem: str, code: int = ExitCode.USAGE) -> None:
        """`code`: exit code of a command that ends for it."""
        self.code = code
        super().__init__(problem)


def call(operation: Callable[..., T], **arguments: Any) -> T:
    """Run an operation on the backend of the command line; end the command if it fails.

    `operation` names it and gives the type of the result; the backend may have its own form of it.
    """
    try:
        return try_call(operation, **arguments)
    except CallFailed as error:
        fail(str(error), error.code)


def try_call(operation: Callable[..., T], **arguments: Any) -> T:
    """Run an operation on the backend of the command line. Raises `CallFailed`."""
    name = operation.__name__
    try:
        result: T = (
            _call_gcp(name, arguments)
            if target().is_gcp
            else _call_local(target().home, name, arguments)
        )
        return result
    except (InvalidOperation, BadSetting) as error:
        raise CallFailed(str(error)) from error
    except InvalidHome as error:
        raise CallFailed(str(error), ExitCode.FAILED) from error
    except (Redeliver, Reject) as error:
        kept = f"{error}; what was done until then is kept: run the command again"
        raise CallFailed(problem_of(error) or kept, ExitCode.FAILED) from error


def local_only(command: str) -> None:
    """End a command that has no meaning for a deployment."""
    if target().is_gcp:
        fail(
            f"`troupe {command}` works with --backend local only: "
            "on Google Cloud the services and Terraform do this"
        )


# The backend is chosen here, and imported when it is chosen: DuckDB or Google's clients.


def _call_local(
    home: Path, operation: str, arguments: Arguments, timeout_seconds: float | None = None
) -> Any:
    """Run an operation in this process, or through the process that owns the folder.

    A request is sent again only while there is no owner to connect to, so it runs once.
    """
    from troupe.backends.local.control_server import TIMEOUT_SECONDS, NoOwner, OwnerBusy, ask

    reads = only_reads(operation, arguments)
    if (reads or operation not in _CREATES_HOME) and not is_state_folder(home):
        raise CallFailed(
            f"there is no state folder {home}: create it with `troupe demo` or "
            "`troupe load FILE`, or name another with --home"
        )
    run = _read_in_process if reads else _call_in_process
    for _ in range(round(STARTING_SECONDS / 0.1)):
        try:
            return run(home, operation, arguments)
        except HomeInUse:
            try:
                return ask(home, operation, arguments, timeout_seconds or TIMEOUT_SECONDS)
            except NoOwner:
                time.sleep(0.1)
            except OwnerBusy as error:
                raise CallFailed(
                    f"the worker is busy: {error}; it may still do what was requested: "
                    "see `troupe status` before you run the command again",
                    ExitCode.FAILED,
                ) from error
    raise CallFailed(
        f"{home} is in use by a process that does not answer: end it, or wait for its end",
        ExitCode.FAILED,
    )


def _read_in_process(home: Path, operation: str, arguments: Arguments) -> Any:
    from troupe.backends.local.reading import ReadingBackend

    backend = ReadingBackend(home)
    try:
        return _with_worker(OPERATIONS[operation](backend, **arguments), None)
    finally:
        backend.close()


def _call_in_process(home: Path, operation: str, arguments: Arguments) -> Any:
    from troupe.backends.local.backend import LocalBackend
    from troupe.backends.local.operations import OPERATIONS as LOCAL_OPERATIONS
    from troupe.telemetry.logs import log_to

    backend = LocalBackend(home)
    log_to(home / "log.jsonl")
    try:
        return _with_worker(LOCAL_OPERATIONS[operation](backend, **arguments), None)
    finally:
        backend.close()


def _call_gcp(operation: str, arguments: Arguments) -> Any:
    settings = gcp_settings()
    try:
        from google.auth.exceptions import GoogleAuthError

        from troupe.backends.gcp.backend import GcpBackend
        from troupe.doctor.findings import finding_of_error
    except ModuleNotFoundError as error:
        _fail_for_missing(error)
    try:
        backend = GcpBackend(settings)
        try:
            return _with_worker(OPERATIONS[operation](backend, **arguments), Worker(services=True))
        finally:
            # Dead letters that were pulled and not settled are released at once.
            backend.close()
    except GoogleAuthError as error:
        finding = finding_of_error("credentials", error)
        raise CallFailed(f"{finding.message}: {finding.remedy}") from error


def gcp_settings() -> "GcpSettings":
    """Return the settings of the deployment; end the command if one is missing or wrong."""
    try:
        from troupe.backends.gcp.settings import read_settings, read_terraform
    except ModuleNotFoundError as error:
        _fail_for_missing(error)
    environ = {**os.environ, "TROUPE_HANDLER": "all"}
    file = target().terraform
    try:
        if file is None:
            return read_settings(environ)
        remedy = f"write it with `terraform output -json > {file.name}` in the applied folder"
        return read_terraform(read_text("--terraform", file, remedy), environ)
    except BadSetting as error:
        fail(str(error))


def _fail_for_missing(error: ModuleNotFoundError) -> NoReturn:
    fail(f"{error.name} is not installed: pip install 'troupe[gcp]'")


def _with_worker(result: Any, worker: Worker | None) -> Any:
    """Add the worker to a status, which only the caller of the operation knows."""
    return msgspec.structs.replace(result, worker=worker) if isinstance(result, Status) else result
