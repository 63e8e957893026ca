"""One emulator of each kind for a session (of each pytest worker), started at its first use.

Tests whose emulator is missing are skipped; with TROUPE_REQUIRE_EMULATORS=1 they fail.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import pytest

from .servers import BigQueryServer, Missing, fake_gcs_server, local_bigquery

Server = TypeVar("Server")


@pytest.fixture(scope="session")
def emulator_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("emulators")


@pytest.fixture(scope="session")
def storage_server(emulator_folder: Path) -> Iterator[str]:
    """The URL of a Cloud Storage emulator."""
    yield from started(fake_gcs_server(emulator_folder))


@pytest.fixture(scope="session")
def bigquery_server(emulator_folder: Path, storage_server: str) -> Iterator[BigQueryServer]:
    """A BigQuery emulator that loads from the storage emulator."""
    yield from started(local_bigquery(emulator_folder, storage_server))


def started(server: AbstractContextManager[Server]) -> Iterator[Server]:
    """Run the server; skip or fail the test when it is missing."""
    try:
        address = server.__enter__()
    except Missing as missing:
        cannot(str(missing))
    try:
        yield address
    finally:
        server.__exit__(None, None, None)


def cannot(reason: str) -> None:
    """Skip the test, or fail it where emulators are required."""
    if os.environ.get("TROUPE_REQUIRE_EMULATORS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
