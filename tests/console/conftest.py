"""Browsers at a served console, and workers beside it."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from scripts.browser import Page
from tests.cli.command import Command, for_few_rows
from tests.console.visitor import LiveConsole, Visit, Visitor, live_console
from tests.harness import LocalHarness

Start = Callable[[Path], "subprocess.Popen[bytes]"]


@pytest.fixture(autouse=True)
def few_rows() -> Iterator[None]:
    """A console over a state folder does not optimise its queries."""
    with for_few_rows():
        yield


@pytest.fixture
def visit(browser_tab: Page, tmp_path: Path) -> Iterator[Visit]:
    """Open a browser at the console of a copy of a prepared folder; a second one beside it."""
    with ExitStack() as stack:
        consoles: dict[Path, LiveConsole] = {}

        def visit(prepared: LocalHarness, **settings: Any) -> Visitor:
            home = prepared.home
            if home not in consoles:
                copied = Path(copytree(home, tmp_path / home.name))
                consoles[home] = stack.enter_context(live_console(copied, **settings))
            visitor = Visitor(browser_tab.browser, consoles[home])
            stack.callback(visitor.close)
            return visitor

        yield visit


@pytest.fixture
def start_worker() -> Iterator[Start]:
    """Start workers; those that still run at the end are killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(home: Path) -> "subprocess.Popen[bytes]":
        started.append(Command(home).start("work", "--idle-timeout", "300"))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.wait()
