"""The suites explain what they find as tests do; the emulators are there for all of them."""

import pytest

for suite in ("suites", "bus_suite", "model_suite"):
    pytest.register_assert_rewrite(f"tests.contracts.{suite}")

from tests.cloud.fixtures import pubsub  # noqa: E402
from tests.emulators.fixtures import (  # noqa: E402
    bigquery_server,
    emulator_folder,
    storage_server,
)

__all__ = ["bigquery_server", "emulator_folder", "pubsub", "storage_server"]
