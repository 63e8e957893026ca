"""A service imports the clients of its handlers alone: each one costs seconds at the start."""

import subprocess
import sys

import pytest

from tests.gcp.cold_start import start_of
from troupe.backends.gcp.settings import ALL, known_handlers

ALWAYS = {"bigquery", "bigquery storage", "pubsub"}
"""Every service reads the event log, and publishes."""
BESIDES = {
    "plan-run": set[str](),
    "plan-reread": set[str](),
    "write-jsonl": {"storage"},
    "submit-job": {"storage", "aiplatform"},
    "process-results": {"storage"},
    "settle-batch": set[str](),
    "advance-run": set[str](),
    "stop-run": {"aiplatform"},
    "replay-dead-letters": {"aiplatform"},
    "report-run": set[str](),
    "notify-run": set[str](),
    "watch-jobs": {"storage", "aiplatform"},
    "record-dead-letter": set[str](),
    ALL: {"storage", "aiplatform"},
}


PURE = "settle-batch"


@pytest.mark.parametrize(
    "handler",
    [pytest.param(each, marks=[] if each == PURE else pytest.mark.slow) for each in BESIDES],
)
def test_a_service_loads_what_it_needs(handler: str) -> None:
    """In a fresh process. A pure handler imports no client of Vertex; none imports DuckDB."""
    assert ALWAYS | BESIDES[handler] == start_of(handler).clients


def test_notifications_load_no_duckdb() -> None:
    """The image of a service has none; `notify-run` loads them where notifications are configured."""
    code = (
        "import sys, troupe.notifications.log_line, troupe.notifications.webhook; "
        "sys.exit('duckdb' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_service_is_listed() -> None:
    """With the clients that it needs."""
    assert {*known_handlers(), ALL} == BESIDES.keys()
