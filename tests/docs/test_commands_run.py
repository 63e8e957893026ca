"""Every command in a document is run, or is listed here with the reason why not."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from tests.analysis.making import ANSWER
from tests.docs.shell import Shell, blocks, steps
from tests.docs.test_site import DOCS, ROOT, pages
from tests.endpoint.server import Server
from tests.files import files_in

REASONS = {
    "needs a project on Google Cloud": r"\b(?:gcloud|terraform|bq|docker)\b|--backend gcp|-m scripts.restore",
    "serves until Ctrl-C": r"\bconsole\b",
    "takes minutes; tests/simulation runs fewer seeds": r"simulat",
}
"""Why a block is not run, and what then must stand in it."""
COMMAND = re.compile(
    r"^(?:\$ |\. |(?:troupe|make|python|pip|terraform|gcloud|bq|export|cd) )", re.M
)
MODEL_SERVER = "127.0.0.1:11434"
"""Address of a local model in the documents; the tests use another port."""

OF_A_DEPLOYMENT = {"--backend", "gcp", "--terraform", "deployment.json"}
"""Words that may stand before the command."""

WITH_COMMANDS = [page for page in (ROOT / "README.md", *pages()) if list(steps(page))]


@pytest.fixture
def model() -> Iterator[Server]:
    """A local model server that gives every request the same answer."""
    server = Server()
    server.reply = {
        "choices": [{"message": {"content": json.dumps(ANSWER)}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 5},
    }
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.stem)
def test_the_commands_of_a_page_run_in_their_order(
    page: Path, tmp_path: Path, model: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder with the documents, their examples and the analyses, as a clone has them."""
    shell = Shell(tmp_path, monkeypatch)
    before = state_of(DOCS)
    host, port = model.server_address[:2]
    commands = list(steps(page))

    assert commands
    for step in commands:
        command = step.command.replace(MODEL_SERVER, f"{host!s}:{port}")
        shell.run(type(step)(command, step.shown, step.code))
    assert [] == shell.left()
    assert before == state_of(DOCS)


def state_of(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return size and time of every file."""
    found = ((file, file.stat()) for file in files_in(folder))
    return {file: (stat.st_size, stat.st_mtime_ns) for file, stat in found}


def test_commands_stand_in_blocks_that_are_run() -> None:
    """Any other says why it is not run, which must be so; no command stands in a block of text."""
    wrong, run = [], 0
    for page in (ROOT / "README.md", *pages()):
        for block in blocks(page, "sh", "bash", "shell", "console"):
            run += block.reason is None
            if block.reason and not re.search(REASONS.get(block.reason, "$^"), block.body):
                wrong.append(f"{page.name}: {block.reason}: {block.body}")
        texts = [] if page.stem == "commands" else blocks(page, "text")
        wrong += [f"{page.name}: {each.body}" for each in texts if COMMAND.search(each.body)]

    assert [] == wrong
    assert run > 40
    assert len(WITH_COMMANDS) >= 9


def options_of_commands() -> dict[str, set[str]]:
    """Return the options of each command, from the generated page."""
    page = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
    first, *sections = re.split(r"^## troupe ", page, flags=re.M)
    of_every_command = set(re.findall(r"`(--[a-z-]+)", first))
    return {
        section.split("\n", 1)[0]: of_every_command | set(re.findall(r"`(--[a-z-]+)", section))
        for section in sections
    }


def mentioned(page: Path) -> list[list[str]]:
    """Return the words of every command that is not run: in running text and in `sh` blocks."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    inline = re.findall(r"`troupe ([^`]+)`", text)
    lines = [line for block in blocks(page, "sh") for line in block.body.splitlines()]
    shown = [line.removeprefix("troupe ") for line in lines if line.startswith("troupe ")]
    return [shlex.split(each.replace("'", ""), comments=True) for each in (*inline, *shown)]


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", *(page for page in pages() if page.stem != "bad-input")],
    ids=lambda page: page.stem,
)
def test_every_command_in_running_text_exists_with_its_options(page: Path) -> None:
    """Commands that are not run are compared with the reference."""
    known = options_of_commands()
    unknown = []
    for words in mentioned(page):
        words = [word for word in words if word not in OF_A_DEPLOYMENT]
        named = [name for name in (" ".join(words[:2]), words[0]) if name in known]
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        if not named or options - known[named[0]]:
            unknown.append(" ".join(words))

    assert len(known) > 20
    assert [] == unknown
