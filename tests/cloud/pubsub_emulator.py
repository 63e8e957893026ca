"""Google's Pub/Sub emulator: find the jar of the Google Cloud CLI, start it, end it."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.emulators.servers import Missing, free_port

START_SECONDS = 60.0


def emulator_jar() -> Path:
    """The newest jar of the emulator. Raises `Missing`."""
    folders = list(_folders())
    for folder in folders:
        jars = sorted(folder.glob("cloud-pubsub-emulator-*.jar"))
        if jars:
            return jars[-1]
    searched = ", ".join(map(str, folders))
    raise Missing(
        "no Pub/Sub emulator: install google-cloud-cli-pubsub-emulator, or set "
        f"TROUPE_PUBSUB_EMULATOR to the folder of its jar (searched {searched})"
    )


def _folders() -> Iterator[Path]:
    named = os.environ.get("TROUPE_PUBSUB_EMULATOR")
    if named:
        yield Path(named)
    roots = [Path("/usr/lib/google-cloud-sdk"), Path("/usr/share/google-cloud-sdk")]
    command = shutil.which("gcloud")
    if command:
        roots.insert(0, Path(command).resolve().parent.parent)
    for root in [*roots, Path.home() / "google-cloud-sdk"]:
        yield root / "platform" / "pubsub-emulator" / "lib"


@contextmanager
def pubsub_emulator(log: Path) -> Iterator[str]:
    """Run it; yields host and port. Raises `Missing` when the emulator or Java is missing."""
    jar, java = emulator_jar(), shutil.which("java")
    if java is None:
        raise Missing("no Java on the path, which the Pub/Sub emulator needs")
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [java, "-Xmx256m", "-jar", str(jar), "--host=127.0.0.1", f"--port={port}"],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: _listens(port), START_SECONDS, f"the Pub/Sub emulator ({log})")
        yield f"127.0.0.1:{port}"
    finally:
        end(process)


def wait_until(is_true: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll until it is true; raises `AssertionError` with `what` after so many seconds."""
    end_at = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > end_at:
            raise AssertionError(f"{what} did not happen within {seconds:g} s")
        time.sleep(0.05)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Terminate the process and wait for it; kill it after 20 seconds."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
