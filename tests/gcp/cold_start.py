"""Measure the start of each service: `python -m tests.gcp.cold_start`.

Figures are CPU seconds of a fresh process, the best of several; `ready` includes the clients of
the handlers. CPU time does not depend on other processes of the machine.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.gcp.making import ENVIRON
from troupe.backends.gcp.settings import ALL, known_handlers

HOUSE = Path(__file__).parent.parent.parent
NOWHERE = "http://127.0.0.1:1"
CLIENTS = {
    "aiplatform": "google.cloud.aiplatform_v1",
    "aiplatform, high level": "google.cloud.aiplatform",
    "bigquery": "google.cloud.bigquery",
    "bigquery storage": "google.cloud.bigquery_storage_v1",
    "pubsub": "google.cloud.pubsub_v1",
    "storage": "google.cloud.storage",
    "duckdb": "duckdb",
    "sqlglot": "sqlglot",
    "rich": "rich",
    "pandas": "pandas",
    "pyarrow": "pyarrow",
}
LOOK = """
import json, os, sys, time
begun = time.process_time()
import handlers.dispatch.deliver
handled = time.process_time()
import troupe.backends.gcp.service
imported = time.process_time()
from troupe.backends.gcp import backend
from troupe.backends.gcp.bus import PubSubBus
from troupe.backends.gcp.settings import read_settings
from troupe.backends.defaults import peak_megabytes
settings = read_settings(os.environ)
needs = backend.needs_of_service(settings)
bus = PubSubBus(settings)
made = [backend.make_warehouse(settings)]
if "bucket" in needs:
    made.append(backend.make_bucket(settings))
if "job_service" in needs:
    made.append(backend.make_job_service(settings))
ready = time.process_time()
print(json.dumps({
    "handlers": handled - begun, "service": imported - begun, "ready": ready - begun,
    "megabytes": peak_megabytes(), "modules": sorted(sys.modules),
}))
os._exit(0)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The start of one service."""

    handler: str
    handlers_seconds: float
    service_seconds: float
    ready_seconds: float
    megabytes: float
    clients: frozenset[str]
    modules: frozenset[str]
    """All that were imported."""


def start_of(handler: str, times: int = 1) -> Start:
    """Return the fastest of this many starts."""
    looks = [_look(handler) for _ in range(times)]
    best = min(looks, key=lambda look: look["ready"])
    return Start(
        handler=handler,
        handlers_seconds=best["handlers"],
        service_seconds=best["service"],
        ready_seconds=best["ready"],
        megabytes=best["megabytes"],
        clients=frozenset(name for name, module in CLIENTS.items() if module in best["modules"]),
        modules=frozenset(best["modules"]),
    )


def _look(handler: str) -> dict[str, Any]:
    environ = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("TROUPE_", "GOOGLE_"))},
        **ENVIRON,
        "TROUPE_HANDLER": handler,
        "PUBSUB_EMULATOR_HOST": "127.0.0.1:1",
        "STORAGE_EMULATOR_HOST": NOWHERE,
        "BIGQUERY_EMULATOR_HOST": NOWHERE,
        "TROUPE_VERTEX_ENDPOINT": NOWHERE,
    }
    done = subprocess.run(
        [sys.executable, "-c", LOOK], env=environ, cwd=HOUSE, capture_output=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    print("| service | handlers | service | ready | MB | clients |")  # noqa: T201
    print("|---|---|---|---|---|---|")  # noqa: T201
    for handler in (*known_handlers(), ALL):
        start = start_of(handler, times=3)
        print(  # noqa: T201
            f"| {handler} | {start.handlers_seconds:.2f} s | {start.service_seconds:.2f} s "
            f"| {start.ready_seconds:.2f} s | {start.megabytes:.0f} "
            f"| {', '.join(sorted(start.clients))} |"
        )


if __name__ == "__main__":
    main()
