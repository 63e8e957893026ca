"""One deployment on emulators, started once for all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.image import CannotBuild, Image, build
from tests.cloud.container import Containers, check_runs
from tests.cloud.deployment import CloudDeployment, Servers, launch_process, servers
from tests.emulators.fixtures import emulator_folder, started

__all__ = ["emulator_folder"]


@pytest.fixture(scope="session")
def cloud_servers(emulator_folder: Path) -> Iterator[Servers]:
    """Emulators of their own: the one of Cloud Storage announces the objects of this deployment."""
    folder = emulator_folder / "servers"
    folder.mkdir()
    yield from started(servers(folder))


@pytest.fixture(scope="session")
def image(emulator_folder: Path) -> Image | None:
    """The image of this checkout; None where this machine cannot build or start one."""
    try:
        built = build()
        check_runs(built, emulator_folder)
    except CannotBuild:
        return None
    return built


@pytest.fixture(scope="session")
def cloud(
    cloud_servers: Servers, emulator_folder: Path, image: Image | None
) -> Iterator[CloudDeployment]:
    """One container per handler, Google's clients, and emulators behind them.

    Where no image can be built, each is a process of this checkout.
    """
    folder = emulator_folder / "cloud"
    folder.mkdir()
    launch = Containers(image, folder, "scenario") if image else launch_process
    with CloudDeployment(cloud_servers, folder, launch=launch) as made:
        yield made
