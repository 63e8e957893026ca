"""A cloud deployment on this machine: one service process per handler, on emulators."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from google.cloud.bigquery import DatasetReference, LoadJobConfig, SourceFormat
from typer.testing import CliRunner, Result

from events import RunRequested, wrap_command
from handlers.ports import Blob
from tests.cloud.newest import NewestBucket
from tests.cloud.pubsub_emulator import end, pubsub_emulator, wait_until
from tests.cloud.topology import Pace, lay_out
from tests.emulators.servers import BigQueryServer, fake_gcs_server, free_port, local_bigquery
from tests.emulators.tables import make_dataset
from tests.files import files_in
from tests.standin.vertex_server import VertexServer
from troupe import operations
from troupe.backends.defaults import utc_now
from troupe.backends.gcp.backend import GcpBackend
from troupe.backends.gcp.bucket import StorageBucket, storage_client
from troupe.backends.gcp.bus import subscriber_client
from troupe.backends.gcp.settings import ALL, known_handlers, read_settings
from troupe.backends.gcp.warehouse import bigquery_client
from troupe.cli.app import app
from troupe.standin.vertex import StandIn

REPO = Path(__file__).parent.parent.parent
PACE = Pace(ack_deadline_seconds=60, first_seconds=0.2, most_seconds=2.0)
"""The deployment's retry policy with shorter waits."""
WAITS = {
    "TROUPE_CLAIM_SECONDS": "15",
    "TROUPE_RECLAIM_SECONDS": "31",
    "TROUPE_REPUBLISH_AFTER_SECONDS": "40",
    "TROUPE_TIME_BUDGET_SECONDS": "50",
    "TROUPE_PUSH_TOKENS": "unchecked",
}
TICK_SECONDS = 8.0
READY_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Where the emulators listen."""

    pubsub: str
    storage: str
    bigquery: BigQueryServer


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """Start all emulators for the length of the block. Raises `Missing`."""
    with (
        pubsub_emulator(folder / "pubsub.log") as pubsub,
        fake_gcs_server(folder) as storage,
        local_bigquery(folder, storage) as bigquery,
    ):
        yield Servers(pubsub=pubsub, storage=storage, bigquery=bigquery)


class Process:
    """The service process of one handler, which can be killed and restarted."""

    def __init__(self, handler: str, environ: Mapping[str, str], log: Path) -> None:
        self.handler, self.port = handler, int(environ["PORT"])
        self._environ, self._log = environ, log
        self.process = self._started()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def kill(self) -> None:
        """Kill with SIGKILL and restart: nothing is finished or logged."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = self._started()

    def end(self) -> int:
        """End with SIGTERM as Cloud Run does; returns the exit code."""
        end(self.process)
        return int(self.process.returncode)

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"{self.handler} exited by itself; see {self._log}")
        try:
            with urllib.request.urlopen(f"{self.endpoint}readyz", timeout=60):  # noqa: S310
                return True
        except (urllib.error.URLError, OSError):
            return False

    def _started(self) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "troupe.backends.gcp.service"],
                env=dict(self._environ), cwd=REPO, stdout=log, stderr=log,
            )  # fmt: skip


