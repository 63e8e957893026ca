"""Telemetry set by environment variables. Without them, deliveries are not wrapped."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from events import Envelope
from handlers.dispatch.deliver import Publish, deliver
from handlers.dispatch.message import DeliveryResult, Message
from handlers.ports import Dependencies

from .spans import Exporter, SpanFile
from .traced import spans_of

LOG = logging.getLogger("troupe.telemetry")

_FILE = "TROUPE_TRACES"
_ENDPOINT, _TIMEOUT = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TIMEOUT"
_TIMEOUT_SECONDS = 3.0
"""OpenTelemetry's default is ten; a command waits twice as long for a missing collector."""

OpenExporter = Callable[[], Exporter]


@dataclass(frozen=True, slots=True)
class Telemetry:
    """The delivery function that a backend calls, and what it calls when it closes."""

    deliver: Callable[[Message, Dependencies, Publish], DeliveryResult] = deliver
    close: Callable[[], None] = lambda: None


def configured(environ: Mapping[str, str]) -> Telemetry:
    """Return the telemetry that the environment enables; exporters open at the first delivery."""
    exporters: list[OpenExporter] = []
    disabled = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if environ.get(_ENDPOINT) and not disabled:
        exporters.append(lambda: _collector(float(environ.get(_TIMEOUT) or _TIMEOUT_SECONDS)))
    if environ.get(_FILE):
        exporters.append(lambda: SpanFile(Path(environ[_FILE])))
    return traced_to(*exporters) if exporters else Telemetry()


def traced_to(*exporters: OpenExporter) -> Telemetry:
    """Return telemetry that sends the spans of every delivery to each exporter."""
    tracing = _Tracing(exporters)
    return Telemetry(tracing.deliver, tracing.close)


def _collector(timeout_seconds: float) -> Exporter:
    """Raises `ImportError` when the extra is not installed."""
    # Imported here: OpenTelemetry is an optional extra.
    try:
        from .otel import to_collector
    except ImportError as error:
        raise ImportError("OpenTelemetry is missing: pip install 'troupe[otel]'") from error
    return to_collector(timeout_seconds)


class _Tracing:
    """Opens the exporters at the first delivery, and at the first one after `close`.

    Their errors are logged, and never fail a delivery.
    """

    def __init__(self, exporters: Sequence[OpenExporter]) -> None:
        self._exporters, self._lock = exporters, Lock()
        self._opened: list[Exporter] | None = None

    def deliver(
        self, message: Message, dependencies: Dependencies, publish: Publish
    ) -> DeliveryResult:
        exporters = self._open()
        if not exporters:
            return deliver(message, dependencies, publish)
        published: list[Envelope] | None = None

        def keep(envelopes: Sequence[Envelope]) -> None:
            nonlocal published
            publish(envelopes)
            published = list(envelopes)

        started = dependencies.clock()
        result = deliver(message, dependencies, keep)
        try:
            for span in spans_of(message, result, started, published, dependencies):
                for exporter in exporters:
                    exporter.export(span)
        except Exception as error:
            LOG.warning("telemetry-failed", exc_info=error, extra={"message_id": message.id})
        return result

    def close(self) -> None:
        with self._lock:
            exporters, self._opened = self._opened or [], None
        for exporter in exporters:
            exporter.close()

    def _open(self) -> list[Exporter]:
        with self._lock:
            if self._opened is None:
                self._opened = [each for each in map(_opened, self._exporters) if each]
            return self._opened


def _opened(exporter: OpenExporter) -> Exporter | None:
    try:
        return exporter()
    except Exception as error:
        LOG.error("telemetry-off", extra={"why": str(error)})
        return None
