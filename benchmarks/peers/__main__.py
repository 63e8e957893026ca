"""`python -m benchmarks.peers`: four tools, one fake endpoint, each scenario one tool at a time.

Figures of a run: CPU and peak memory of the tool's processes, wall time, records without a stored
result (lost), and answers beyond the first for a record (paid twice).
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers.records import write_records
from benchmarks.peers.table import page

HERE = Path(__file__).parent
REPO = HERE.parents[1]
TOOLS = {
    "troupe": (str(REPO),),
    "async_batch_llm": ("async-batch-llm[openai]==0.28.0",),
    "curator": ("bespokelabs-curator==0.1.31",),
    "ondine": ("ondine==2.1.1",),
}
"""Packages of each tool, installed into an environment of its own."""
_ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
"""Compiled modules are kept: otherwise a tool of several commands is compiled several times."""
WORST_SECONDS = 900
"""After this time a tool is ended; what it has stored counts."""
OUTAGE_SECONDS = 5.0


@dataclass
class Figures:
    """The figures of one tool in one scenario, over all of its calls."""

    wall: float = 0.0
    cpu: float = 0.0
    megabytes: float = 0.0
    lost: int = 0
    paid_twice: int = 0
    requests: int = 0
    most_in_flight: int = 0
    calls: int = 0
    exits: list[int] = field(default_factory=list)


class Endpoint:
    """The fake endpoint in a process of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def set(self, **settings: Any) -> None:
        self._reply("/settings", json.dumps(settings).encode())

    def counts(self) -> dict[str, Any]:
        counts: dict[str, Any] = json.loads(self._reply("/counts", None))
        return counts

    def answers(self) -> int:
        return sum(self.counts()["answers"].values())

    def _reply(self, path: str, body: bytes | None) -> bytes:
        with urllib.request.urlopen(self.url + path, data=body, timeout=30) as reply:  # noqa: S310
            data: bytes = reply.read()
            return data


@contextmanager
def serving() -> Iterator[Endpoint]:
    """Run the endpoint until the block ends."""
    command = [sys.executable, "-m", "benchmarks.peers.fake_endpoint"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPO) as process:  # noqa: S603
        try:
            assert process.stdout is not None  # noqa: S101
            yield Endpoint(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.terminate()


@dataclass(frozen=True)
class Trial:
    """One tool in one scenario."""

    python: str
    tool: str
    folder: Path
    endpoint: Endpoint
    concurrency: int
    records: int
    figures: Figures = field(default_factory=Figures)

    def call(self, until: Callable[[], bool] = lambda: False) -> bool:
        """Start the tool, and kill it once `until` holds; return whether it ended by itself."""
        began = time.monotonic()
        command = [self.python, f"run_{self.tool}.py", str(self.folder), f"{self.endpoint.url}/v1"]
        log = (self.folder / "log.txt").open("ab")
        with log, subprocess.Popen(  # noqa: S603
            [*command, str(self.concurrency)],
            cwd=HERE, env=_ENVIRONMENT, stdout=log, stderr=log, start_new_session=True,
        ) as process:  # fmt: skip
            killed = self._watch(process, until, began)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.figures.wall += time.monotonic() - began
        self.figures.cpu += usage.ru_utime + usage.ru_stime
        self.figures.megabytes = max(self.figures.megabytes, usage.ru_maxrss / 1024)
        self.figures.calls += 1
        self.figures.exits.append(process.returncode)
        return not killed

    def _watch(
        self, process: "subprocess.Popen[bytes]", until: Callable[[], bool], began: float
    ) -> bool:
        """Wait for the end without reaping the process, whose usage is read afterwards."""
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            if until() or time.monotonic() - began > WORST_SECONDS:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                return True
            time.sleep(0.02)
        return False

    def count(self) -> Figures:
        """Complete the figures from the endpoint's counts and the stored results."""
        counts = self.endpoint.counts()
        stored = self.folder / "stored.txt"
        ids = set(stored.read_text(encoding="utf-8").split()) if stored.exists() else set()
        self.figures.lost = self.records - len(ids)
        self.figures.requests = sum(counts["requests"].values()) - counts["requests"].get("?", 0)
        again = (count - 1 for record, count in counts["answers"].items() if record != "?")
        self.figures.paid_twice = sum(again)
        self.figures.most_in_flight = counts["most_in_flight"]
        return self.figures


def slow(trial: Trial) -> None:
    """0.3 s an answer."""
    trial.endpoint.set(seconds=0.3)
    trial.call()


def faults(trial: Trial) -> None:
    """5 % of the requests get a 503, 2 % of the answers are cut off; one further call."""
    trial.endpoint.set(seconds=0.05, errors=0.05, malformed=0.02)
    trial.call()
    if trial.count().lost:
        trial.call()


def killed(trial: Trial) -> None:
    """kill -9 at half, then a further call."""
    trial.endpoint.set(seconds=0.05)
    trial.call(until=lambda: trial.endpoint.answers() >= trial.records // 2)
    trial.call()


def outage(trial: Trial) -> None:
    """The endpoint dies at half and is back after five seconds, or after the tool has ended."""
    trial.endpoint.set(seconds=0.05, dies_after=trial.records // 2)
    died_at: list[float] = []

    def back() -> bool:
        if not died_at and trial.endpoint.answers() >= trial.records // 2:
            died_at.append(time.monotonic())
        if died_at and time.monotonic() - died_at[0] > OUTAGE_SECONDS:
            trial.endpoint.set(dies_after=None)
        return False

    trial.call(until=back)
    trial.endpoint.set(dies_after=None)
    if trial.count().lost:
        trial.call()


def again(trial: Trial) -> None:
    """A second call when everything is stored."""
    trial.endpoint.set(seconds=0.0)
    trial.call()
    trial.call()


SCENARIOS = {each.__name__: each for each in (slow, faults, killed, outage, again)}


def environment(folder: Path, tool: str) -> str:
    """Return the Python of a tool's own environment; create it when it is missing."""
    python = folder / tool / "bin" / "python"
    if not python.exists():
        sys.stderr.write(f"installing {tool} …\n")
        subprocess.run([sys.executable, "-m", "venv", folder / tool], check=True)  # noqa: S603
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *TOOLS[tool]], check=True)  # noqa: S603
    return str(python)


def main() -> None:
    """Run the chosen scenarios and print the table."""
    options = _options()
    environments = {tool: environment(options.environments, tool) for tool in options.tools}
    results: dict[str, dict[str, Any]] = {}
    with serving() as endpoint, tempfile.TemporaryDirectory(prefix="peers-") as folder:
        for name in options.scenarios:
            for tool, python in environments.items():
                place = Path(folder) / name / tool
                place.mkdir(parents=True)
                write_records(place, options.records)
                endpoint.set(forget=True, seconds=0.0, errors=0.0, malformed=0.0, dies_after=None)
                trial = Trial(python, tool, place, endpoint, options.concurrency, options.records)
                SCENARIOS[name](trial)
                results.setdefault(name, {})[tool] = asdict(trial.count())
                sys.stderr.write(f"{name} {tool}: {trial.figures}\n")
    sys.stdout.write(page(results, options.records, options.concurrency))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--records", type=int, default=2_000)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument(
        "--environments", type=Path, default=Path(".peers"), help="folder of the environments"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
