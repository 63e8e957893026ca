"""A service imports the clients of its handlers alone: each one costs seconds at the start."""

import pytest

from tests.gcp.cold_start import Start, start_of
from troupe.backends.gcp.settings import ALL, known_handlers

ALWAYS = {"bigquery", "bigquery storage", "pubsub"}
"""Every service reads the event log, and publishes."""
BESIDES = {
    "plan-run": set[str](),
    "write-jsonl": {"storage"},
    "submit-job": {"storage", "aiplatform"},
    "process-results": {"storage"},
    "settle-batch": set[str](),
    "advance-run": set[str](),
    "stop-run": {"aiplatform"},
    "report-run": set[str](),
    "watch-jobs": {"storage", "aiplatform"},
    "record-dead-letter": set[str](),
    ALL: {"storage", "aiplatform"},
}


@pytest.fixture(scope="module")
def starts() -> dict[str, Start]:
    """One fresh process for each service."""
    return {handler: start_of(handler) for handler in (*known_handlers(), ALL)}


@pytest.mark.parametrize("handler", [*known_handlers(), ALL])
def test_a_service_loads_what_it_needs(starts: dict[str, Start], handler: str) -> None:
    """settle-batch imports no client of Vertex; no service imports DuckDB."""
    assert ALWAYS | BESIDES[handler] == starts[handler].clients
