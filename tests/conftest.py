"""Fixtures that every test package may use."""

import gc
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from scripts.browser import Page, opened, program
from tests.harness import LocalHarness
from troupe.backends.local.backend import LocalSettings

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

SLOW_FIXTURES = {
    "pubsub", "storage_server", "bigquery_server", "cloud_servers",  # emulators
    "image",
    "built_site",  # the documentation, built
    "google_sql", "in_google_sql",  # compile Google's analyzer for half a minute
    "browser_tab",
    "tf",  # Terraform, once for each supported version of the provider
}  # fmt: skip
"""What makes a test slow, whatever it does with it."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while thousands of tests are collected, nor among them: they all stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use a slow fixture."""
    for item in items:
        if isinstance(item, pytest.Function) and SLOW_FIXTURES & set(item.fixturenames):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[LocalHarness]:
    """A local backend without faults."""
    made = LocalHarness(tmp_path / "home")
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser_tab() -> Iterator[Page]:
    """A tab of a headless browser; without one a laptop skips, and a build fails."""
    found = program()
    if found is None and os.environ.get("CI"):
        pytest.fail("no browser to look with: install the Debian package chromium")
    if found is None:
        pytest.skip("no browser to look with: install chromium")
    with opened(found) as browser:
        yield browser.page()


@pytest.fixture
def make_harness(tmp_path: Path) -> Iterator[Callable[..., LocalHarness]]:
    """A function that makes local backends with the test's own settings."""
    made: list[LocalHarness] = []

    def make(**settings: Any) -> LocalHarness:
        made.append(LocalHarness(tmp_path / f"home{len(made)}", LocalSettings(**settings)))
        return made[-1]

    yield make
    for each in made:
        each.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured at the end, also from other processes."""
    figures = {
        str(value): None
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == "figure"
    }
    if figures:
        terminalreporter.section("figures")
        for each in figures:
            terminalreporter.write_line(each)
