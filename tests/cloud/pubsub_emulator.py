"""Google's own Pub/Sub emulator: found where the Google Cloud CLI put it, started, ended by pid."""

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
    """Raises `Missing`."""
    places = list(_places())
    for attempt_key in places:
        found = sorted(attempt_key.glob("cloud-pubsub-emulator-*.jar"))
        if found:
            return found[-1]
    looked = ", ".join(str(attempt_key) for attempt_key in places)
    raise Missing(
        "no Pub/Sub emulator: install google-cloud-cli-pubsub-emulator, or set "
        f"TROUPE_PUBSUB_EMULATOR to the folder of its jar (looked in {looked})"
    )


def _places() -> Iterator[Path]:
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
    """Its host and port. Raises `Missing` when it or Java is missing."""
    jar, java = emulator_jar(), shutil.which("java")
    if java is None:
        raise Missing("no Java on the path, which the Pub/Sub emulator needs")
    port = free_port()
    with log.open("wb") as told:
        process = subprocess.Popen(
            [java, "-Xmx256m", "-jar", str(jar), "--host=127.0.0.1", f"--port={port}"],
            stdout=told,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: _listens(port), START_SECONDS, f"the Pub/Sub emulator ({log})")
        yield f"127.0.0.1:{port}"
    finally:
        end(process)


def wait_until(true: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask again and again; fails by name when it does not come true in time."""
    end_at = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end_at:
            raise AssertionError(f"{what} did not come within {seconds:g} s")
        time.sleep(0.05)


def end(process: "subprocess.Popen[bytes]") -> None:
    """By its own id, and waited for."""
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
