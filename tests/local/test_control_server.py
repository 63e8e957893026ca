"""The control server: authentication, errors, limits, and files that a dead process left."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.harness import LocalHarness, calls
from troupe.backends.local import control_server
from troupe.backends.local.backend import LocalBackend
from troupe.backends.local.control_server import (
    CONTROL_FILE,
    ControlServer,
    NoOwner,
    OwnerBusy,
    ask,
)
from troupe.backends.local.state_folder import HomeInUse
from troupe.operations.backend import InvalidOperation

HOUSE = Path(__file__).parent.parent.parent


@pytest.fixture
def backend(harness: LocalHarness) -> LocalBackend:
    return harness.backend


@contextmanager
def serving(backend: LocalBackend) -> Iterator[ControlServer]:
    server = ControlServer(backend.home)
    server.open()
    try:
        yield server
    finally:
        server.close()


def answered(server: ControlServer, backend: LocalBackend, caller: Any) -> Any:
    """Call from a thread while the owner answers; return the result or the error."""
    got: list[Any] = []

    def call() -> None:
        try:
            got.append(caller())
        except Exception as error:
            got.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    while thread.is_alive():
        server.answer(backend, 0.05)
        thread.join(0.01)
    return got[0]


def control_file(home: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((home / CONTROL_FILE).read_text())
    return content


def send(home: Path, line: bytes, secret: str | None = None) -> bytes:
    """Send secret and line without `ask`, and return the reply; empty when the server hangs up."""
    known = control_file(home)
    secret = known["secret"] if secret is None else secret
    with (
        suppress(OSError),
        socket.create_connection(("127.0.0.1", known["port"]), timeout=10) as connection,
    ):
        connection.sendall(f"{secret}\n".encode() + line)
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").read()
    return b""


def query(**arguments: Any) -> bytes:
    return json.dumps({"operation": "status", "arguments": arguments}).encode() + b"\n"


def test_an_operation_over_the_socket_is_run(backend: LocalBackend) -> None:
    """By the process that owns the file."""
    with serving(backend) as server:
        answer = answered(server, backend, lambda: ask(backend.home, "status", {}))

    assert ([], []) == (answer.runs, answer.dead_letters)
    assert os.getpid() == answer.worker.pid


def test_another_process_runs_an_operation_through_the_owner(backend: LocalBackend) -> None:
    """It cannot open the folder itself."""
    script = (
        "import json, sys\nfrom pathlib import Path\n"
        "from troupe.backends.local.control_server import ask\nfrom troupe.backends.local.backend import LocalBackend\n"
        "from troupe.backends.local.state_folder import HomeInUse\n"
        "home = Path(sys.argv[1])\n"
        "try:\n    LocalBackend(home)\nexcept HomeInUse:\n    print('in use')\n"
        "print(ask(home, 'request', {'request': {'run_id': 'r7'}, 'allow_empty': True}).run_id)\n"
    )
    command = [sys.executable, "-c", script, str(backend.home)]

    with serving(backend) as server:
        done = answered(
            server,
            backend,
            lambda: subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, check=True),
        )

    assert ["in use", "r7"] == done.stdout.split("\n")[:2]
    assert 1 == backend.bus.waiting


def test_two_backends_cannot_own_one_folder(backend: LocalBackend) -> None:
    """The second one is refused."""
    with pytest.raises(HomeInUse):
        LocalBackend(backend.home)


def test_an_operation_that_writes_is_run(backend: LocalBackend, tmp_path: Path) -> None:
    """Load a file from a second process."""
    file = tmp_path / "calls.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in calls(3)))

    with serving(backend) as server:
        answer = answered(
            server, backend, lambda: ask(backend.home, "load", {"files": [str(file)]})
        )

    assert 3 == answer.added


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [
        ("status", {"run_id": "unknown"}, "unknown"),
        ("request", {"request": {"rows_per_batch": 0}}, "rows_per_batch"),
        ("load", {"files": ["nowhere.jsonl"]}, "nowhere.jsonl"),
    ],
)
def test_an_invalid_operation_is_raised_at_the_client(
    backend: LocalBackend, operation: str, arguments: dict[str, Any], words: str
) -> None:
    """With the text of the operation."""
    with serving(backend) as server:
        found = answered(server, backend, lambda: ask(backend.home, operation, arguments))

    assert isinstance(found, InvalidOperation)
    assert words in str(found)


def test_an_unknown_operation_is_refused_by_name(backend: LocalBackend) -> None:
    """No other function of the process can be called."""
    with serving(backend) as server:
        found = answered(server, backend, lambda: ask(backend.home, "close", {}))

    assert isinstance(found, InvalidOperation)


def test_an_error_of_the_owner_is_reported_without_its_text(backend: LocalBackend) -> None:
    """By its class; the owner continues."""
    with serving(backend) as server:
        found = answered(server, backend, lambda: ask(backend.home, "status", {"colour": "red"}))
        after = answered(server, backend, lambda: ask(backend.home, "status", {}))

    assert "TypeError in the process that owns the folder" == str(found)
    assert [] == after.runs


def test_a_wrong_secret_is_not_answered(backend: LocalBackend) -> None:
    """Other users of the machine reach the port, but cannot read the file with the secret."""
    with serving(backend) as server:
        secret = server.secret
        wrong = ["", "0" * 32, secret[:-1], secret + "0", f" {secret}", "ü" * 16]
        replies = [send(backend.home, query(), each) for each in wrong]
        answer = answered(server, backend, lambda: send(backend.home, query()))

    assert [b""] * len(wrong) == replies
    assert b"runs" in answer


def test_a_client_without_the_secret_cannot_fill_the_memory(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what it sends no more is read than a secret is long."""
    sizes: list[int] = []
    connection = control_server._Connection

    def readline(stream: Any, size: int = -1) -> bytes:
        sizes.append(size)
        return bytes(stream.readline(size))

    class Counted(connection):  # type: ignore[misc,valid-type] # a class that is found by its name
        def setup(self) -> None:
            super().setup()
            stream: Any = self.__dict__["rfile"]
            self.rfile = SimpleNamespace(
                readline=lambda size=-1: readline(stream, size), close=stream.close, closed=False
            )

    monkeypatch.setattr(control_server, "_Connection", Counted)
    with serving(backend):
        send(backend.home, b"x" * 1_000_000, "x" * 1_000_000)

    assert [33] == sizes


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"{}\n", b"[]\n", b"nonsense\n", b"\xff\n", b'{"secret"']
)
def test_an_unreadable_request_is_not_answered(backend: LocalBackend, line: bytes) -> None:
    """The next query is answered."""
    with serving(backend) as server:
        assert b"answer" not in send(backend.home, line)
        answer = answered(server, backend, lambda: ask(backend.home, "status", {}))

    assert [] == answer.runs


