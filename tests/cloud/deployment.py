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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import msgspec
from google.cloud.bigquery import DatasetReference, LoadJobConfig, SourceFormat
from typer.testing import CliRunner, Result

from events import RunRequested, wrap_command
from tests.cloud.newest import NewestBucket
from tests.cloud.pubsub_emulator import end, pubsub_emulator, wait_until
from tests.cloud.rights.gate import Gate, Upstreams
from tests.cloud.rights.grants import granted_to
from tests.cloud.rights.requests import Names
from tests.cloud.topology import Pace, lay_out
from tests.emulators.servers import (
    BigQueryServer,
    Notices,
    fake_gcs_server,
    free_port,
    local_bigquery,
)
from tests.emulators.tables import make_dataset
from tests.files import files_in
from tests.standin.vertex_grpc import VertexGrpcServer
from tests.standin.vertex_server import VertexServer
from troupe import operations
from troupe.backends.defaults import utc_now
from troupe.backends.gcp.backend import GcpBackend
from troupe.backends.gcp.bucket import StorageBucket, storage_client
from troupe.backends.gcp.bus import subscriber_client
from troupe.backends.gcp.settings import ALL, OUTPUT_FOLDER, known_handlers, read_settings
from troupe.backends.gcp.warehouse import bigquery_client
from troupe.cli.app import app
from troupe.deployment.services import groupings
from troupe.operations.runs import run_rows
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
PROJECT = "troupe"
TICK_SECONDS = 8.0
READY_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Where the emulators listen."""

    pubsub: str
    storage: str
    bigquery: BigQueryServer
    deployment: str
    """The id of the deployment whose output bucket the storage emulator watches."""


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """Start all emulators for the length of the block. Raises `Missing`."""
    unique = uuid4().hex[:6]
    with pubsub_emulator(folder / "pubsub.log") as pubsub:
        notices = Notices(
            pubsub=pubsub,
            project=PROJECT,
            topic=f"{topic_prefix(unique)}gcs-object",
            bucket=output_bucket(unique),
            prefix=OUTPUT_FOLDER,
        )
        with (
            fake_gcs_server(folder, notices) as storage,
            local_bigquery(folder, storage) as bigquery,
        ):
            yield Servers(pubsub=pubsub, storage=storage, bigquery=bigquery, deployment=unique)


def topic_prefix(deployment: str) -> str:
    return f"whole-{deployment}-"


def output_bucket(deployment: str) -> str:
    return f"output-{deployment}"


Launch = Callable[[str, Mapping[str, str], BinaryIO], "subprocess.Popen[bytes]"]
"""Start the service of a handler with these settings, and its output in this file."""


def launch_process(
    handler: str, environ: Mapping[str, str], log: BinaryIO
) -> "subprocess.Popen[bytes]":
    """Start it from this checkout."""
    command = [sys.executable, "-m", "troupe.backends.gcp.service"]
    return subprocess.Popen(command, env=dict(environ), cwd=REPO, stdout=log, stderr=log)


class Process:
    """The service process of one handler, which can be killed and restarted."""

    def __init__(self, handler: str, environ: Mapping[str, str], log: Path, launch: Launch) -> None:
        self.handler, self.port = handler, int(environ["PORT"])
        self._environ, self._log, self._launch = environ, log, launch
        self.process = self._started()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def kill(self) -> None:
        """Kill with SIGKILL and restart: nothing is finished or logged."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = self._started()

    def restart(self) -> int:
        """End with SIGTERM, and start again; returns the exit code."""
        code = self.end()
        self.process = self._started()
        return code

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
            return self._launch(self.handler, self._environ, log)


