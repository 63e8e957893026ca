"""Who asked for traces, and where they go. Nobody asked: the delivery loop as it is, untouched."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from handlers.dispatch.deliver import DeliveryResult, Message, Publish, deliver
from handlers.ports import Dependencies

from .json_spans import Lines
from .spans import Count, Sink, Span
from .traced import Traced

LOG = logging.getLogger("troupe.telemetry")

Deliver = Callable[[Message, Dependencies, Publish], DeliveryResult]

_FILE = "TROUPE_TRACES"
_ENDPOINT, _TIMEOUT = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TIMEOUT"
_TIMEOUT_SECONDS = 3.0
"""OpenTelemetry's own default of ten keeps a command waiting whose collector is gone."""


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Telemetry:
    """How a backend delivers, and what it does when it closes."""

    deliver: Deliver = deliver
    close: Callable[[], None] = _nothing


def configured(environ: Mapping[str, str]) -> Telemetry:
    """What the environment asks for. Nothing is imported or opened before the first delivery."""
    makers = _makers(environ)
    if not makers:
        return Telemetry()
    later = _Later(makers)
    return Telemetry(later.deliver, later.close)


def to(sink: Sink) -> Telemetry:
    """To a sink that is there already."""
    return Telemetry(Traced(sink), sink.close)


def _makers(environ: Mapping[str, str]) -> list[Callable[[], Sink]]:
    makers: list[Callable[[], Sink]] = []
    if environ.get(_FILE):
        makers.append(lambda: Lines(Path(environ[_FILE])))
    disabled = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if environ.get(_ENDPOINT) and not disabled:
        makers.append(lambda: _collector(float(environ.get(_TIMEOUT) or _TIMEOUT_SECONDS)))
    return makers


def _collector(timeout_seconds: float) -> Sink:
    """Raises `ImportError` when the packages are not there."""
    try:
        from .otel import to_collector

        return to_collector(timeout_seconds)
    except ImportError as error:
        raise ImportError("OpenTelemetry is missing: pip install 'troupe[otel]'") from error


class _Later:
    """Opens the sinks at the first delivery, and again at the first one after a closing."""

    def __init__(self, makers: Sequence[Callable[[], Sink]]) -> None:
        self._makers, self._lock = makers, Lock()
        self._opened: Telemetry | None = None

    def deliver(
        self, message: Message, dependencies: Dependencies, publish: Publish
    ) -> DeliveryResult:
        with self._lock:
            if self._opened is None:
                self._opened = _open(self._makers)
            opened = self._opened
        return opened.deliver(message, dependencies, publish)

    def close(self) -> None:
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()


def _open(makers: Sequence[Callable[[], Sink]]) -> Telemetry:
    """Without a sink that can be had, nothing is looked at."""
    sinks = [sink for make in makers if (sink := _made(make))]
    return to(Several(sinks)) if sinks else Telemetry()


def _made(make: Callable[[], Sink]) -> Sink | None:
    """Telemetry that cannot be had stops no work."""
    try:
        return make()
    except (ImportError, OSError, ValueError) as error:
        LOG.error("telemetry-off", extra={"why": str(error)})
        return None


class Several:
    """Every sink is told the same."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = tuple(sinks)

    def tell(self, span: Span) -> None:
        for sink in self._sinks:
            sink.tell(span)

    def count(self, count: Count) -> None:
        for sink in self._sinks:
            sink.count(count)

    def close(self) -> None:
        for sink in self._sinks:
            sink.close()
