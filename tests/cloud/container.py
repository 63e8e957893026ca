"""A service in a container: the built image, a read-only root, and the memory of the catalogue."""

import json
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from signal import SIGKILL
from typing import Any, BinaryIO

from scripts.image import CannotBuild, Image

CATALOGUE = Path(__file__).parent.parent.parent / "infra" / "catalogue.json"
UNITS = {"Mi": 2**20, "Gi": 2**30}
# This machine may not allow more.
FILES = [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}]


class Container(subprocess.Popen[bytes]):
    """A container in the foreground; signals reach its process."""

    def __init__(
        self, image: Image, name: str, environ: Mapping[str, str], memory: int, folder: Path,
        log: BinaryIO,
    ) -> None:  # fmt: skip
        """`memory`: limit in bytes. `folder`: gets the description of the container."""
        self._name = name
        folder.mkdir(parents=True, exist_ok=True)
        about = _description(folder, image, environ, memory)
        (folder / "config.json").write_text(json.dumps(about))
        super().__init__(["runc", "run", "--bundle", str(folder), name], stdout=log, stderr=log)

    def send_signal(self, sig: int) -> None:
        """Send it to the process in the container. SIGKILL would end what waits for it alone."""
        if sig == SIGKILL:
            subprocess.run(["runc", "kill", self._name, "KILL"], check=False, capture_output=True)
        else:
            super().send_signal(sig)

    def memory(self) -> int | None:
        """Return the bytes that its processes hold now, without the cache of files; None: ended."""
        command = ["runc", "events", "--stats", self._name]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            return None
        raw = json.loads(done.stdout)["data"]["memory"]["raw"]
        return int(raw.get("rss", raw.get("anon", 0)))


class Containers:
    """Starts the services of a deployment from one image, and knows what each one held."""

    def __init__(self, image: Image, folder: Path, deployment: str) -> None:
        self._image, self._folder, self._deployment = image, folder, deployment
        self.running: dict[str, Container] = {}
        self._starts = 0

    def __call__(
        self, handler: str, environ: Mapping[str, str], log: BinaryIO
    ) -> "subprocess.Popen[bytes]":
        """Start the service of this handler."""
        self._starts += 1
        name = f"{self._deployment}-{handler}-{self._starts}"
        self.running[handler] = Container(
            self._image, name, self._settings(environ), _limits()[handler], self._folder / name, log
        )
        return self.running[handler]

    def memory(self) -> dict[str, int]:
        """Return the bytes that each running service holds."""
        found = {name: each.memory() for name, each in self.running.items()}
        return {name: held for name, held in found.items() if held is not None}

    def _settings(self, environ: Mapping[str, str]) -> dict[str, str]:
        """What Terraform and the emulators need, and nothing of this machine."""
        ours = {
            name: value
            for name, value in environ.items()
            if name == "PORT" or name.startswith("TROUPE_") or name.endswith("_EMULATOR_HOST")
        }
        return dict(self._image.environ) | ours


class MemoryWatch:
    """Looks at the services every few seconds, until it is ended."""

    SECONDS = 5.0

    def __init__(self, containers: Containers) -> None:
        self._containers, self._over = containers, threading.Event()
        self._seen: list[dict[str, int]] = []
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def ended(self) -> list[str]:
        """Return a line for each service: its least and most megabytes, early and late."""
        self._over.set()
        self._thread.join()
        half = len(self._seen) // 2
        lines = [f"memory, every {self.SECONDS:.0f} s, {len(self._seen)} times: MB (limit)"]
        for name in self._containers.running:
            early, late = (
                [each[name] / 2**20 for each in part if name in each]
                for part in (self._seen[:half], self._seen[half:])
            )
            if early and late:
                lines.append(
                    f"{name}: {early[0]:.0f} at the start, at most {max(early):.0f} in the first "
                    f"half, {max(late):.0f} in the second, {late[-1]:.0f} at the end "
                    f"({_limits()[name] / 2**20:.0f})"
                )
        return lines

    def _look(self) -> None:
        while True:
            self._seen.append(self._containers.memory())
            if self._over.wait(self.SECONDS):
                return


def _limits() -> dict[str, int]:
    """The memory of each service in bytes, as Terraform sets it."""
    services = json.loads(CATALOGUE.read_text(encoding="utf-8"))["services"]
    return {
        each["name"]: int(each["memory"][:-2]) * UNITS[each["memory"][-2:]]
        for grouping in services.values()
        for each in grouping
    }


def _description(
    folder: Path, image: Image, environ: Mapping[str, str], memory: int
) -> dict[str, Any]:
    """The configuration of runc: its own defaults, with the network of this machine."""
    subprocess.run(["runc", "spec"], cwd=folder, check=True)
    about: dict[str, Any] = json.loads((folder / "config.json").read_text())
    (folder / "config.json").unlink()
    about["process"] |= {
        "terminal": False,
        "args": [*image.command],
        "cwd": image.folder,
        "user": {"uid": image.user, "gid": image.user},
        "env": [f"{name}={value}" for name, value in environ.items()],
        "rlimits": FILES,
    }
    about["root"] = {"path": str(image.root), "readonly": True}
    kept = [each for each in about["linux"]["namespaces"] if each["type"] != "network"]
    about["linux"] |= {
        "namespaces": kept,
        "resources": {"memory": {"limit": memory, "swap": memory}},
    }
    return about


def check_runs(image: Image, folder: Path) -> None:
    """Start and end one container. Raises `CannotBuild` where this machine allows none."""
    try:
        _probe(image, folder)
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotBuild(f"this machine starts no container: {error}") from error


def _probe(image: Image, folder: Path) -> None:
    probe = Image(root=image.root, command=["true"], environ={}, folder="/", user=image.user)
    with (folder / "probe.log").open("wb") as log:
        environ = {"PATH": "/usr/bin:/bin"}
        code = Container(probe, "troupe-probe", environ, 2**29, folder / "probe", log).wait(60)
    if code:
        said = (folder / "probe.log").read_text(encoding="utf-8").strip()
        raise CannotBuild(f"this machine starts no container: {said[-300:]}")
