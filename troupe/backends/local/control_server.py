"""One process owns the state folder; everybody else asks it through a socket on loopback.

DuckDB lets one process in, even to read. The owner leaves a port and a secret in the folder;
a request and its answer are one line of JSON each.
"""

import json
import os
import queue
import secrets
import socketserver
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from socket import create_connection
from typing import Any

import msgspec

from troupe.operations.backend import Answer, InvalidOperation

from .backend import LocalBackend
from .operations import OPERATIONS

CONTROL_FILE = "control.json"
TIMEOUT_SECONDS = 600.0
"""How long a caller waits: the owner may be in the middle of a long transaction."""

Request = tuple[str, dict[str, Any]]


class NoOwner(Exception):
    """No process answers for this folder."""


class ControlServer:
    """Takes requests from other processes, to be answered between two steps of the work."""

    def __init__(self, home: Path) -> None:
        self._control_file = home / CONTROL_FILE
        self._requests: queue.Queue[tuple[Request, Future[Answer]]] = queue.Queue()
        self._secret = secrets.token_hex(16)
        self._server = _Server(self._secret, self._ask)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def open(self) -> None:
        self._thread.start()
        control_file = {"port": self._server.port, "secret": self._secret, "pid": os.getpid()}
        aside = self._control_file.with_suffix(".part")
        aside.unlink(missing_ok=True)
        aside.touch(mode=0o600)
        aside.write_text(json.dumps(control_file))
        aside.replace(self._control_file)

    def close(self) -> None:
        self._control_file.unlink(missing_ok=True)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, backend: LocalBackend, wait_seconds: float = 0.0) -> bool:
        """Answer what was asked; waits for a first request at most this long."""
        answered = False
        try:
            asked = self._requests.get(timeout=wait_seconds) if wait_seconds else self._next()
            while True:
                self._reply(backend, *asked)
                answered = True
                asked = self._next()
        except queue.Empty:
            return answered

    def _next(self) -> tuple[Request, "Future[Answer]"]:
        return self._requests.get_nowait()

    def _reply(self, backend: LocalBackend, request: Request, reply: "Future[Answer]") -> None:
        name, arguments = request
        try:
            reply.set_result(
                OPERATIONS[name](backend, **arguments) | {"worker": {"pid": os.getpid()}}
            )
        except Exception as error:
            reply.set_exception(error)

    def _ask(self, request: Request) -> Answer:
        reply: Future[Answer] = Future()
        self._requests.put((request, reply))
        return reply.result(TIMEOUT_SECONDS)


def ask(home: Path, operation: str, arguments: dict[str, Any]) -> Answer:
    """Ask the process that owns the folder. Raises `NoOwner`, or what the duty raises."""
    try:
        control_file = json.loads((home / CONTROL_FILE).read_text())
        with create_connection(
            ("127.0.0.1", control_file["port"]), timeout=TIMEOUT_SECONDS
        ) as line:
            told = {
                "secret": control_file["secret"],
                "operation": operation,
                "arguments": arguments,
            }
            line.sendall(msgspec.json.encode(told) + b"\n")
            reply = json.loads(line.makefile("rb").readline())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoOwner(f"no process answers for {home}") from error
    if "problem" in reply:
        raise InvalidOperation(reply["problem"])
    answer: Answer = reply["answer"]
    return answer


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, secret: str, asked: Callable[[Request], Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _Line)
        self.secret, self.asked = secret, asked

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Line(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        try:
            told = json.loads(self.rfile.readline())
            if not secrets.compare_digest(str(told["secret"]), self.server.secret):
                return
            if told["operation"] not in OPERATIONS:
                self._say({"problem": f"there is no duty {told['operation']}"})
                return
            self._say({"answer": self.server.asked((told["operation"], told["arguments"]))})
        except InvalidOperation as error:
            self._say({"problem": str(error)})
        except Exception as error:
            self._say({"problem": f"it failed: {type(error).__name__}"})

    def _say(self, reply: dict[str, Any]) -> None:
        self.wfile.write(msgspec.json.encode(reply) + b"\n")
