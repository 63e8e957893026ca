"""The service of one handler over HTTP: a push in, its acknowledgement out."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from threading import Lock
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from events import Envelope
from handlers.dispatch.message import Message, Outcome
from handlers.ports import Dependencies
from troupe.backends.defaults import utc_now
from troupe.backends.pubsub_push import BadPush, Push
from troupe.deployment.topology import Subscription
from troupe.telemetry import Telemetry

from .cloud_logging import traced
from .http_decoding import PushedMessage, WrongSubscription, is_noise, read_pushed_message
from .settings import GcpSettings

LOG = logging.getLogger("troupe.service")
LARGEST_BYTES = 16 << 20
"""A message has at most 10 MB (documented), a third more in base64."""

ACKNOWLEDGED, BAD, NOT_OURS, TOO_LARGE, BUSY, AGAIN = 204, 400, 403, 413, 429, 503
"""Pub/Sub takes the first for done and delivers again after every other."""


class Bus(Protocol):
    """Where events and dead letters go."""

    def publish(self, envelopes: Sequence[Envelope]) -> None: ...

    def dead_lettered(
        self, message: Message, subscription: Subscription, cause: str, detail: str
    ) -> None: ...


class ServiceBackend(Protocol):
    """What a service works with."""

    @property
    def dependencies(self) -> Dependencies: ...
    @property
    def bus(self) -> Bus: ...
    def close(self) -> None: ...


class Service:
    """Hands each delivery to a thread, and answers when it is done or its time is over."""

    def __init__(
        self,
        settings: GcpSettings,
        make_backend: Callable[[], ServiceBackend],
        telemetry: Telemetry | None = None,
    ) -> None:
        """`make_backend` is called once the service is up: its clients take seconds to come."""
        self.settings, self._make = settings, make_backend
        self._telemetry = telemetry or Telemetry()
        self._backend: ServiceBackend | None = None
        self._making = Lock()
        self._threads = ThreadPoolExecutor(settings.concurrency, settings.handler)
        self._working: dict[tuple[str, str], Future[int]] = {}

    def app(self) -> Starlette:
        routes = [
            Route("/", self._push, methods=["POST"]),
            Route("/healthz", self._healthz, methods=["GET"]),
            Route("/readyz", self._readyz, methods=["GET"]),
        ]
        return Starlette(routes=routes, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._threads.submit(self.prepare)
        yield
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._backend is not None:
            self._backend.close()
        self._telemetry.close()

    async def _healthz(self, request: Request) -> Response:
        return PlainTextResponse("alive")

    async def _readyz(self, request: Request) -> Response:
        ready = await asyncio.to_thread(self.prepare)
        return PlainTextResponse("ready" if ready else "not ready", 200 if ready else AGAIN)

    async def _push(self, request: Request) -> Response:
        body = await _body(request)
        if body is None:
            LOG.error("push-too-large", extra={"bytes_allowed": LARGEST_BYTES})
            return Response(status_code=TOO_LARGE)
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            pushed = read_pushed_message(Push(headers, body), self.settings, utc_now)
        except BadPush as error:
            LOG.error("bad-push", extra={"why": str(error)})
            return Response(status_code=BAD)
        except WrongSubscription as error:
            LOG.error("wrong-subscription", extra={"why": str(error)})
            return Response(status_code=NOT_OURS)
        return Response(status_code=await self._answer(pushed, headers.get("traceparent", "")))

    async def _answer(self, pushed: PushedMessage, traceparent: str) -> int:
        """A delivery that comes again while the first still works waits for the same end."""
        key = (pushed.subscription.name, pushed.message.id)
        work = self._working.get(key)
        if work is None:
            work = self._threads.submit(self._handle, pushed, traceparent)
            self._working[key] = work
            work.add_done_callback(lambda _: self._working.pop(key, None))
        try:
            answer = asyncio.wrap_future(work)
            await asyncio.wait([answer], timeout=self.settings.time_budget_seconds)
        except asyncio.CancelledError:
            # The process ends before its work: the message comes again to another.
            return AGAIN
        about = {"message_id": pushed.message.id, "topic": pushed.message.topic}
        if work.done() and not work.cancelled():
            return work.result()
        if work.cancel() or work.cancelled():
            LOG.warning("no-thread-in-time", extra=about)
            return BUSY
        LOG.warning("over-the-time-budget", extra=about)
        return AGAIN

    def _handle(self, pushed: PushedMessage, traceparent: str) -> int:
        """In a thread of its own; the status says what becomes of the message."""
        with traced(pushed.message.attributes.get("ce-traceparent", traceparent)):
            try:
                return self._delivered(pushed, self._made())
            except Exception as error:
                LOG.error("delivery-refused", exc_info=error)
                return AGAIN

    def _delivered(self, pushed: PushedMessage, backend: ServiceBackend) -> int:
        if is_noise(pushed, self.settings):
            return ACKNOWLEDGED
        result = self._telemetry.deliver(pushed.message, backend.dependencies, backend.bus.publish)
        if result.outcome is Outcome.REDELIVER:
            return AGAIN
        if result.outcome is Outcome.DEAD_LETTER:
            # Acknowledged only once the dead letters have it.
            backend.bus.dead_lettered(
                pushed.message, pushed.subscription, result.cause, result.detail
            )
        return ACKNOWLEDGED

    def prepare(self) -> bool:
        """Whether the tools are there."""
        try:
            self._made()
        except Exception as error:
            LOG.error("not-ready", exc_info=error, extra={"why": _ours(error)})
            return False
        return True

    def _made(self) -> ServiceBackend:
        """A failure is no end: the next delivery tries again."""
        with self._making:
            if self._backend is None:
                self._backend = self._make()
            return self._backend


async def _body(request: Request) -> bytes | None:
    """None for one that is larger than any message can be; it is not read to its end."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)


def _ours(error: Exception) -> str:
    """Only our own words are repeated: a foreign error may quote what it read."""
    return str(error) if type(error).__module__.partition(".")[0] in ("handlers", "troupe") else ""
