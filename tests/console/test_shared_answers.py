"""The console's client: what viewers share, what a read-only console refuses."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from troupe import operations
from troupe.cli.client import CallFailed
from troupe.cli.target import BackendName, Target
from troupe.console.client import LEAST_AGE, MOST_SHARE, Client
from troupe.operations.reprocess import reprocess

LOCAL, CLOUD = Target(Path("home")), Target(Path("home"), BackendName.GCP)


class Calls:
    """Counts what was asked; each answer is another number, and takes the time that is set."""

    def __init__(self) -> None:
        self.now, self.seconds = 0.0, 0.0
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.fails = False

    def __call__(self, operation: Callable[..., Any], **arguments: Any) -> Any:
        self.asked.append((operation.__name__, arguments))
        self.now += self.seconds
        if self.fails:
            raise CallFailed("no", 1)
        return len(self.asked)


def client(calls: Calls, target: Target = LOCAL, **settings: Any) -> Client:
    return Client(target, clock=lambda: calls.now, ask=calls, **settings)


def test_many_viewers_at_once_ask_once() -> None:
    calls = Calls()
    shared = client(calls)

    async def viewers() -> list[Any]:
        return await asyncio.gather(*(shared.shared(operations.status) for _ in range(20)))

    assert [1] * 20 == asyncio.run(viewers())


def test_an_answer_is_shared_for_a_second_and_by_its_arguments() -> None:
    calls = Calls()
    shared = client(calls)

    async def viewer() -> list[Any]:
        found: list[Any] = [await shared.shared(operations.status)]
        calls.now = LEAST_AGE - 0.01
        found.append(await shared.shared(operations.status))
        found.append(await shared.shared(operations.status, run_id="r1"))
        calls.now = LEAST_AGE
        found.append(await shared.shared(operations.status))
        return found

    assert [1, 1, 2, 3] == asyncio.run(viewer())


class SlowReports(Calls):
    """A report takes three seconds, and anything else no time."""

    def __call__(self, operation: Callable[..., Any], **arguments: Any) -> Any:
        self.seconds = 3.0 if operation is operations.report else 0.0
        return super().__call__(operation, **arguments)


def test_waiting_for_the_turn_of_others_does_not_make_an_answer_live_longer() -> None:
    """A state folder is asked one question at a time."""
    calls = SlowReports()
    shared = client(calls)

    async def viewers() -> list[Any]:
        slow = asyncio.ensure_future(shared.call(operations.report, run_id="r1"))
        await asyncio.sleep(0)
        found = [await shared.shared(operations.status)]
        await slow
        calls.now += LEAST_AGE
        return [*found, await shared.shared(operations.status)]

    assert [2, 3] == asyncio.run(viewers())


def test_a_slow_answer_is_shared_for_longer() -> None:
    """So that viewers take no more than their share of the worker's time."""
    calls = Calls()
    calls.seconds = 0.6
    shared = client(calls)

    async def viewer() -> list[Any]:
        found: list[Any] = [await shared.shared(operations.status)]
        calls.now = 0.6 + 0.6 / MOST_SHARE - 0.01
        found.append(await shared.shared(operations.status))
        calls.now += 0.02
        found.append(await shared.shared(operations.status))
        return found

    assert [1, 1, 2] == asyncio.run(viewer())


def test_after_an_action_nobody_sees_what_was_before() -> None:
    calls = Calls()
    shared = client(calls)

    async def viewer() -> list[Any]:
        return [
            await shared.shared(operations.status),
            await shared.call(operations.cancel, run_id="r1"),
            await shared.shared(operations.status),
        ]

    assert [1, 2, 3] == asyncio.run(viewer())


def test_a_failure_is_not_kept() -> None:
    calls = Calls()
    shared = client(calls)

    async def viewer() -> Any:
        calls.fails = True
        with pytest.raises(CallFailed):
            await shared.shared(operations.status)
        calls.fails = False
        return await shared.shared(operations.status)

    assert 2 == asyncio.run(viewer())


def test_what_is_remembered_does_not_grow() -> None:
    """Answers that are too old are forgotten when another comes."""
    calls = Calls()
    shared = client(calls)

    async def viewers() -> None:
        for number in range(100):
            await shared.shared(operations.status, run_id=f"r{number}")
            calls.now += LEAST_AGE

    asyncio.run(viewers())
    assert len(shared._shared) <= 2


@pytest.mark.parametrize(
    ("operation", "arguments", "reads"),
    [
        (operations.status, {}, True),
        (operations.request, {"request": {}, "dry_run": True}, True),
        (operations.request, {"request": {}}, False),
        (operations.cancel, {"run_id": "r1"}, False),
        (reprocess, {"request": {}, "dry_run": False}, False),
        (operations.publish, {"topic": "run-requested", "body": "{}"}, False),
    ],
)
def test_a_read_only_console_refuses_what_changes_something(
    operation: Callable[..., Any], arguments: dict[str, Any], reads: bool
) -> None:
    calls = Calls()
    only = client(calls, read_only=True)

    if reads:
        asyncio.run(only.call(operation, **arguments))
    else:
        with pytest.raises(CallFailed, match="read-only"):
            asyncio.run(only.call(operation, **arguments))
    assert reads == bool(calls.asked)


@pytest.mark.parametrize("operation", ["review_sample", "sample_source"])
def test_a_console_without_texts_never_asks_for_them(operation: str) -> None:
    calls = Calls()

    with pytest.raises(CallFailed, match="no texts"):
        asyncio.run(client(calls, no_text=True).call(operations.OPERATIONS[operation]))
    assert [] == calls.asked


def test_a_deployment_is_asked_less_often(tmp_path: Path) -> None:
    """Its queries cost money."""
    calls = Calls()
    shared = client(calls, CLOUD)

    async def viewer() -> list[Any]:
        found: list[Any] = [await shared.shared(operations.status)]
        calls.now = 14.9
        found.append(await shared.shared(operations.status))
        calls.now = 15.0
        found.append(await shared.shared(operations.status))
        return found

    assert [1, 1, 2] == asyncio.run(viewer())
