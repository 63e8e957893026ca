"""The control server: the owner of a state folder runs other processes' operations.

Only one process can open a DuckDB file, even to read. The owner listens on loopback, and writes
its port and a secret to the folder. A client sends the secret as one line, then its request as one
line of JSON, and gets one line of JSON.
"""

import json
import os
import queue
import secrets
import socketserver
import threading
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from socket import create_connection
from typing import Any

import msgspec
from msgspec import MsgspecError

from troupe.operations.backend import InvalidOperation
from troupe.operations.run_status import Status, Worker

from .backend import LocalBackend
from .operations import OPERATIONS, RESULT_TYPES

CONTROL_FILE = "control.json"
TIMEOUT_SECONDS = 600.0
"""How long a client waits for the reply; a transaction of the owner may take minutes."""
REQUEST_SECONDS = 10.0
"""How long the server waits for the next part of a request."""
MAX_REQUEST_BYTES = 32 << 20
_CLOSE_SECONDS = 0.05
"""How often the server looks whether it is closed: the end of every worker waits for that."""
_SECRET_LENGTH = 32
"""Hex digits. A connection without them gets no further than that."""


class NoOwner(Exception):
    """No process owns this folder and replies."""


class OwnerBusy(Exception):
    """The owner did not reply in time; it may still run the operation."""


class _Request(msgspec.Struct):
    operation: str
    arguments: dict[str, Any]


class _Reply(msgspec.Struct, omit_defaults=True):
    answer: Any = None
    problem: str | None = None


class _EncodedReply(msgspec.Struct):
    """A reply whose answer is decoded later, as the result type of its operation."""

    answer: msgspec.Raw = msgspec.Raw()
    problem: str | None = None


class ControlServer(socketserver.ThreadingTCPServer):
    """A server with a thread per client. The owner runs the operations between two steps."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, home: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.home = home
        self.secret = secrets.token_hex(_SECRET_LENGTH // 2)
        self.requests: queue.Queue[tuple[_Request, Future[Any]]] = queue.Queue()
        self._file = home / CONTROL_FILE
        self._thread = threading.Thread(
            target=self.serve_forever, args=(_CLOSE_SECONDS,), daemon=True
        )

    def open(self) -> None:
        """Accept connections, and write the port and the secret to the control file."""
        self._thread.start()
        control_file = {"port": self.server_address[1], "secret": self.secret, "pid": os.getpid()}
        part = self._file.with_suffix(".part")
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        part.write_text(json.dumps(control_file))
        part.replace(self._file)

    def close(self) -> None:
        """Remove the control file and stop the server."""
        self._file.unlink(missing_ok=True)
        self.shutdown()
        self.server_close()
        self._thread.join()

    def answer(self, backend: LocalBackend, wait_seconds: float = 0.0) -> bool:
        """Run the operations that clients requested; wait at most this long for the first one."""
        answered = False
        with suppress(queue.Empty):
            while True:
                request, reply = self.requests.get(timeout=0 if answered else wait_seconds)
                try:
                    answer = OPERATIONS[request.operation](backend, **request.arguments)
                    if isinstance(answer, Status):
                        worker = Worker(pid=os.getpid())
                        answer = msgspec.structs.replace(answer, worker=worker)
                    reply.set_result(answer)
                except Exception as error:
                    reply.set_exception(error)
                answered = True
        return answered


class _Connection(socketserver.StreamRequestHandler):
    server: ControlServer
    timeout = REQUEST_SECONDS

    def handle(self) -> None:
        with suppress(OSError):  # the client is gone, or sends nothing
            secret = self.rfile.readline(_SECRET_LENGTH + 1).rstrip(b"\n")
            if not secrets.compare_digest(secret, self.server.secret.encode()):
                return
            line = self.rfile.readline(MAX_REQUEST_BYTES)
            self.connection.settimeout(TIMEOUT_SECONDS)
            self.wfile.write(self._reply_to(line) + b"\n")

    def _reply_to(self, line: bytes) -> bytes:
        try:
            request = msgspec.json.decode(line, type=_Request)
            if request.operation not in OPERATIONS:
                raise InvalidOperation(f"there is no operation {request.operation}")
            reply: Future[Any] = Future()
            self.server.requests.put((request, reply))
            return msgspec.json.encode(_Reply(answer=reply.result(TIMEOUT_SECONDS)))
        except InvalidOperation as error:
            return msgspec.json.encode(_Reply(problem=str(error)))
        except OSError as error:
            problem = f"{error.filename or self.server.home}: {error.strerror}"
            return msgspec.json.encode(_Reply(problem=problem))
        except Exception as error:
            problem = f"{type(error).__name__} in the process that owns the folder"
            return msgspec.json.encode(_Reply(problem=problem))


def ask(
    home: Path,
    operation: str,
    arguments: dict[str, Any],
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Any:
    """Run an operation in the process that owns the folder; return its result.

    Raises `NoOwner` if there is none to connect to, `OwnerBusy` if it does not reply in time, and
    `InvalidOperation` as the operation raises it.
    """
    try:
        control_file = json.loads((home / CONTROL_FILE).read_text())
        secret = control_file["secret"].encode() + b"\n"
        line = msgspec.json.encode(_Request(operation, arguments)) + b"\n"
        if len(line) > MAX_REQUEST_BYTES:
            size = f"{len(line):,} bytes, and may have {MAX_REQUEST_BYTES:,}"
            raise InvalidOperation(f"the request has {size}: make it smaller")
        address = ("127.0.0.1", control_file["port"])
        with create_connection(address, timeout_seconds) as connection:
            connection.sendall(secret + line)
            reply = msgspec.json.decode(connection.makefile("rb").readline(), type=_EncodedReply)
    except TimeoutError as error:
        # The request stays in the owner's queue: sent again, it would run twice.
        raise OwnerBusy(f"no answer within {timeout_seconds:g} s") from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError, MsgspecError) as error:
        raise NoOwner(f"no process owns {home}, or it does not reply") from error
    if reply.problem is not None:
        raise InvalidOperation(reply.problem)
    try:
        return msgspec.json.decode(reply.answer, type=RESULT_TYPES[operation])
    except MsgspecError as error:
        raise InvalidOperation(
            f"the worker of {home} runs another version of this program: end it, and start it again"
        ) from error
