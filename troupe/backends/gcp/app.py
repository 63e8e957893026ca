"""The ASGI application of a service: a push request in, the acknowledgement out.

`POST /` takes deliveries, `GET /healthz` and `GET /readyz` answer probes. `service.py` runs it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from threading import Lock
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from events import Envelope, GcsObject, topic_of
from events.cloudevents import is_addressed_to
from handlers.dispatch.message import Message, Outcome
from handlers.ports import Clock, Dependencies
from troupe.backends.defaults import utc_now
from troupe.backends.pubsub_push import METADATA, BadPush, Push, read_push, subscription_of
from troupe.deployment.topology import Subscription, subscriptions
from troupe.telemetry import Telemetry

from .cloud_logging import traced
from .cloudevents_http import FINALIZE, PUBSUB, message_of, read_http_event
from .push_token import PushIdentity, WrongToken
from .settings import OUTPUT_FOLDER, GcpSettings

LOG = logging.getLogger("troupe.service")
LARGEST_BYTES = 16 << 20
"""A message has at most 10 MB (documented), a third more in base64."""

ACKNOWLEDGED, BAD, NOT_OURS, TOO_LARGE, BUSY, AGAIN = 204, 400, 403, 413, 429, 503
"""HTTP statuses. The first one acknowledges; after every other Pub/Sub delivers again."""


class WrongSubscription(Exception):
    """A push of a subscription of another service or deployment: its endpoint is set wrong."""


@dataclass(frozen=True, slots=True)
class PushedMessage:
    """One delivery: a message, and the subscription that delivered it."""

    message: Message
    subscription: Subscription


class Bus(Protocol):
    """Where events and dead letters are published."""

    def publish(self, envelopes: Sequence[Envelope]) -> None: ...

    def dead_lettered(
        self, message: Message, subscription: Subscription, cause: str, detail: str
    ) -> None: ...


class ServiceBackend(Protocol):
    """The part of a backend that a service uses."""

    @property
    def dependencies(self) -> Dependencies: ...
    @property
    def bus(self) -> Bus: ...
    def close(self) -> None: ...


class Service:
    """Hands each delivery to a thread, and replies when it is done or its time is over."""

    def __init__(
        self,
        settings: GcpSettings,
        make_backend: Callable[[], ServiceBackend],
        telemetry: Telemetry | None = None,
        clock: Clock = utc_now,
    ) -> None:
        """`make_backend` is called after the start: to make its clients takes seconds.

        Raises `BadSetting` when the identity of pushes is neither given nor switched off.
        """
        self._identity, self._clock = PushIdentity.of(settings), clock
        self.settings, self._make_backend = settings, make_backend
        self._telemetry = telemetry or Telemetry()
        self._backend: ServiceBackend | None = None
        self._backend_lock = Lock()
        self._threads = ThreadPoolExecutor(settings.concurrency, settings.handler)
        self._in_flight: dict[tuple[str, str], Future[int]] = {}
        """By subscription and message id: the HTTP status that a delivery will get."""

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
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            if self._identity is not None:
                self._identity.check(headers, self._clock())
        except WrongToken as error:
            LOG.error("push-refused", extra={"why": str(error)})
            return Response(status_code=NOT_OURS)
        body = await _body(request)
        if body is None:
            LOG.error("push-too-large", extra={"bytes_allowed": LARGEST_BYTES})
            return Response(status_code=TOO_LARGE)
        try:
            pushed = read_pushed_message(Push(headers, body), self.settings, self._clock)
        except BadPush as error:
            LOG.error("bad-push", extra={"why": str(error)})
            return Response(status_code=BAD)
        except WrongSubscription as error:
            LOG.error("wrong-subscription", extra={"why": str(error)})
            return Response(status_code=NOT_OURS)
        return Response(status_code=await self._status(pushed, headers.get("traceparent", "")))

    async def _status(self, pushed: PushedMessage, traceparent: str) -> int:
        """Handle the delivery, and return the status of the reply.

        A redelivery that arrives while the first delivery is handled waits for the same result.
        """
        key = (pushed.subscription.name, pushed.message.id)
        work = self._in_flight.get(key)
        if work is None:
            work = self._threads.submit(self._handle, pushed, traceparent)
            self._in_flight[key] = work
            work.add_done_callback(lambda _: self._in_flight.pop(key, None))
        try:
            status = asyncio.wrap_future(work)
            await asyncio.wait([status], timeout=self.settings.time_budget_seconds)
        except asyncio.CancelledError:
            # The process ends before its work: Pub/Sub delivers to another instance.
            return AGAIN
        ids = {"message_id": pushed.message.id, "topic": pushed.message.topic}
        if work.done() and not work.cancelled():
            return work.result()
        if work.cancel() or work.cancelled():
            LOG.warning("no-thread-in-time", extra=ids)
            return BUSY
        LOG.warning("over-the-time-budget", extra=ids)
        return AGAIN

    def _handle(self, pushed: PushedMessage, traceparent: str) -> int:
        """Run in a thread of the pool; the status acknowledges the message or refuses it."""
        with traced(pushed.message.attributes.get("ce-traceparent", traceparent)):
            try:
                return self._deliver(pushed, self._ready_backend())
            except Exception as error:
                LOG.error("delivery-refused", exc_info=error)
                return AGAIN

    def _deliver(self, pushed: PushedMessage, backend: ServiceBackend) -> int:
        if is_noise(pushed, self.settings):
            return ACKNOWLEDGED
        result = self._telemetry.deliver(pushed.message, backend.dependencies, backend.bus.publish)
        if result.outcome is Outcome.REDELIVER:
            return AGAIN
        if result.outcome is Outcome.DEAD_LETTER:
            # Published first, acknowledged afterwards: a crash between the two repeats the letter.
            backend.bus.dead_lettered(
                pushed.message, pushed.subscription, result.cause, result.detail
            )
        return ACKNOWLEDGED

    def prepare(self) -> bool:
        """Make the backend unless it is made; False when that fails."""
        try:
            self._ready_backend()
        except Exception as error:
            LOG.error("not-ready", exc_info=error, extra={"why": _safe_text(error)})
            return False
        return True

    def _ready_backend(self) -> ServiceBackend:
        """A failure is not kept: the next delivery tries again."""
        with self._backend_lock:
            if self._backend is None:
                self._backend = self._make_backend()
                LOG.info("ready", extra={"handler": self.settings.handler})
            return self._backend


def read_pushed_message(push: Push, settings: GcpSettings, clock: Clock) -> PushedMessage:
    """Decode a request: a Pub/Sub push, wrapped or not, or a CloudEvent over HTTP.

    Raises `BadPush` for any other request, and `WrongSubscription` for a message that no handler
    of this service takes.
    """
    event = None if f"{METADATA}message-id" in push.headers else read_http_event(push)
    if event is None:
        name = _local_name(subscription_of(push), "subscriptions", settings)
        return PushedMessage(read_push(push), _subscription_named(name, settings))
    if event.type == PUBSUB:
        message = read_push(Push({}, bytes(event.data)))
        full = event.source.removeprefix("//pubsub.googleapis.com/")
        topic = _local_name(full, "topics", settings).removeprefix(settings.topic_prefix)
        return _for_topic(replace(message, topic=topic), settings)
    return _for_topic(message_of(push, event, clock), settings)


def is_noise(pushed: PushedMessage, settings: GcpSettings) -> bool:
    """Whether to acknowledge without handling: another handler's replay, or an unrelated object.

    The filters of the subscription and of the bucket's notification drop these already, unless
    they were set up by hand without a filter.
    """
    message = pushed.message
    if not is_addressed_to(message.topic, message.attributes, pushed.subscription.handler):
        return True
    if message.topic != topic_of(GcsObject):
        return False
    attributes = {name.lower(): value for name, value in message.attributes.items()}
    return not (
        attributes.get("eventtype", FINALIZE) == FINALIZE
        and attributes.get("bucketid") in (settings.bucket, settings.output_bucket)
        and attributes.get("objectid", "").startswith(OUTPUT_FOLDER)
    )


def _local_name(full: str, collection: str, settings: GcpSettings) -> str:
    """The last part of a full name in this project. Raises `WrongSubscription` for any other."""
    match full.split("/"):
        case ["projects", project, kind, name] if kind == collection:
            if settings.is_own_project(project):
                return name
    raise WrongSubscription(f"{full} is not one of the {collection} of project {settings.project}")


def _subscription_named(name: str, settings: GcpSettings) -> Subscription:
    for each in subscriptions():
        if f"{settings.topic_prefix}{each.name}" == name and each.handler in settings.handlers:
            return each
    raise WrongSubscription(
        f"subscription {name} does not belong to {settings.handler}: correct its push endpoint"
    )


def _for_topic(message: Message, settings: GcpSettings) -> PushedMessage:
    for each in subscriptions():
        if each.topic == message.topic and each.handler in settings.handlers:
            return PushedMessage(message, each)
    raise WrongSubscription(
        f"{settings.handler} has no subscription to {message.topic}: correct the trigger"
    )


async def _body(request: Request) -> bytes | None:
    """Read the body; None, without reading to its end, when it is larger than any message."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)


def _safe_text(error: Exception) -> str:
    """Return the text of our own errors alone: a foreign error may quote personal data."""
    own = type(error).__module__.partition(".")[0] in ("handlers", "troupe")
    return str(error) if own else ""
