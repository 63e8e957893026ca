"""Run the commands of a document in a scratch folder, as a reader would.

    ```console
    $ troupe verify first
    the totals balance
    ```

A line that begins with `$ ` is run; the lines below it must occur in its output, where `…`
matches anything. `# ends with 1` after a command gives its exit code.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.command import run_here

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 240
_BLOCK = re.compile(r"^( *)```(\w+)[^\n]*\n(.*?)^\1```", re.M | re.S)


@dataclass(frozen=True)
class Step:
    """One command, the lines it should print, and its exit code."""

    command: str
    shown: tuple[str, ...]
    code: int = 0


def blocks(page: Path, *kinds: str) -> list[str]:
    """Return the fenced blocks of these kinds, without their indentation."""
    fenced = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return [
        re.sub(f"^{indent}", "", body, flags=re.M) for indent, kind, body in fenced if kind in kinds
    ]


def steps(page: Path) -> Iterator[Step]:
    """Yield the commands of a page in their order."""
    for block in blocks(page, "console"):
        first, *commands = re.split(r"^\$ ", block, flags=re.M)
        assert not first.strip(), f"{page.name}: a console block begins with `$ `: {first!r}"
        for text in commands:
            command, *shown = text.replace("\\\n", " ").rstrip("\n").split("\n")
            ends = re.search(r"#\s*ends with (\d+)$", command)
            yield Step(command, tuple(shown), int(ends[1]) if ends else 0)


class Shell:
    """A scratch folder with `troupe` on the path."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.work = folder / "work"
        self.work.mkdir()
        programs = folder / "bin"
        program(programs / "python", f'exec "{sys.executable}" "$@"')
        program(programs / "troupe", 'exec python -c "from troupe.cli import main; main()" "$@"')
        for name in [name for name in os.environ if name.startswith(("TROUPE_", "OTEL_"))]:
            patch.delenv(name)
        patch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("NO_COLOR", "1")
        patch.chdir(self.work)

    def run(self, step: Step) -> None:
        """Run a step. Fails with the whole output if exit code or text differ."""
        plain = step.command.startswith("troupe ") and not re.search(r"[|;&<>$`*]", step.command)
        code, output = (
            run_here(shlex.split(step.command, comments=True)[1:])
            if plain
            else _in_a_shell(step.command)
        )
        assert step.code == code, f"$ {step.command}\n{output}"
        for line in step.shown:
            pattern = r"[^\n]*".join(re.escape(part) for part in line.strip().split("…"))
            assert re.search(pattern, output), f"$ {step.command}\nshows no {line!r}:\n{output}"


def program(file: Path, text: str) -> None:
    """Write a program that runs these lines of `sh`."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)


def _in_a_shell(command: str) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", "-c", command], text=True, stdin=subprocess.DEVNULL, capture_output=True,
        timeout=TIMEOUT_SECONDS, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr
