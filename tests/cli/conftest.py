"""What every test of the command line uses."""

from collections.abc import Iterator

import pytest

from tests.cli.command import for_few_rows


@pytest.fixture(autouse=True)
def few_rows() -> Iterator[None]:
    """Commands that a test calls without `run_here` do not optimise their queries either."""
    with for_few_rows():
        yield
