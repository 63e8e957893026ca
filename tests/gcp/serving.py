"""A harness of the Cloud Run service: ASGI requests without a server, and a fake bus."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from events import Envelope, RunRequested, to_pubsub, wrap_command
from handlers.dispatch.errors import Redeliver
from handlers.dispatch.message import Message
from handlers.ports import Dependencies
from tests.harness import LocalHarness
from troupe.backends.gcp.app import Service
from troupe.backends.gcp.settings import GcpSettings
from troupe.backends.pubsub_push import Push, wrapped_push
from troupe.deployment.topology import Subscription

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def message(topic: str, body: bytes, attributes: Mapping[str, str], attempt: int = 1) -> Message:
    return Message(
        topic=topic, id="m1", body=body, attributes=attributes, published_at=START,
        delivery_attempt=attempt,
    )  # fmt: skip


class Bus:
    """Keeps what is published; fails on request."""

    def __init__(self) -> None:
        self.published: list[Envelope] = []
        self.dead_letters: list[tuple[Message, Subscription, str]] = []
        self.fails = False

    def publish(self, envelopes: Iterable[Envelope]) -> None:
        self._check()
        self.published += envelopes

    def dead_lettered(
        self, message: Message, subscription: Subscription, cause: str, detail: str
    ) -> None:
        self._check()
        self.dead_letters.append((message, subscription, cause))

    def _check(self) -> None:
        if self.fails:
            raise Redeliver("publishing failed")


class FakeBackend:
    """A backend with the dependencies of the local backend and the fake bus."""

    def __init__(self, dependencies: Dependencies) -> None:
        self.dependencies, self.bus = dependencies, Bus()
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Caller:
    """Sends ASGI requests to the service."""

    def __init__(self, service: Service) -> None:
        self.app = service.app()

    def send(self, *pushes: Push, method: str = "POST", path: str = "/") -> list[int]:
        """Send requests at the same time, and return their statuses."""

        async def all_of_them() -> list[int]:
            return await asyncio.gather(*(self.request(each, method, path) for each in pushes))

        return asyncio.run(all_of_them())

    async def request(self, push: Push, method: str = "POST", path: str = "/") -> int:
        parts = [push.body[at : at + 65536] for at in range(0, len(push.body), 65536)] or [b""]
        received = iter(
            {"type": "http.request", "body": part, "more_body": at < len(parts) - 1}
            for at, part in enumerate(parts)
        )
        statuses: list[int] = []

        async def receive() -> Any:
            return next(received)

        async def send(reply: Any) -> None:
            if reply["type"] == "http.response.start":
                statuses.append(reply["status"])

        scope = {
            "type": "http", "method": method, "path": path, "query_string": b"",
            "headers": [(k.encode(), v.encode("latin-1")) for k, v in push.headers.items()],
        }  # fmt: skip
        app: Callable[..., Awaitable[None]] = self.app
        await app(scope, receive, send)
        return statuses[0]


class ServiceHarness:
    """A service with the dependencies of a local harness, and the requests of a test."""

    def __init__(self, harness: LocalHarness, settings: GcpSettings) -> None:
        self.harness, self.settings = harness, settings
        self.backend = FakeBackend(harness.backend.dependencies)
        self.service = Service(settings, lambda: self.backend)
        self.caller = Caller(self.service)

    def message_of(self, request: RunRequested) -> Message:
        wrapped_command = wrap_command(
            request,
            deployment=self.harness.backend.deployment,
            id_="request-1",
            time=self.harness.clock(),
        )
        return message("run-requested", *to_pubsub(wrapped_command))

    def pushed(self, message: Message, handler: str, form: Any = wrapped_push) -> int:
        name = self.settings.subscription(f"{handler}.{message.topic}")
        (status,) = self.caller.send(form(message, name))
        return int(status)


class Slow:
    """A backend whose dependencies block until the test opens the gate."""

    def __init__(self, backend: FakeBackend) -> None:
        self.backend, self.entered, self.gate = backend, threading.Semaphore(0), threading.Event()
        self.begun = threading.Event()
        self.bus = backend.bus

    @property
    def dependencies(self) -> Dependencies:
        self.begun.set()
        self.entered.release()
        assert self.gate.wait(30)
        return self.backend.dependencies

    def close(self) -> None: ...


class TimeBudget:
    """Settings whose time budget ends when something has happened, and not by the clock.

    The service reads the budget when a delivery has its thread or its place in the queue.
    """

    def __init__(self, settings: GcpSettings, budget: Callable[[], float]) -> None:
        self._settings, self._budget = settings, budget

    def __getattr__(self, name: str) -> Any:
        return getattr(self._settings, name)

    @property
    def time_budget_seconds(self) -> float:
        return self._budget()

    @classmethod
    def over_once(cls, settings: GcpSettings, event: threading.Event) -> GcpSettings:
        """The time of each delivery is over as soon as the event is set."""

        def budget() -> float:
            assert event.wait(30)
            return 0.0

        return cast("GcpSettings", cls(settings, budget))

    @classmethod
    def opens(cls, settings: GcpSettings, gate: threading.Event) -> GcpSettings:
        """The gate opens when a delivery has been accepted, which has time then."""

        def budget() -> float:
            gate.set()
            return 30.0

        return cast("GcpSettings", cls(settings, budget))
