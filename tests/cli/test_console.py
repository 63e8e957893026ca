"""The commands that serve the console: what they print, refuse, and how they end."""

import http.client
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.cli.command import ENVIRONMENT, TROUPE, Command
from troupe.cli import console
from troupe.cli.results import ConsoleStarted
from troupe.console import server
from troupe.console.client import Client
from troupe.console.server import Listen, hosts_of


@pytest.fixture
def command(tmp_path: Path) -> Command:
    made = Command(tmp_path / "home")
    made.load(3)
    return made


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Client, Listen]]:
    """What was served, instead of a server."""
    found: list[tuple[Client, Listen]] = []

    def serve(client: Client, listen: Listen, write: Any) -> None:
        found.append((client, listen))
        write(ConsoleStarted(address="http://127.0.0.1:1/?token=x"))

    monkeypatch.setattr(server, "serve", serve)
    return found


def test_the_address_is_printed_for_people_and_for_scripts(
    command: Command, served: list[tuple[Client, Listen]]
) -> None:
    assert "console: http://127.0.0.1:1/?token=x\n" == command("console")
    assert {"address": "http://127.0.0.1:1/?token=x"} == command.json("console", "--read-only")

    (plain, listen), (read_only, _) = served
    assert (False, False, "127.0.0.1", 0) == (
        plain.read_only, plain.no_text, listen.host, listen.port,
    )  # fmt: skip
    assert read_only.read_only
    assert command.home == plain.target.home


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com"])  # noqa: S104
def test_an_address_that_others_reach_needs_its_host_names(
    command: Command, served: list[tuple[Client, Listen]], host: str
) -> None:
    assert "--allow-host" in command("console", "--host", host, code=2)
    assert [] == served
    command("console", "--host", host, "--allow-host", "console.example.com")
    assert ["console.example.com"] == list(served[0][1].names)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_an_address_of_this_machine_needs_none(
    command: Command, served: list[tuple[Client, Listen]], host: str
) -> None:
    command("console", "--host", host)
    assert host == served[0][1].host


def test_the_host_names_are_those_of_the_address() -> None:
    assert ["127.0.0.1:8080", "localhost:8080"] == hosts_of(Listen(), 8080)
    assert "[::1]:8080" == hosts_of(Listen(host="::1"), 8080)[0]
    named = hosts_of(Listen(host="0.0.0.0", names=["console.example.com"]), 8080)  # noqa: S104
    assert ["console.example.com:8080", "console.example.com"] == named
    assert "0.0.0.0:8080" not in named, "no browser sends it on purpose"
    for name in ("example.com:443", "[2001:db8::1]:443"):
        assert [name] == hosts_of(Listen(names=[name]), 8080)
    assert "[2001:db8::1]:8080" == hosts_of(Listen(names=["[2001:db8::1]"]), 8080)[0]
    behind = Listen(names=["console.example.com"], iap_audience="/projects/1")
    assert ["console.example.com"] == hosts_of(behind, 8080), "the proxy has the port of HTTPS"


def test_a_folder_that_does_not_exist_ends_the_command(tmp_path: Path) -> None:
    """Before an address is printed."""
    output = Command(tmp_path / "none")("console", code=2)

    assert "there is no state folder" in output
    assert "console:" not in output


def test_a_missing_extra_is_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise ModuleNotFoundError("No module named 'starlette'", name="starlette")

    monkeypatch.setattr(console, "load", missing)
    output = command("console", code=2)

    assert "starlette is not installed: pip install 'troupe[console]'" in output


@pytest.mark.parametrize("name", ["jinja2", "starlette", "uvicorn"])
def test_a_package_that_cannot_be_imported_is_a_missing_extra(
    command: Command, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whichever of them is missing, without a traceback."""
    for module in [each for each in sys.modules if each.startswith("troupe.console")]:
        monkeypatch.delitem(sys.modules, module)
    for module in [each for each in sys.modules if each.partition(".")[0] == name]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)

    assert f"{name} is not installed: pip install 'troupe[console]'" in command("console", code=2)


def test_the_demo_opens_the_console_when_it_is_done(
    tmp_path: Path, served: list[tuple[Client, Listen]]
) -> None:
    output = Command(tmp_path / "home")("demo", "--limit", "3", "--open")

    assert output.index("report: ") < output.index("console: ")
    assert served[0][1].open_browser


def test_the_demo_does_not_begin_without_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: str) -> None:
        raise ModuleNotFoundError("No module named 'jinja2'", name="jinja2")

    monkeypatch.setattr(console, "load", missing)
    assert "jinja2 is not installed" in Command(tmp_path / "home")("demo", "--open", code=2)
    assert not (tmp_path / "home").exists()


@pytest.mark.slow  # a server in a process of its own
def test_a_console_serves_until_ctrl_c_and_logs_no_request(command: Command) -> None:
    """A stream that is open does not keep it from ending. A taken port is named."""
    words = [*TROUPE, "console", "--json", "--home", str(command.home)]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
    )
    assert process.stdout is not None
    address = urlsplit(json.loads(process.stdout.readline())["address"])
    connection = http.client.HTTPConnection(address.netloc)
    connection.request("GET", f"/?{address.query}")
    entered = connection.getresponse()
    entered.read()
    cookie = entered.headers["set-cookie"].partition(";")[0]
    command("request", "--run-id", "r1")
    connection.request("GET", "/runs/r1/events", headers={"cookie": cookie})
    stream = connection.getresponse()
    first = stream.readline()
    taken = command("console", "--port", str(address.port), code=2)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    connection.close()

    assert b"event: parts\n" == first
    assert "invalid --port" in taken
    assert 0 == process.returncode
    assert b"" == errors
    assert 1 == output.count(b"token="), "the address for the next browser"
