"""A service loads the clients of its handlers and no others: each costs its start seconds."""

import pytest

from tests.gcp.cold_start import Start, start_of
from troupe.backends.gcp.settings import ALL, known_handlers

ALWAYS = {"bigquery", "bigquery storage", "pubsub"}
"""Every service asks the event log, and publishes."""
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
    """No client of Vertex for settle-batch; nothing of the laptop's for anybody."""
    assert ALWAYS | BESIDES[handler] == starts[handler].clients
