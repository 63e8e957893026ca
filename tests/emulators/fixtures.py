"""One server of each kind for a session (and a worker), started by the first test that asks.

A missing emulator is a reason to skip on a laptop; with TROUPE_REQUIRE_EMULATORS=1 it is a failure.
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
    """The address of a storage emulator."""
    yield from started(fake_gcs_server(emulator_folder))


@pytest.fixture(scope="session")
def bigquery_server(emulator_folder: Path, storage_server: str) -> Iterator[BigQueryServer]:
    """A BigQuery emulator that loads from the storage emulator."""
    yield from started(local_bigquery(emulator_folder, storage_server))


def started(server: AbstractContextManager[Server]) -> Iterator[Server]:
    """The server, or the reason why the test cannot be run."""
    try:
        it = server.__enter__()
    except Missing as missing:
        cannot(str(missing))
    try:
        yield it
    finally:
        server.__exit__(None, None, None)


def cannot(why: str) -> None:
    """An unmet need: skipped on a laptop, a failure where emulators are required."""
    if os.environ.get("TROUPE_REQUIRE_EMULATORS") == "1":
        pytest.fail(why)
    pytest.skip(why)
