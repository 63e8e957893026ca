"""Assertions of the suites are rewritten by pytest; the emulators are shared by all of them."""

import pytest

for suite in ("bucket_suite", "bus_suite", "job_service_suite", "warehouse_suite"):
    pytest.register_assert_rewrite(f"tests.contracts.{suite}")

from tests.cloud.fixtures import pubsub  # noqa: E402
from tests.emulators.fixtures import (  # noqa: E402
    bigquery_server,
    emulator_folder,
    storage_server,
)

__all__ = ["bigquery_server", "emulator_folder", "pubsub", "storage_server"]
