"""A worker with an endpoint of one's own: outages, kills and signals cost no record."""

import json
import signal
import threading
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from tests.cli.command import Command
from tests.endpoint.server import Asked, Said, Server, serving
from tests.files import files_in
from troupe.endpoint import pace, pool

ANSWER = {
    "callSummary": "The line was broken. It is repaired.",
    "callSentiment": {"incoming": "negative", "outgoing": "positive"},
    "callSentimentSummary": "It was repaired.",
    "callTone": "calm",
    "languageCode": "en",
    "reasonForCall": {"summary": "A broken line.", "intent": "technical_support"},
    "agentResponse": {"resolved": True, "summary": "It was repaired."},
    "products": [],
}
GOOD = Said({"choices": [{"message": {"content": json.dumps(ANSWER)}, "finish_reason": "stop"}]})
DOWN = Said({"error": {"message": "down"}}, 503)
MODEL = ("--idle-timeout", "0", "--model-name", "small", "--model-url")


def command(tmp_path: Path, calls: int, *request: str) -> Command:
    run = Command(tmp_path / "home")
    run.load(calls)
    run("request", "--run-id", "r1", *request)
    return run


def paid(server: Server) -> Counter[str]:
    """How often each transcript was sent, without probes."""
    return Counter(asked.prompt for asked in server.posts if "CUSTOMER" in asked.prompt)


def balance(run: Command, code: int = 0) -> tuple[int, int, int, bool]:
    totals = run.json("verify", "r1", code=code)
    return (totals["analysed"], totals["failed"], totals["released"], totals["ok"])


def test_rows_carry_the_name_of_the_endpoints_model(tmp_path: Path) -> None:
    """The model of the analysis was not asked."""
    run = command(tmp_path, 3)
    with serving(lambda _: GOOD) as server:
        run("work", *MODEL, server.url)

    assert (3, 0, 0, True) == balance(run)
    with duckdb.connect(str(run.home / "warehouse.duckdb"), read_only=True) as db:
        models = db.execute("SELECT model FROM transcription_analyzed_transcripts").fetchall()
    assert [("small",)] * 3 == models


def test_the_options_and_the_environment_reach_the_endpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Azure's address and key header; one request at a time; the time limit is a number."""
    run = command(tmp_path, 6)
    monkeypatch.setenv("TROUPE_MODEL_KEY", "k3y")
    monkeypatch.setenv("TROUPE_MODEL_CONCURRENCY", "1")
    with serving(lambda _: GOOD) as server:
        azure = server.url.removesuffix("/v1")
        run("work", *MODEL, azure, "--model-api-version", "2024-10-21", "--model-timeout", "5")

    assert (6, 0, 0, True) == balance(run)
    assert {"/openai/deployments/small/chat/completions?api-version=2024-10-21"} == {
        asked.path for asked in server.posts
    }
    assert {("k3y", None)} == {
        (asked.header("api-key"), asked.header("authorization")) for asked in server.posts
    }
    assert 1 == len({asked.port for asked in server.posts}), "one connection for all of them"
    written = [file.read_bytes() for file in files_in(run.home)]
    assert [] == [data for data in written if b"k3y" in data]


def test_an_endpoint_that_dies_in_the_middle_costs_no_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same worker waits, and goes on when it is back: no answer is asked for twice."""
    monkeypatch.setattr(pool, "_FIRST_DELAY", 0.005)
    monkeypatch.setattr(pace, "_FIRST_PAUSE", 0.005)
    run = command(tmp_path, 30, "--max-attempts", "1")
    probes: list[Asked] = []

    def script(asked: Asked) -> Said:
        if "CUSTOMER" not in asked.prompt:
            probes.append(asked)
        answered = sum(said is GOOD for said in replies)
        is_down = answered >= 15 and len(probes) < 2
        replies.append(DOWN if is_down else GOOD)
        return replies[-1]

    replies: list[Said] = []
    with serving(script) as server:
        output = run("work", *MODEL, server.url)

    assert (30, 0, 0, True) == balance(run)
    assert "the endpoint does not answer (503 Service Unavailable)" in output
    assert "the endpoint answers again" in output
    good = Counter(
        asked.prompt for asked, said in zip(server.posts, replies, strict=True) if said is GOOD
    )
    assert {1} == {count for prompt, count in good.items() if "CUSTOMER" in prompt}


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_a_signal_ends_a_worker_whose_endpoint_hangs(tmp_path: Path, number: int) -> None:
    """And the next worker asks again what was in flight, and nothing else."""
    run = command(tmp_path, 12)
    hangs, reached, released = threading.Event(), threading.Semaphore(0), threading.Event()

    def script(asked: Asked) -> Said:
        if len(server.posts) > 4 and not hangs.is_set():
            reached.release()
            released.wait(timeout=60)
        return GOOD

    with serving(script) as server:
        worker = run.start("work", *MODEL, server.url, "--model-concurrency", "2")
        try:
            for _ in range(2):
                assert reached.acquire(timeout=60)
            worker.send_signal(number)
            assert 128 + number == worker.wait(timeout=30)
        finally:
            worker.kill()
            worker.wait()
        hangs.set()
        released.set()
        run("work", *MODEL, server.url)

    assert (12, 0, 0, True) == balance(run)
    assert {1: 10, 2: 2} == Counter(paid(server).values())


def test_a_kill_pays_again_for_what_was_in_flight_at_most(tmp_path: Path) -> None:
    """SIGKILL in the middle of a job: every answer that had come is used by the next worker."""
    run = command(tmp_path, 40)
    half = threading.Event()

    def script(asked: Asked) -> Said:
        if len(server.posts) > 20:
            half.set()
        return GOOD

    with serving(script) as server:
        worker = run.start("work", *MODEL, server.url, "--model-concurrency", "4")
        assert half.wait(timeout=60)
        worker.kill()
        worker.wait()
        run("work", *MODEL, server.url)

    assert (40, 0, 0, True) == balance(run)
    assert 40 == len(paid(server))
    assert sum(paid(server).values()) <= 40 + 4


ODD = [
    {"choices": [{"message": {"content": {"callSummary": "x"}}, "finish_reason": "stop"}]},
    {"choices": [{"message": {"content": "\ud800"}, "finish_reason": "stop"}]},
    {"choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}], "usage": "5"},
    {"choices": [{"message": {"content": [5]}, "finish_reason": None}]},
]


def test_answers_of_unexpected_shapes_stop_no_worker(tmp_path: Path) -> None:
    """Their records fail by name; a worker that is started again asks for none of them."""
    run = command(tmp_path, len(ODD), "--max-attempts", "1")
    replies = iter(ODD)
    with serving(lambda _: Said(next(replies))) as server:
        run("work", *MODEL, server.url, code=3)
        run("work", *MODEL, server.url)

    assert (0, len(ODD), 0, True) == balance(run, code=3)
    assert len(ODD) == len(server.posts)


def test_what_cannot_be_sent_is_refused_without_the_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is sent, and before the folder is opened."""
    run = Command(tmp_path / "home")
    monkeypatch.setenv("TROUPE_MODEL_KEY", "s3cret key")

    output = run("work", *MODEL, "http://127.0.0.1:9/v1", code=2)
    monkeypatch.setenv("TROUPE_MODEL_KEY", "")
    output += run("work", *MODEL, "http://me:s3cret@127.0.0.1:9/v1?key=s3cret", code=2)

    assert "TROUPE_MODEL_KEY holds a character" in output
    assert "invalid --model-url http://127.0.0.1:9/v1: leave out user and password" in output
    assert "s3cret" not in output
