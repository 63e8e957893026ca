"""A stage for every story that wants one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.world import LaptopSettings
from tests.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A laptop world without faults."""
    made = Stage(tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """A laptop world with settings of the story's own."""
    made: list[Stage] = []

    def make(**settings: Any) -> Stage:
        made.append(Stage(tmp_path / f"home{len(made)}", LaptopSettings(**settings)))
        return made[-1]

    yield make
    for each in made:
        each.close()
