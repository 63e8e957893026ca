"""Who asked for traces, and where they go. Nobody asked: the delivery loop as it is, untouched."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from handlers.delivery import Message, Publish, Verdict, deliver
from handlers.tools import Tools

from .lines import Lines
from .spans import Count, Sink, Span
from .traced import Traced

LOG = logging.getLogger("troupe.telemetry")

Deliver = Callable[[Message, Tools, Publish], Verdict]

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_FILE = "TROUPE_TRACES"


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Telemetry:
    """How a world delivers, and what it does when it closes."""

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
    if not disabled and any(environ.get(name) for name in _ENDPOINTS):
        makers.append(_collector)
    return makers


def _collector() -> Sink:
    """Raises `ImportError` when the packages are not there."""
    try:
        from .otel import to_collector

        return to_collector()
    except ImportError as error:
        raise ImportError("OpenTelemetry is missing: pip install 'troupe[otel]'") from error


class _Later:
    """Opens the sinks at the first delivery, and again at the first one after a closing."""

    def __init__(self, makers: Sequence[Callable[[], Sink]]) -> None:
        self._makers, self._lock = makers, Lock()
        self._sinks: Several | None = None

    def deliver(self, message: Message, tools: Tools, publish: Publish) -> Verdict:
        return Traced(self._opened())(message, tools, publish)

    def close(self) -> None:
        with self._lock:
            sinks, self._sinks = self._sinks, None
        if sinks is not None:
            sinks.close()

    def _opened(self) -> "Several":
        with self._lock:
            if self._sinks is None:
                self._sinks = Several([s for make in self._makers if (s := _made(make))])
            return self._sinks


def _made(make: Callable[[], Sink]) -> Sink | None:
    """Telemetry that cannot be had stops no work."""
    try:
        return make()
    except (ImportError, OSError) as error:
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
