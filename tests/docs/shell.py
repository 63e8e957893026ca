"""Run the commands of a document in a scratch folder, as a reader would.

    ```console
    $ troupe verify first
    the totals balance
    ```

A line that begins with `$ ` is run; the lines below it must occur in its output, where `…`
matches anything. `# ends with 1` after a command gives its exit code. Every line of a `sh` block is
run as well, unless the line above the block says `<!-- not run: the reason -->`.
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
_BLOCK = re.compile(
    r"(?:^ *<!-- not run: (?P<reason>[^\n]+) -->\n)?"
    r"^(?P<indent> *)```(?P<kind>\w+)[^\n]*\n(?P<body>.*?)^(?P=indent)```",
    re.M | re.S,
)


@dataclass(frozen=True)
class Step:
    """One command, the lines it should print, and its exit code."""

    command: str
    shown: tuple[str, ...]
    code: int = 0


@dataclass(frozen=True)
class Block:
    """A fenced block, without its indentation."""

    kind: str
    body: str
    reason: str | None
    """Why it is not run, if the page says so."""


def blocks(page: Path, *kinds: str) -> list[Block]:
    """Return the fenced blocks of these kinds."""
    found = _BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [
        Block(
            each["kind"], re.sub(f"^{each['indent']}", "", each["body"], flags=re.M), each["reason"]
        )
        for each in found
        if each["kind"] in kinds
    ]


def steps(page: Path) -> Iterator[Step]:
    """Yield the commands of a page in their order."""
    for block in blocks(page, "console", "sh"):
        if block.kind == "sh":
            yield from (Step(line, ()) for line in block.body.splitlines() if not block.reason)
            continue
        first, *commands = re.split(r"^\$ ", block.body, flags=re.M)
        assert not first.strip(), f"{page.name}: a console block begins with `$ `: {first!r}"
        for text in commands:
            command, *shown = text.replace("\\\n", " ").rstrip("\n").split("\n")
            ends = re.search(r"#\s*ends with (\d+)$", command)
            yield Step(command, tuple(shown), int(ends[1]) if ends else 0)


class Shell:
    """A scratch folder with `troupe` on the path. `make demo` runs the demo, and makes nothing."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.work = folder / "work"
        self.work.mkdir()
        programs = folder / "bin"
        program(programs / "python", f'exec "{sys.executable}" "$@"')
        program(programs / "troupe", 'exec python -c "from troupe.cli import main; main()" "$@"')
        program(programs / "make", 'test "$1" != demo || exec troupe demo')
        program(self.work / ".venv/bin/activate", "")
        (self.work / "docs").symlink_to(ROOT / "docs")
        (self.work / "analysis").symlink_to(ROOT / "analysis")
        self._patch = patch
        for name in [name for name in os.environ if name.startswith(("TROUPE_", "OTEL_"))]:
            patch.delenv(name)
        patch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("NO_COLOR", "1")
        patch.chdir(self.work)

    def run(self, step: Step) -> None:
        """Run a step. Fails with the whole output if exit code or text differ."""
        if step.command.startswith("export "):
            for word in shlex.split(step.command)[1:]:
                self._patch.setenv(*word.split("=", 1))
            return
        command = {"make demo": "troupe demo"}.get(step.command, step.command)
        unquoted = re.sub(r"'[^']*'", "", command)
        plain = command.startswith("troupe ") and not re.search(r"[|;&<>$`*]", unquoted)
        code, output = (
            run_here(shlex.split(command, comments=True)[1:], as_for_users=True)
            if plain
            else _in_a_shell(command)
        )
        assert step.code == code, f"$ {step.command}\n{output}"
        for line in step.shown:
            pattern = r"[^\n]*".join(re.escape(part) for part in line.strip().split("…"))
            assert re.search(pattern, output), f"$ {step.command}\nshows no {line!r}:\n{output}"

    def left(self) -> list[str]:
        """Return the files in the folder that a clone would show as untracked."""
        names = [each.name for each in self.work.iterdir() if each.name not in ("docs", "analysis")]
        paths = [f"{name}/" if Path(self.work, name).is_dir() else name for name in names]
        ignored = subprocess.run(
            ["git", "check-ignore", "--no-index", *paths],
            cwd=ROOT, capture_output=True, text=True, check=False,
        ).stdout.splitlines()  # fmt: skip
        return sorted({*paths} - {*ignored})


def program(file: Path, text: str) -> None:
    """Write a program that runs these lines of `sh`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)


def _in_a_shell(command: str) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", "-c", command], text=True, stdin=subprocess.DEVNULL, capture_output=True,
        timeout=TIMEOUT_SECONDS, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr
