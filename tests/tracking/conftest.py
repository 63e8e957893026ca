"""One TrackingHarness per module, emptied before every test."""

from collections.abc import Iterator

import pytest

from tests.tracking.harness import TrackingHarness


@pytest.fixture(scope="module")
def module_harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackingHarness]:
    made = TrackingHarness(tmp_path_factory.mktemp("bucket"))
    yield made
    made.warehouse.close()


@pytest.fixture
def harness(module_harness: TrackingHarness) -> TrackingHarness:
    module_harness.empty()
    return module_harness
