"""Client of a state folder that another process owns."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from troupe.backends.local.backend import LocalBackend
from troupe.backends.local.control_server import CONTROL_FILE, ControlServer
from troupe.backends.local.state_folder import HomeInUse
from troupe.cli import client
from troupe.cli.client import CallFailed, _call_local
from troupe.operations.run_status import Status


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[LocalBackend]:
    """The owner of a state folder."""
    made = LocalBackend(tmp_path / "home")
    yield made
    made.close()


@contextmanager
def serving(backend: LocalBackend) -> Iterator[ControlServer]:
    server = ControlServer(backend.home)
    server.open()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(autouse=True)
def _in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner is this very process, whose lock would let it in once more."""

    def refused(home: Path, *_: object) -> None:
        raise HomeInUse(f"{home} is in use by another process")

    monkeypatch.setattr(client, "_call_in_process", refused)


def test_a_request_to_a_busy_worker_is_sent_once(backend: LocalBackend) -> None:
    """Sent again it would be carried out twice: the first one stays in the worker's queue."""
    with serving(backend) as server:
        with pytest.raises(
            CallFailed, match=r"the worker is busy: no answer within 0\.1 s"
        ) as error:
            _call_local(
                backend.home, "request", {"request": {}, "allow_empty": True}, timeout_seconds=0.1
            )

        assert 1 == error.value.code
        assert "`troupe status`" in str(error.value)
        assert 1 == server.requests.qsize()
        assert server.answer(backend)

    assert 1 == backend.bus.waiting


def test_a_worker_that_is_about_to_listen_is_waited_for(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its control file is written a moment after it owns the folder."""
    answers: list[Status] = []
    refused = threading.Event()
    pause = time.sleep

    def noted(seconds: float) -> None:
        refused.set()
        pause(seconds)

    monkeypatch.setattr("troupe.cli.client.time.sleep", noted)
    thread = threading.Thread(
        target=lambda: answers.append(_call_local(backend.home, "status", {}))
    )
    thread.start()
    assert refused.wait(30)
    with serving(backend) as server:
        while thread.is_alive():
            server.answer(backend, 0.05)
            thread.join(0.01)

    assert [[]] == [answer.runs for answer in answers]


def test_a_process_that_never_listens_is_no_worker(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is refused each time, and the error says what to do."""
    monkeypatch.setattr(client, "STARTING_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    (backend.home / CONTROL_FILE).write_text(json.dumps({"port": port, "secret": "s"}))

    with pytest.raises(CallFailed, match="in use by a process that does not answer: end it"):
        _call_local(backend.home, "status", {})
