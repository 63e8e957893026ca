"""A stage for every story that wants one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Stage
from troupe.backends.local.backend import LocalSettings


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A local backend without faults."""
    made = Stage(tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """A local backend with settings of the story's own."""
    made: list[Stage] = []

    def make(**settings: Any) -> Stage:
        made.append(Stage(tmp_path / f"home{len(made)}", LocalSettings(**settings)))
        return made[-1]

    yield make
    for each in made:
        each.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests measured is printed at the end, also from other processes."""
    told = {
        str(value): None
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == "figure"
    }
    if told:
        terminalreporter.section("figures")
        for each in told:
            terminalreporter.write_line(each)
