"""The line for cron in the guide to schedules, run as cron runs it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from tests.analysis.making import ANSWER
from tests.docs.shell import blocks, program
from tests.docs.test_site import DOCS, ROOT
from tests.endpoint.server import Server
from tests.harness import calls

pytestmark = pytest.mark.slow


DAY = "2026-03-02"


class Done(NamedTuple):
    """What cron would see of a job; it mails what was printed."""

    code: int
    mail: str


def line() -> str:
    """The command of the guide; cron replaces `\\%`, which would end the command otherwise."""
    page = DOCS / "how-to" / "schedule.md"
    (text,) = (each.body for each in blocks(page, "text") if "* * *" in each.body)
    (job,) = (each for each in text.splitlines() if each.startswith("30 2 "))
    return re.sub(r"^(\S+\s+){5}", "", job).replace(r"\%", "%")


@pytest.fixture
def model() -> Iterator[Server]:
    """A model of one's own."""
    server = Server()
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def cron(folder: Path, server: Server | None = None, url: str = "") -> Done:
    """Run the line with this folder in the place of the documented one."""
    programs = folder / "bin"
    run = "from troupe.cli import main; main()"
    program(programs / "troupe", f'exec "{sys.executable}" -c \'{run}\' "$@"')
    program(programs / "date", f"echo {DAY}")
    url = server.url if server else url
    environment = {name: value for name, value in os.environ.items() if "TROUPE" not in name}
    environment |= {"PATH": f"{programs}:/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    environment |= {"TROUPE_MODEL_URL": url, "TROUPE_MODEL_NAME": "m"} if url else {}
    done = subprocess.run(
        ["/bin/sh", "-c", line().replace("/srv/troupe", str(folder))],
        env=environment, text=True, capture_output=True, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout + done.stderr)


def bring(folder: Path, count: int) -> None:
    """The file of the day."""
    (folder / "incoming").mkdir(exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in calls(count))
    (folder / "incoming" / f"{DAY}.jsonl").write_text(text, encoding="utf-8")


def reply(server: Server, content: str) -> None:
    server.reply = {
        "choices": [{"message": {"content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 5},
    }


def test_a_good_day_sends_no_mail(tmp_path: Path) -> None:
    """What it prints is in the log."""
    bring(tmp_path, 3)

    assert Done(0, "") == cron(tmp_path)
    assert "the totals balance" in (tmp_path / "cron.log").read_text(encoding="utf-8")


def test_a_day_without_new_calls_ends_with_5(tmp_path: Path) -> None:
    """Somebody else has analysed them before."""
    bring(tmp_path, 3)
    for words in (f"load incoming/{DAY}.jsonl", "request --run-id before", "work --idle-timeout 0"):
        by_hand(tmp_path, words)

    empty = cron(tmp_path)

    assert 5 == empty.code
    assert "no record is pending" in empty.mail


def by_hand(folder: Path, words: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [sys.executable, "-c", "from troupe.cli import main; main()", *words.split()],
        cwd=folder, env=environment, check=True, capture_output=True,
    )  # fmt: skip


def test_a_failed_run_is_mailed_with_what_follows(tmp_path: Path, model: Server) -> None:
    """No answer of the model is usable."""
    bring(tmp_path, 3)
    reply(model, "no JSON at all")

    failed = cron(tmp_path, model)

    assert 3 == failed.code
    assert "0 of 3 records have a row" in failed.mail
    assert "troupe reprocess --run day-" in failed.mail


def test_an_outage_is_mailed(tmp_path: Path) -> None:
    """Nothing listens at the address of the model; the request waits for the next worker."""
    bring(tmp_path, 3)

    outage = cron(tmp_path, url="http://127.0.0.1:9/v1")

    assert 2 == outage.code
    assert "--model-url http://127.0.0.1:9/v1 does not answer" in outage.mail


def test_a_day_without_its_file_is_mailed(tmp_path: Path) -> None:
    """What brings the files did not."""
    missing = cron(tmp_path)

    assert 2 == missing.code
    assert "incoming/" in missing.mail


def test_answers_that_fit_are_no_mail(tmp_path: Path, model: Server) -> None:
    """From a model of one's own."""
    bring(tmp_path, 3)
    reply(model, json.dumps(ANSWER))

    assert Done(0, "") == cron(tmp_path, model)
