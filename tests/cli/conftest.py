"""What every test of the command line uses."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from tests.cli.command import FOR_FEW_ROWS
from troupe.backends.local import warehouse


@pytest.fixture(autouse=True)
def few_rows() -> Iterator[None]:
    """Commands that a test calls without `run_here` do not optimise their queries either."""
    with patch.dict(warehouse.SETTINGS, FOR_FEW_ROWS):
        yield
