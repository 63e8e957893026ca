"""Plant each mutant in a copy of the tree, and run the tests that fit it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import monotonic

from .failure import RESULT
from .mutant import REPO, Mutant

LONGEST_SECONDS = 240
"""Of the processor. A mutant can make a loop endless; its tests are ended then."""
CAUGHT, EQUIVALENT, LEFT, BROKEN = "caught", "equivalent", "NOT CAUGHT", "BROKEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one mutant."""

    mutant: Mutant
    word: str
    detail: str
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return self.word in (CAUGHT, EQUIVALENT)

    def line(self) -> str:
        return f"{self.word:12}{self.seconds:6.1f} s  {self.mutant.name}: {self.detail}"


class Copy:
    """A copy of the files that git knows, in which one mutant at a time is planted."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._result = folder, folder / "mutant-result"
        self._times = count(1_000_000_000)
        for name in _tracked_files():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPO / name, target)
        self._pytest = subprocess.Popen(
            [sys.executable, "-m", "tests.mutants.preloaded", str(LONGEST_SECONDS)],
            cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": str(folder), RESULT: str(self._result)},
        )  # fmt: skip

    def close(self) -> None:
        self._pytest.communicate()

    @contextmanager
    def with_mutant(self, mutant: Mutant) -> Iterator[None]:
        original = mutant.file()
        copied = self._folder / original.relative_to(REPO)
        self._write(copied, mutant.text(original))
        try:
            yield
        finally:
            self._write(copied, original.read_text(encoding="utf-8"))

    def _write(self, file: Path, text: str) -> None:
        """Give each text a time of its own: Python finds a changed file by its time and size."""
        file.write_text(text, encoding="utf-8")
        now = next(self._times)
        os.utime(file, (now, now))

    def failure(self, tests: Sequence[str]) -> tuple[str, str]:
        """Run the tests up to the first failure.

        Returns `caught` and the test, `broken` and the mistake, or two empty texts when all passed.
        """
        self._result.unlink(missing_ok=True)
        assert self._pytest.stdin
        assert self._pytest.stdout
        self._pytest.stdin.write(json.dumps(list(tests)) + "\n")
        self._pytest.stdin.flush()
        code = int(self._pytest.stdout.readline())
        if self._result.exists() and (found := self._result.read_text(encoding="utf-8")):
            word, _, detail = found.partition(" ")
            return word, detail
        if code in (-signal.SIGPROF, -signal.SIGALRM):
            return "broken", f"these tests do not end: {' '.join(tests)}"
        return ("broken", f"pytest ended with {code}") if code else ("", "")


def check(mutant: Mutant, copy: Copy) -> Result:
    """Plant the mutant, and run its tests."""
    started = monotonic()
    with copy.with_mutant(mutant):
        found, detail = copy.failure(mutant.tests) if mutant.tests else ("", "")
    word, detail = _judged(mutant, found, detail)
    return Result(mutant=mutant, word=word, detail=detail, seconds=monotonic() - started)


def _judged(mutant: Mutant, found: str, detail: str) -> tuple[str, str]:
    if found == "broken":
        return BROKEN, detail
    if mutant.equivalent:
        if found:
            return BROKEN, f"it is listed as equivalent, and {detail} fails"
        return EQUIVALENT, mutant.equivalent
    return (CAUGHT, detail) if found else (LEFT, " ".join(mutant.tests))


def _tracked_files() -> list[str]:
    """Names of the files that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=REPO, check=True, capture_output=True,
    )  # fmt: skip
    names = listed.stdout.decode().split("\0")
    return [name for name in names if name and (REPO / name).is_file()]
