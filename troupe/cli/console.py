"""The command `console`: the web application over the state folder or the deployment."""

from ipaddress import ip_address
from socket import gaierror
from typing import Annotated, Any

import msgspec
import typer

from troupe.exit_codes import ExitCode

from .client import CallFailed, gcp_settings
from .lazy import load
from .options import AsJson
from .output import fail
from .results import ConsoleStarted
from .target import target


def console(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0: a free one.")
    ] = 0,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on.")
    ] = "127.0.0.1",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Host name under which browsers reach the console, with its port where the "
            "address has one; repeatable. Needed where --host is not this machine alone.",
        ),
    ] = None,
    iap_audience: Annotated[
        str,
        typer.Option(
            envvar="TROUPE_CONSOLE_IAP_AUDIENCE",
            metavar="AUDIENCE",
            help="Behind Identity-Aware Proxy: the audience of its tokens, which replace the "
            "one-time token.",
        ),
    ] = "",
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Refuse everything that changes something.")
    ] = False,
    no_text: Annotated[
        bool, typer.Option("--no-text", help="Show no transcript and no text of an answer.")
    ] = False,
    open_browser: Annotated[
        bool, typer.Option("--open", help="Open the address in the browser of this machine.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look at runs, answers and faults, and act on them, in a browser.

    The printed address works once, and opens a session for one browser; the next one is printed
    then. It listens on this machine alone. Ctrl-C ends it. Needs the extra `console`.

    Examples:
        troupe console
        troupe console --read-only --no-text --port 8080
        troupe console --backend gcp --terraform deployment.json
    """
    if not allow_host and not _is_loopback(host):
        fail(
            f"invalid --host {host}: other machines reach this address, so name with --allow-host "
            "the host under which browsers reach it, e.g. --allow-host console.example.com"
        )
    serve_console(
        port=port, host=host, names=allow_host or [], iap_audience=iap_audience,
        read_only=read_only, no_text=no_text, open_browser=open_browser, as_json=as_json,
    )  # fmt: skip


def serve_console(
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    names: list[str] | None = None,
    iap_audience: str = "",
    read_only: bool = False,
    no_text: bool = False,
    open_browser: bool = False,
    as_json: bool = False,
) -> None:
    """Serve the console of this invocation's target until a signal; end the command if it cannot."""
    if target().is_gcp:
        gcp_settings()
    serve, make_listen, make_client = console_parts()
    listen = make_listen(
        host=host, port=port, names=names or (), iap_audience=iap_audience,
        open_browser=open_browser,
    )  # fmt: skip

    def write(started: ConsoleStarted) -> None:
        if as_json:
            typer.echo(msgspec.json.encode(started).decode())
        else:
            typer.echo(f"console: {started.address}")

    try:
        serve(make_client(target(), read_only=read_only, no_text=no_text), listen, write)
    except CallFailed as error:
        fail(str(error), error.code)
    except gaierror as error:
        fail(f"invalid --host {host}: {error.strerror}; name an address of this machine")
    except OSError as error:
        fail(
            f"invalid --port {port}: {host} cannot listen on it ({error.strerror}); choose another",
            ExitCode.USAGE,
        )


def console_parts() -> tuple[Any, Any, Any]:
    """Return `serve`, `Listen` and `Client`; end the command if the extra is missing."""
    try:
        server = "troupe.console.server"
        return (
            load(f"{server}:serve"),
            load(f"{server}:Listen"),
            load("troupe.console.client:Client"),
        )
    except ModuleNotFoundError as error:
        name = str(error.name).partition(".")[0]
        fail(f"{name} is not installed: pip install 'troupe[console]'")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
