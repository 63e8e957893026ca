"""The command `notify`: in a state folder of its own, and through the worker that owns it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.endpoint.server import Said, Server, closed_url, serving
from tests.notifications.making import SECRET


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(lambda _: Said({}, 204)) as made:
        yield made


@pytest.fixture
def done(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A folder with a run of two calls that is over and notified."""
    monkeypatch.setenv("TROUPE_NOTIFY_URL", f"{server.url}/s3cret")
    monkeypatch.setenv("TROUPE_NOTIFY_SECRET", SECRET)
    command = Command(tmp_path / "home")
    command.load(2)
    command("request", "--run-id", "r1")
    command("work", "--idle-timeout", "0")
    return command


def test_a_worker_tells_and_the_command_tells_again(done: Command, server: Server) -> None:
    """The same id and the same body."""
    assert "sent the notification of run r1" in done("notify", "r1")
    answer = done.json("notify", "r1")

    assert ("r1", None) == (answer["run_id"], answer["problem"])
    assert 3 == len(server.posts)
    assert 1 == len({each.data for each in server.posts})
    assert {answer["notification_id"]} == {each.header("webhook-id") for each in server.posts}
    assert "completed" == server.posts[0].body["outcome"]


def test_what_the_receiver_says_ends_the_command_with_one(done: Command, server: Server) -> None:
    """Without a word of the address behind its host, in the text, the JSON and the log."""
    server.script = lambda _: Said({"why": "s3cret"}, 403)
    texts = [done("notify", "r1", code=1), json.dumps(done.json("notify", "r1", code=1))]

    assert "answered 403 Forbidden: correct TROUPE_NOTIFY_URL" in texts[0]
    log = (done.home / "log.jsonl").read_text(encoding="utf-8")
    assert "delivered" in log
    for text in (*texts, log):
        assert "s3cret" not in text
        assert SECRET not in text


def test_a_receiver_that_is_gone_is_named_by_its_host(
    done: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TROUPE_NOTIFY_URL", f"{closed_url()}/s3cret")

    assert "took no notification: Connection refused" in done("notify", "r1", code=1)


def test_a_run_that_is_open_unknown_or_told_to_nobody_is_refused(
    done: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to do."""
    assert "run r1x is not planned here: did you mean r1?" in done("notify", "r1x", code=2)
    done.load(3)
    done("request", "--run-id", "r2")
    assert "run r2 is requested and not planned yet" in done("notify", "r2", code=2)
    assert "run é is not planned here" in done("notify", "é", code=2)
    for name in ("TROUPE_NOTIFY_URL", "TROUPE_NOTIFY_SECRET"):
        monkeypatch.delenv(name)
    assert "set TROUPE_NOTIFY_URL" in done("notify", "r1", code=2)


def test_a_wrong_setting_ends_a_command_and_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker without a receiver of its notifications does not start."""
    monkeypatch.setenv("TROUPE_NOTIFY_URL", "http://hooks.example.com/s3cret")
    command = Command(tmp_path / "home")
    said = command("work", code=2)

    assert "TROUPE_NOTIFY_URL must begin with https://" in said
    assert "s3cret" not in said