@pytest.mark.skipif(sys.platform == "win32", reason="no file modes there")
def test_the_control_file_is_readable_by_its_user_alone(backend: LocalBackend) -> None:
    """Also when a dead process left an incomplete one."""
    (backend.home / CONTROL_FILE).with_suffix(".part").write_text("left behind")

    with serving(backend):
        mode = (backend.home / CONTROL_FILE).stat().st_mode & 0o777

    assert 0o600 == mode


def test_the_server_listens_on_loopback_alone(backend: LocalBackend) -> None:
    """Other machines do not reach it."""
    with serving(backend) as server:
        assert "127.0.0.1" == server.server_address[0]


def test_without_a_control_file_there_is_no_owner(tmp_path: Path) -> None:
    """Also in a folder that does not exist."""
    for home in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NoOwner):
            ask(home, "status", {})


def test_with_the_control_file_of_a_dead_process_there_is_no_owner(backend: LocalBackend) -> None:
    """The port is closed."""
    with serving(backend):
        stale = control_file(backend.home)
    assert not (backend.home / CONTROL_FILE).exists()
    (backend.home / CONTROL_FILE).write_text(json.dumps(stale))

    with pytest.raises(NoOwner):
        ask(backend.home, "status", {})


@pytest.mark.parametrize(
    "content", ["", "{", "{}", "[]", "7", '{"port": 1}', '{"port": "x", "secret": "y"}']
)
def test_with_an_invalid_control_file_there_is_no_owner(tmp_path: Path, content: str) -> None:
    """As without one."""
    (tmp_path / CONTROL_FILE).write_text(content)

    with pytest.raises(NoOwner):
        ask(tmp_path, "status", {})


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"[]\n", b"7\n"])
def test_on_a_port_of_another_program_there_is_no_owner(tmp_path: Path, reply: bytes) -> None:
    """Which replies nothing, or something else."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (tmp_path / CONTROL_FILE).write_text(json.dumps({"port": port, "secret": "s"}))

        def hang_up() -> None:
            connection, _ = other.accept()
            connection.recv(1000)
            connection.sendall(reply)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(NoOwner):
            ask(tmp_path, "status", {})
        thread.join()


def test_an_owner_that_does_not_answer_in_time_is_busy(tmp_path: Path) -> None:
    """It accepts the connection and sends nothing; the client stops waiting."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (tmp_path / CONTROL_FILE).write_text(json.dumps({"port": port, "secret": "s"}))

        with pytest.raises(OwnerBusy, match=r"no answer within 0\.1 s"):
            ask(tmp_path, "status", {}, 0.1)


@pytest.mark.parametrize("start", [b"", b'{"secret"'])
def test_a_silent_client_blocks_neither_the_worker_nor_other_clients(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    """The server ends its connection after a while."""
    monkeypatch.setattr(control_server._Connection, "timeout", 0.2)
    with serving(backend) as server:
        address = ("127.0.0.1", control_file(backend.home)["port"])
        silent = [socket.create_connection(address, timeout=10) for _ in range(20)]
        for each in silent:
            each.sendall(start)

        assert not server.answer(backend)
        answer = answered(server, backend, lambda: ask(backend.home, "status", {}))
        ended = [each.recv(1) for each in silent]
        for each in silent:
            each.close()

    assert [] == answer.runs
    assert {b""} == {*ended}


def test_several_clients_are_answered_at_once(backend: LocalBackend) -> None:
    """Each with its own answer."""
    names = [f"r{number}" for number in range(12)]

    def request(run_id: str) -> Any:
        arguments = {"request": {"run_id": run_id}, "allow_empty": True}
        return ask(backend.home, "request", arguments).run_id

    with serving(backend) as server, ThreadPoolExecutor(len(names)) as pool:
        found = answered(server, backend, lambda: list(pool.map(request, names)))

    assert names == found


def test_a_request_that_is_too_long_is_refused(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the client with the limit, and by the server in any case."""
    monkeypatch.setattr(control_server, "MAX_REQUEST_BYTES", 1000)
    with serving(backend) as server:
        reply = send(backend.home, query(run_id="r" * 1000))
        with pytest.raises(InvalidOperation, match="may have 1,000: make it smaller"):
            ask(backend.home, "status", {"run_id": "r" * 1000})
        answer = answered(server, backend, lambda: ask(backend.home, "status", {}))

    assert b"DecodeError in the process" in reply
    assert [] == answer.runs


def test_without_a_request_the_server_returns_at_once(backend: LocalBackend) -> None:
    """The worker continues at once."""
    with serving(backend) as server:
        assert not server.answer(backend)
