"""Run style, types and tests side by side; print what failed, what was skipped and why, and the time.

    python -m scripts.checks [--tests EXPRESSION] [PATH ...]

Ends with 1 when anything failed.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
STYLE_AND_TYPES = (
    ("style", ["ruff", "check", "--quiet", "."]),
    ("format", ["ruff", "format", "--quiet", "--check", "."]),
    ("types", ["mypy", "--no-error-summary"]),
)
MEMORY = Path("/dev/shm")  # noqa: S108
"""A file system in memory, on Linux."""
ROOM = 8 << 30
"""Bytes that must be free there."""
QUICKER = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=1000:glibc.malloc.arena_max=1"}
"""DuckDB asks for many small pieces of memory to plan a statement. With more of them kept at hand
than the usual seven of each size, and one heap for the few threads of a test, tests with statements
take 8 % less of the processor's time."""
_SKIPPED = re.compile(r"^SKIPPED \[(\d+)\] \S+: (.+)$", re.M)
_SUMMARY = re.compile(r"^(.*\b(?:passed|failed|error|errors)\b.*?) in [\d.]+s.*$", re.M)


@dataclass(frozen=True, slots=True)
class Check:
    """One program that ran to its end."""

    name: str
    code: int
    output: str
    seconds: float

    def line(self) -> str:
        """Return one line about it."""
        state = "ok" if self.code == 0 else "FAILED"
        found = _SUMMARY.search(self.output)
        text = f"{self.name:<7} {state:<6} {self.seconds:4.0f} s"
        return f"{text}  {found[1].strip('= ')}" if found else text


def run(name: str, command: Sequence[str]) -> Check:
    """Run one program of the environment, and keep what it prints."""
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603
        [str(BIN / command[0]), *command[1:]], env=os.environ | temporary_files() | QUICKER,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
    )  # fmt: skip
    return Check(name, done.returncode, done.stdout, time.monotonic() - began)


def temporary_files() -> dict[str, str]:
    """Return the setting that keeps temporary files in memory, where there is room for them.

    Every event of a local run is written to the disk for good, for which the tests would wait.
    """
    try:
        memory = os.statvfs(MEMORY)
    except OSError:
        return {}
    has_room = memory.f_bavail * memory.f_frsize >= ROOM and not memory.f_flag & os.ST_NOEXEC
    return {"TMPDIR": str(MEMORY)} if has_room and os.access(MEMORY, os.W_OK) else {}


def tests(marker: str, dist: str, paths: Sequence[str]) -> tuple[str, list[str]]:
    """Return the command that runs the tests, with a process for each core."""
    processes = str(os.cpu_count() or 1)
    return "tests", ["pytest", "-n", processes, "--dist", dist, "-rs", "-m", marker, *paths]


def skipped(output: str) -> Iterator[str]:
    """Yield how many tests were skipped for each reason."""
    reasons: Counter[str] = Counter()
    for count, reason in _SKIPPED.findall(output):
        reasons[reason.removeprefix("Skipped: ")] += int(count)
    for reason, count in reasons.most_common():
        yield f"skipped {count}: {reason}"


def figures(output: str) -> list[str]:
    """Return what the tests measured."""
    _, found, text = output.partition(" figures ")
    return _SUMMARY.split(text.partition("\n=")[0])[0].splitlines()[1:] if found else []


def run_all(commands: Iterable[tuple[str, list[str]]]) -> list[Check]:
    """Run the programs at the same time, and print a line when each ends."""
    finished = []
    with ThreadPoolExecutor() as pool:
        for each in as_completed([pool.submit(run, *command) for command in commands]):
            check = each.result()
            finished.append(check)
            print_line(check.line())
    return finished


def report(checks: Iterable[Check], since: float) -> int:
    """Print the output of what failed, what was skipped, and the time; return the exit code."""
    failed = [check for check in checks if check.code]
    for check in failed:
        print_line(f"\n--- {check.name}\n{check.output}")
    for check in checks:
        for line in (*figures(check.output), *skipped(check.output)):
            print_line(line)
    minutes, seconds = divmod(round(time.time() - since), 60)
    names = ", ".join(check.name for check in failed)
    print_line(f"{f'FAILED: {names}' if failed else 'all passed'} in {minutes} min {seconds} s")
    return 1 if failed else 0


def print_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.checks", description=__doc__)
    parser.add_argument(
        "--tests", default="not slow", metavar="EXPRESSION", help="which tests, as `pytest -m`"
    )
    parser.add_argument(
        "--dist", default="worksteal", choices=("worksteal", "loadfile"),
        help="how the processes share the tests: those left at the end, or whole files, so that "
        "an emulator is started once (default: worksteal)",
    )  # fmt: skip
    parser.add_argument("--only-tests", action="store_true", help="leave out style and types")
    parser.add_argument("--since", type=float, default=time.time(), help="when it began, in epoch "
                        "seconds (default: now)")  # fmt: skip
    parser.add_argument("paths", nargs="*", help="files or folders of tests")
    options = parser.parse_args(words)
    others = () if options.only_tests else STYLE_AND_TYPES
    # The tests take longest, so they begin first.
    return report(
        run_all([tests(options.tests, options.dist, options.paths), *others]), options.since
    )


if __name__ == "__main__":
    sys.exit(main())
