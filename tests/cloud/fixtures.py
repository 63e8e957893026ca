"""The Pub/Sub emulator, started once for a session of tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.pubsub_emulator import pubsub_emulator
from tests.emulators.fixtures import started


@pytest.fixture(scope="session")
def pubsub(emulator_folder: Path) -> Iterator[str]:
    """Host and port of Google's Pub/Sub emulator."""
    yield from started(pubsub_emulator(emulator_folder / "pubsub.log"))