class CloudDeployment:
    """What a scenario needs: load transcripts, request runs, kill services, read the totals."""

    def __init__(
        self, servers: Servers, folder: Path, seed: int = 0, *, compact: bool = False
    ) -> None:
        """`compact`: one service for all handlers."""
        self._folder, self._stack, self._compact = folder, ExitStack(), compact
        self._random = random.Random(seed)
        unique = uuid4().hex[:6]
        self._stop = threading.Event()
        self._environ = {
            **_inherited(),
            **WAITS,
            "PUBSUB_EMULATOR_HOST": servers.pubsub,
            "STORAGE_EMULATOR_HOST": servers.storage,
            "BIGQUERY_EMULATOR_HOST": servers.bigquery.endpoint,
            "TROUPE_BIGQUERY_WRITE_ENDPOINT": servers.bigquery.storage_api,
            "TROUPE_PROJECT": "troupe",
            "TROUPE_DATASET": f"tracking_{unique}",
            "TROUPE_STAGING_DATASET": f"staging_{unique}",
            "TROUPE_DEPLOYMENT": unique,
            "TROUPE_BUCKET": f"bucket-{unique}",
            "TROUPE_OUTPUT_BUCKET": f"output-{unique}",
            "TROUPE_TOPIC_PREFIX": f"whole-{unique}-",
            "TROUPE_BIGQUERY_LOCATION": "EU",
            "TROUPE_VERTEX_LOCATION": "europe-west4",
            "TROUPE_HOST": "127.0.0.1",
        }
        self.kills = 0
        self.processes: list[Process] = []

    def __enter__(self) -> "CloudDeployment":
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *about: object) -> None:
        self._stop.set()
        self._stack.close()

    # Actions of users and operators

    def load(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Load transcripts into the source table; returns how many."""
        lines = [json.dumps(row).encode() + b"\n" for row in rows]
        table = f"{self.settings.project}.{self.settings.dataset}.transcription_pass_2"
        config = LoadJobConfig(source_format=SourceFormat.NEWLINE_DELIMITED_JSON)
        self._bigquery.load_table_from_file(
            BytesIO(b"".join(lines)), table, job_config=config
        ).result()
        return len(lines)

    def request(self, run_id: str, **request: Any) -> None:
        envelope = wrap_command(
            RunRequested(run_id=run_id, **request),
            deployment=self.backend.deployment,
            id_=f"request-{run_id}",
            time=utc_now(),
        )
        self.backend.publish(envelope)

    def kill_one(self) -> str:
        """Kill one of the services, chosen at random; returns its handler."""
        victim = self._random.choice(self.processes)
        victim.kill()
        self.kills += 1
        return victim.handler

    def totals(self, run_id: str) -> dict[str, Any]:
        result: dict[str, Any] = msgspec.structs.asdict(operations.verify(self.backend, run_id))
        return result

    def is_completed(self, run_id: str) -> bool:
        runs = self.backend.dependencies.tracking.query(
            "runs",
            {
                "run_id": run_id,
                "since": self.backend.dependencies.event_log.lookback_start(utc_now()),
            },
        )
        return bool(runs) and runs[0]["completed_at"] is not None

    def command(self, *arguments: str) -> Result:
        """Run a command of the command line on this deployment."""
        return CliRunner().invoke(app, ["--backend", "gcp", *arguments], env=dict(self._environ))

    def deliveries(self) -> int:
        """The deliveries so far, counted in the services' logs."""
        return sum(line["message"] == "delivered" for line in self.log_lines())

    def jobs(self, run_id: str) -> int:
        """The number of jobs that were created for this run."""
        with self.vertex.held() as service:
            return sum(f"__{run_id}__" in job.labels["attempt"] for job in service.find({}))

    def log_lines(self) -> list[dict[str, Any]]:
        """The JSON log lines of all services, in no order."""
        return [
            json.loads(line)
            for file in files_in(self._folder, "service-*.log")
            for line in file.read_text(encoding="utf-8").splitlines()
            if line.startswith("{")
        ]

    # Start

    def _start(self) -> None:
        os.environ["PUBSUB_EMULATOR_HOST"] = self._environ["PUBSUB_EMULATOR_HOST"]
        first = read_settings(self._environ)
        files = storage_client(first)
        for name in (first.bucket, first.output_bucket):
            files.create_bucket(name)
        self._bigquery = bigquery_client(first)
        make_dataset(self._bigquery, f"{first.project}.{first.dataset}")
        self._bigquery.create_dataset(DatasetReference(first.project, first.staging_dataset))
        both = {
            name: StorageBucket(replace(first, bucket=name), files)
            for name in (first.bucket, first.output_bucket)
        }
        self.vertex = self._vertex(NewestBucket(both))
        self._environ["TROUPE_VERTEX_ENDPOINT"] = self.vertex.address
        self.settings = replace(first, vertex_endpoint=self.vertex.address)
        self.backend = GcpBackend(self.settings)
        self._stack.callback(self.backend.close)
        self._start_services()
        self._start_ticking()

    def _vertex(self, buckets: NewestBucket) -> VertexServer:
        server = VertexServer(
            StandIn(self._folder / "vertex", buckets, utc_now, on_output=self._notify)
        )
        server.start()
        self._stack.callback(server.close)
        return server

    def _notify(self, blob: Blob) -> None:
        """Publish the object notification of the output bucket."""
        bucket, _, name = blob.uri.removeprefix("gs://").partition("/")
        about = {"eventType": "OBJECT_FINALIZE", "bucketId": bucket, "objectId": name}
        self.backend.bus.send("gcs-object", b"{}", about)

    def _start_services(self) -> None:
        for handler in (ALL,) if self._compact else known_handlers():
            own = {"TROUPE_HANDLER": handler, "PORT": str(free_port())}
            log = self._folder / f"service-{handler}.log"
            process = Process(handler, self._environ | own, log)
            self.processes.append(process)
            self._stack.callback(process.end)
        endpoints = {each.handler: each.endpoint for each in self.processes}
        shared = endpoints.get(ALL)
        with subscriber_client() as client:
            lay_out(
                self.settings,
                self.backend.bus.client,
                client,
                lambda each: shared or endpoints[each.handler],
                PACE,
            )
        for each in self.processes:
            wait_until(each.is_ready, READY_SECONDS, each.handler)

    def _start_ticking(self) -> None:
        """Publish ticks, as Cloud Scheduler does."""

        def tick() -> None:
            while not self._stop.wait(TICK_SECONDS):
                self.backend.tick()

        thread = threading.Thread(target=tick)
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(self._stop.set)


def _inherited() -> dict[str, str]:
    """The environment without settings of the caller's own cloud, so that none is reached."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TROUPE_", "GOOGLE_", "CLOUDSDK_"))
        and not name.endswith("_EMULATOR_HOST")
    }
