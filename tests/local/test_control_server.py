"""One process owns the folder; the others ask it through a socket, and are answered or told."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.harness import calls
from tests.local.fakes import HeldClock
from troupe.backends.local.backend import HomeInUse, LocalBackend
from troupe.backends.local.control_server import CONTROL_FILE, ControlServer, NoOwner, ask
from troupe.operations.backend import InvalidOperation

HOUSE = Path(__file__).parent.parent.parent


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[LocalBackend]:
    made = LocalBackend(tmp_path / "home", clock=HeldClock())
    yield made
    made.close()


@contextmanager
def opened(backend: LocalBackend) -> Iterator[ControlServer]:
    control_server = ControlServer(backend.home)
    control_server.open()
    try:
        yield control_server
    finally:
        control_server.close()


def answered(control_server: ControlServer, backend: LocalBackend, caller: Any) -> Any:
    """What the caller gets while the owner answers; both in time."""
    got: list[Any] = []

    def call() -> None:
        try:
            got.append(caller())
        except Exception as error:
            got.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    while thread.is_alive():
        control_server.answer(backend, 0.05)
        thread.join(0.01)
    return got[0]


def control_file(home: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((home / CONTROL_FILE).read_text())
    return told


def say(home: Path, line: bytes) -> bytes:
    """Straight into the socket."""
    with socket.create_connection(("127.0.0.1", control_file(home)["port"]), timeout=10) as door:
        door.sendall(line)
        door.shutdown(socket.SHUT_WR)
        return door.makefile("rb").read()


def query(home: Path, **changed: Any) -> bytes:
    told = {
        "secret": control_file(home)["secret"],
        "operation": "status",
        "arguments": {},
    } | changed
    return json.dumps(told).encode() + b"\n"


def test_a_query_over_the_socket_is_answered(backend: LocalBackend) -> None:
    """By the one process that may read the file."""
    with opened(backend) as control_server:
        answer = answered(control_server, backend, lambda: ask(backend.home, "status", {}))

    assert ([], []) == (answer["runs"], answer["dead_letters"])
    assert os.getpid() == answer["worker"]["pid"]


def test_another_process_asks_and_is_answered(backend: LocalBackend) -> None:
    """It cannot open the folder itself."""
    script = (
        "import json, sys\nfrom pathlib import Path\n"
        "from troupe.backends.local.control_server import ask\nfrom troupe.backends.local.backend import HomeInUse, LocalBackend\n"
        "home = Path(sys.argv[1])\n"
        "try:\n    LocalBackend(home)\nexcept HomeInUse:\n    print('in use')\n"
        "print(ask(home, 'request', {'request': {'run_id': 'r7'}})['run_id'])\n"
    )
    command = [sys.executable, "-c", script, str(backend.home)]

    with opened(backend) as control_server:
        told = answered(
            control_server,
            backend,
            lambda: subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, check=True),
        )

    assert ["in use", "r7"] == told.stdout.split("\n")[:2]
    assert 1 == backend.bus.waiting


def test_two_backends_cannot_own_one_folder(backend: LocalBackend) -> None:
    """The second is told so."""
    with pytest.raises(HomeInUse):
        LocalBackend(backend.home)


def test_what_is_asked_is_done(backend: LocalBackend, tmp_path: Path) -> None:
    """Load a file from a second terminal."""
    file = tmp_path / "calls.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in calls(3)))

    with opened(backend) as control_server:
        answer = answered(
            control_server, backend, lambda: ask(backend.home, "load", {"file": str(file)})
        )

    assert 3 == answer["added"]


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [
        ("status", {"run_id": "nobody"}, "nobody"),
        ("request", {"request": {"rows_per_batch": 0}}, "rows_per_batch"),
        ("load", {"file": "nowhere.jsonl"}, "nowhere.jsonl"),
    ],
)
def test_an_invalid_operation_travels_as_such(
    backend: LocalBackend, operation: str, arguments: dict[str, Any], words: str
) -> None:
    """In the words of the desk."""
    with opened(backend) as control_server:
        found = answered(control_server, backend, lambda: ask(backend.home, operation, arguments))

    assert isinstance(found, InvalidOperation)
    assert words in str(found)


def test_an_unknown_operation_is_refused_by_name(backend: LocalBackend) -> None:
    """Nothing else of the process can be called."""
    with opened(backend) as control_server:
        found = answered(control_server, backend, lambda: ask(backend.home, "close", {}))

    assert isinstance(found, InvalidOperation)


def test_a_failure_of_the_owner_is_told_without_its_details(backend: LocalBackend) -> None:
    """The kind of error alone; and the owner goes on."""
    with opened(backend) as control_server:
        found = answered(
            control_server, backend, lambda: ask(backend.home, "status", {"colour": "red"})
        )
        after = answered(control_server, backend, lambda: ask(backend.home, "status", {}))

    assert "it failed: TypeError" == str(found)
    assert [] == after["runs"]


def test_a_wrong_secret_is_not_answered(backend: LocalBackend) -> None:
    """Other users of the machine reach the port, but not the card."""
    with opened(backend):
        wrong = [
            say(backend.home, query(backend.home, secret=secret))
            for secret in ("", "0" * 32, None, control_file(backend.home)["secret"][:-1], "ü")
        ]

    assert not any(b"answer" in each or b"runs" in each for each in wrong)


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"{}\n", b"[]\n", b"nonsense\n", b"\xff\n", b'{"secret"']
)
def test_nonsense_harms_nobody(backend: LocalBackend, line: bytes) -> None:
    """The next query is answered."""
    with opened(backend) as control_server:
        assert b"answer" not in say(backend.home, line)
        answer = answered(control_server, backend, lambda: ask(backend.home, "status", {}))

    assert [] == answer["runs"]


@pytest.mark.skipif(sys.platform == "win32", reason="no file modes there")
def test_the_card_is_for_its_owner_alone(backend: LocalBackend) -> None:
    """It holds the secret; also when a dead process left a half-written one."""
    (backend.home / CONTROL_FILE).with_suffix(".part").write_text("left behind")

    with opened(backend):
        mode = (backend.home / CONTROL_FILE).stat().st_mode & 0o777

    assert 0o600 == mode


def test_the_control_server_listens_on_loopback_alone(backend: LocalBackend) -> None:
    """Nobody reaches it from outside."""
    with opened(backend) as control_server:
        assert "127.0.0.1" == control_server._server.server_address[0]


def test_without_a_card_nobody_is_there(tmp_path: Path) -> None:
    """Nor in a folder that does not exist."""
    for home in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NoOwner):
            ask(home, "status", {})


def test_a_card_that_a_dead_process_left_leads_to_nobody(backend: LocalBackend) -> None:
    """The port is closed."""
    with opened(backend):
        stale = control_file(backend.home)
    assert not (backend.home / CONTROL_FILE).exists()
    (backend.home / CONTROL_FILE).write_text(json.dumps(stale))

    with pytest.raises(NoOwner):
        ask(backend.home, "status", {})


@pytest.mark.parametrize(
    "content", ["", "{", "{}", "[]", "7", '{"port": 1}', '{"port": "x", "secret": "y"}']
)
def test_a_broken_card_leads_to_nobody(tmp_path: Path, content: str) -> None:
    """As if there were none."""
    (tmp_path / CONTROL_FILE).write_text(content)

    with pytest.raises(NoOwner):
        ask(tmp_path, "status", {})


def test_a_port_that_somebody_else_took_leads_to_nobody(tmp_path: Path) -> None:
    """It answers nothing, or nonsense."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (tmp_path / CONTROL_FILE).write_text(json.dumps({"port": port, "secret": "s"}))

        def hang_up() -> None:
            line, _ = other.accept()
            line.recv(1000)
            line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            line.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(NoOwner):
            ask(tmp_path, "status", {})
        thread.join()


def test_nothing_asked_is_nothing_answered(backend: LocalBackend) -> None:
    """The worker goes on at once."""
    with opened(backend) as control_server:
        assert not control_server.answer(backend)
