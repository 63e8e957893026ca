"""Every command that a document shows is run, or there is a reason why it cannot be."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from infra.cli.app import app
from tests.docs.prepared import PREPARED
from tests.docs.shell import Shell, blocks, steps
from tests.docs.test_site import DOCS, ROOT, pages
from tests.local.test_vertex_openai import Server

NOT_RUN = {
    "README.md": "run by tests/test_documents.py, its make targets by whoever runs this",
    "docs/deploy.md": "needs a project on Google Cloud, Terraform and Docker",
    "docs/runbook.md": "needs a deployment on Google Cloud",
}
"""Pages whose commands stand in `sh` blocks; everywhere else commands stand in `console` blocks."""
MODEL_SERVER = "127.0.0.1:11434"
"""Where the documents expect a local model; the tests listen elsewhere."""

WITH_COMMANDS = [page for page in pages() if blocks(page, "console")]


@pytest.fixture
def model() -> Iterator[Server]:
    """A local model that answers every question alike."""
    server = Server()
    server.reply = {
        "choices": [
            {"message": {"content": '{"callSummary": "A call."}'}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 5},
    }
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.stem)
def test_the_commands_of_a_page_run_in_their_order(
    page: Path, tmp_path: Path, model: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From an empty folder with nothing but the transcripts, as a reader would."""
    shell = Shell(tmp_path, monkeypatch)
    (shell.work / "docs").symlink_to(DOCS)
    PREPARED.get(page.stem, lambda _: None)(shell.work)
    host, port = model.server_address[:2]
    for step in steps(page):
        command = step.command.replace(MODEL_SERVER, f"{host!s}:{port}")
        shell.run(type(step)(command, step.shown, step.code))


def test_commands_stand_in_blocks_that_are_run() -> None:
    """A page with `sh` blocks has a reason on the list above."""
    names = {page: page.relative_to(ROOT).as_posix() for page in [ROOT / "README.md", *pages()]}
    silent = {name for page, name in names.items() if blocks(page, "sh", "bash", "shell")}

    assert set() == silent - NOT_RUN.keys()
    assert len(WITH_COMMANDS) >= 6


def commands() -> set[str]:
    """`verify`, `dead-letters list` and so on."""
    own = {
        (c.name or c.callback.__name__.replace("_", "-"))
        for c in app.registered_commands
        if c.callback
    }
    below = {
        f"{group.name} {c.name or c.callback.__name__}"
        for group in app.registered_groups
        if group.typer_instance
        for c in group.typer_instance.registered_commands
        if c.callback
    }
    return own | below


@pytest.mark.parametrize("name", sorted(NOT_RUN))
def test_a_page_that_is_not_run_names_commands_that_exist(name: str) -> None:
    """The least that can be checked without a cloud."""
    told = [line for block in blocks(ROOT / name, "sh") for line in block.splitlines()]
    found = [shlex.split(line, comments=True) for line in told if re.match(r"troupe ", line)]
    words = [[w for w in line[1:] if w not in ("--world", "gcp")] for line in found]

    assert found
    assert [] == [w for w in words if w[0] not in commands() and " ".join(w[:2]) not in commands()]
