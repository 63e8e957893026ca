"""The console as a process: a socket, the address with its token, and an end by Ctrl-C."""

import logging
import re
import socket
import sys
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

import uvicorn

from troupe.cli.client import CallFailed
from troupe.cli.lazy import load
from troupe.cli.results import ConsoleStarted
from troupe.interrupts import handled
from troupe.operations import status
from troupe.operations.list_runs import list_runs
from troupe.telemetry.logs import JsonLines

from .app import make_app
from .client import Client, call_existing
from .rendering import assets_version, environment
from .security import COOKIE, Guard, Sessions, TokenSessions

_WITH_PORT = re.compile(r"(\[[^\]]*\]|[^:]*):[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where the console is reached, and by whom."""

    host: str = "127.0.0.1"
    port: int = 0
    """0: a free one."""
    names: Sequence[str] = ()
    """Further host names under which browsers reach it, with their ports where they have one."""
    iap_audience: str = ""
    """Behind Identity-Aware Proxy, whose tokens are for this audience; empty: one-time tokens."""
    open_browser: bool = False


class Server(uvicorn.Server):
    """Serves an application on a socket until `should_exit`; leaves signals to the command."""

    def __init__(self, app: Guard) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                # Addresses are not logged: the first one holds the token.
                access_log=False,
                log_level="critical",
                lifespan="off",
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=0,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(client: Client, listen: Listen, write: Callable[[ConsoleStarted], None]) -> None:
    """Serve until SIGINT or SIGTERM; `write` gets the address, and again when its token was used.

    Raises `CallFailed` if the state folder or the deployment cannot be read, `OSError` if the port
    is taken.
    """
    log_to_stderr()
    warm_up(client)
    client.ask = call_existing
    with bound_to(listen) as bound:
        port = bound.getsockname()[1]
        hosts = hosts_of(listen, port)

        def tell(token: str) -> None:
            write(ConsoleStarted(address=f"http://{hosts[0]}/?token={token}"))

        sessions: Sessions
        if listen.iap_audience:
            # Google's client is no part of the extra.
            sessions = load("troupe.console.iap:IapSessions")(listen.iap_audience)
            scheme = "https" if listen.names else "http"
            write(ConsoleStarted(address=f"{scheme}://{hosts[0]}/"))
        else:
            sessions = TokenSessions(on_token=tell, cookie=f"{COOKIE}_{port}")
            tell(sessions.token)
            if listen.open_browser:
                open_browser(f"http://{hosts[0]}/?token={sessions.token}")
        server = Server(make_app(client, sessions, hosts, secure=bool(listen.iap_audience)))

        def end(_number: int, _frame: object) -> None:
            server.should_exit = True

        with handled(end):
            server.run(sockets=[bound])


def open_browser(address: str) -> None:
    """Open an address beside the server: some browsers return when they are closed."""

    def opened() -> None:
        if not webbrowser.open(address):
            sys.stderr.write("no browser was opened: open the address in one\n")

    Thread(target=opened, daemon=True).start()


def log_to_stderr() -> None:
    """Write what the console itself logs to standard error: faults, without any text of a page."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    log = logging.getLogger("troupe.console")
    log.handlers[:], log.propagate = [handler], False


def hosts_of(listen: Listen, port: int) -> list[str]:
    """Return the values of `Host` under which the console is reached; the first one is printed.

    A browser sends the port with a name, but for the port of HTTP. Identity-Aware Proxy has its own.
    """
    if listen.names and listen.iap_audience:
        return list(listen.names)
    if listen.names:
        named = [each if _WITH_PORT.fullmatch(each) else f"{each}:{port}" for each in listen.names]
        return list(dict.fromkeys([*named, *listen.names]))
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    return list(dict.fromkeys([f"{host}:{port}", f"localhost:{port}"]))


def warm_up(client: Client) -> None:
    """Read once what the first page reads: imports and translated SQL take a second.

    Raises `CallFailed`.
    """
    environment().get_template("run.html")
    assets_version()
    arguments: dict[str, Any] = {"only_open": True}
    client.in_thread(status, arguments)
    runs = client.in_thread(list_runs, {"limit": 1}).runs
    if runs:
        try:
            client.in_thread(status, {"run_id": runs[0].run_id})
        except CallFailed:
            return  # its page says the same


@contextmanager
def bound_to(listen: Listen) -> Iterator[socket.socket]:
    """Listen before the address is printed: who is faster than the server waits for it."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((listen.host, listen.port))
        bound.listen()
        yield bound
