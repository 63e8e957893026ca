"""One deployment on emulators, started once for all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.deployment import CloudDeployment, Servers
from tests.cloud.fixtures import pubsub
from tests.emulators.fixtures import bigquery_server, emulator_folder, storage_server
from tests.emulators.servers import BigQueryServer

__all__ = ["bigquery_server", "emulator_folder", "pubsub", "storage_server"]


@pytest.fixture(scope="session")
def cloud(
    pubsub: str,
    storage_server: str,
    bigquery_server: BigQueryServer,
    emulator_folder: Path,
) -> Iterator[CloudDeployment]:
    """One process per handler, Google's clients, and emulators behind them."""
    folder = emulator_folder / "cloud"
    folder.mkdir()
    servers = Servers(pubsub=pubsub, storage=storage_server, bigquery=bigquery_server)
    with CloudDeployment(servers, folder) as made:
        yield made