class CloudDeployment:
    """What a scenario needs: load transcripts, request runs, kill services, read the totals."""

    def __init__(
        self,
        servers: Servers,
        folder: Path,
        seed: int = 0,
        *,
        compact: bool = False,
        without: Sequence[str] = (),
        launch: Launch = launch_process,
    ) -> None:
        """`compact`: one service for all handlers. `without`: grants that are withheld, as texts
        such as `submit-job: roles/aiplatform.user on project`.
        """
        self._folder, self._stack, self._compact = folder, ExitStack(), compact
        self._without = frozenset(without)
        self.launch = launch
        self._random = random.Random(seed)
        unique = servers.deployment
        self._stop = threading.Event()
        self._environ = {
            **_inherited(),
            **WAITS,
            "PUBSUB_EMULATOR_HOST": servers.pubsub,
            "STORAGE_EMULATOR_HOST": servers.storage,
            "BIGQUERY_EMULATOR_HOST": servers.bigquery.endpoint,
            "TROUPE_BIGQUERY_WRITE_ENDPOINT": servers.bigquery.storage_api,
            "TROUPE_PROJECT": PROJECT,
            "TROUPE_DATASET": f"tracking_{unique}",
            "TROUPE_STAGING_DATASET": f"staging_{unique}",
            "TROUPE_DEPLOYMENT": unique,
            "TROUPE_BUCKET": f"bucket-{unique}",
            "TROUPE_OUTPUT_BUCKET": output_bucket(unique),
            "TROUPE_TOPIC_PREFIX": topic_prefix(unique),
            "TROUPE_BIGQUERY_LOCATION": "EU",
            "TROUPE_VERTEX_LOCATION": "europe-west4",
            "TROUPE_HOST": "127.0.0.1",
        }
        self.kills = 0
        self.exit_codes: list[int] = []
        """Of the services that were ended by SIGTERM."""
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
        """End one of the services, chosen at random; returns its handler.

        By SIGKILL and by SIGTERM in turn.
        """
        victim = self._random.choice(self.processes)
        if self.kills % 2:
            self.exit_codes.append(victim.restart())
        else:
            victim.kill()
        self.kills += 1
        return victim.handler

    def totals(self, run_id: str) -> dict[str, Any]:
        result: dict[str, Any] = msgspec.structs.asdict(operations.verify(self.backend, run_id))
        return result

    def is_completed(self, run_id: str) -> bool:
        runs = run_rows(self.backend, run_id)
        return bool(runs) and runs[0].completed_at is not None

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
        self._environ["TROUPE_VERTEX_ENDPOINT"] = self._grpc.address
        self.settings = replace(first, vertex_endpoint=self._grpc.address)
        self.gate = self._gate()
        self.backend = GcpBackend(self.settings)
        self._stack.callback(self.backend.close)
        self._start_services()
        self._start_ticking()

    def _vertex(self, buckets: NewestBucket) -> VertexServer:
        server = VertexServer(StandIn(self._folder / "vertex", buckets, utc_now))
        server.start()
        self._stack.callback(server.close)
        self._grpc = VertexGrpcServer(server)
        self._grpc.start()
        self._stack.callback(self._grpc.close)
        return server

    def _gate(self) -> Gate:
        """Put a gate before the emulators, which knows what each service is granted."""
        settings, environ = self.settings, self._environ
        upstreams = Upstreams(
            bigquery=environ["BIGQUERY_EMULATOR_HOST"],
            storage=environ["STORAGE_EMULATOR_HOST"],
            vertex=environ["TROUPE_VERTEX_ENDPOINT"],
            pubsub=environ["PUBSUB_EMULATOR_HOST"],
            write_api=environ["TROUPE_BIGQUERY_WRITE_ENDPOINT"],
        )
        names = Names(
            dataset=settings.dataset,
            staging=settings.staging_dataset,
            topic_prefix=settings.topic_prefix,
            buckets={settings.bucket: "work", settings.output_bucket: "output"},
        )
        gate = Gate(upstreams, names)
        self._stack.callback(gate.close)
        return gate

    def _start_services(self) -> None:
        services = groupings()["compact" if self._compact else "per-handler"]
        granted = granted_to(services, self._without)
        for handler in (ALL,) if self._compact else known_handlers():
            own = {"TROUPE_HANDLER": handler, "PORT": str(free_port())}
            own |= self.gate.environ(handler, granted[handler])
            log = self._folder / f"service-{handler}.log"
            process = Process(handler, self._environ | own, log, self.launch)
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
