"""Spans and counts as OpenTelemetry's; imported by nobody who did not ask for it.

Spans are handed over when they have ended, with ids of their own, straight to a span processor:
a span of ours belongs to an event, not to a thread, so there is no tracer and no current span.
"""

from datetime import datetime

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from .spans import Count, Place, Span

SCOPE = InstrumentationScope("troupe")
_KINDS = {
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
    "client": SpanKind.CLIENT,
}
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class OpenTelemetry:
    """One process's spans and metrics."""

    def __init__(self, spans: SpanProcessor, metrics: MetricReader) -> None:
        usual = Resource({"service.name": "troupe"})
        self._resource = usual.merge(OTELResourceDetector().detect())
        self._spans = spans
        self._provider = MeterProvider([metrics], self._resource, shutdown_on_exit=False)
        meter = self._provider.get_meter(SCOPE.name)
        self._deliveries = meter.create_counter(
            "troupe.deliveries", "{delivery}", "Deliveries by handler, topic and outcome."
        )
        self._milliseconds = meter.create_histogram(
            "troupe.delivery.duration", "ms", "How long a delivery took, its reply included."
        )
        self._records = meter.create_counter(
            "troupe.records", "{record}", "Records of batches that are over, by ending."
        )

    def tell(self, span: Span) -> None:
        self._spans.on_end(_readable(span, self._resource))

    def count(self, count: Count) -> None:
        about = {
            "troupe.handler": count.handler,
            "messaging.destination.name": count.topic,
            "troupe.outcome": count.outcome,
        }
        self._deliveries.add(1, about)
        self._milliseconds.record(count.milliseconds, about)
        for ending, records in count.records.items():
            self._records.add(records, {"troupe.ending": ending})

    def close(self) -> None:
        self._spans.shutdown()
        self._provider.shutdown()


def to_collector(timeout_seconds: float) -> OpenTelemetry:
    """To the endpoint that OpenTelemetry's own variables name, in batches, off this thread.

    A collector that is not there holds up the closing for twice this time.
    """
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    return OpenTelemetry(
        BatchSpanProcessor(OTLPSpanExporter(timeout=timeout_seconds)),
        PeriodicExportingMetricReader(OTLPMetricExporter(timeout=timeout_seconds)),
    )


def _readable(span: Span, resource: Resource) -> ReadableSpan:
    return ReadableSpan(
        span.name,
        context=_context(span.place),
        parent=_context(span.parent) if span.parent else None,
        resource=resource,
        attributes=span.about,
        links=[Link(_context(place)) for place in span.links],
        kind=_KINDS[span.kind],
        status=Status(StatusCode.ERROR, span.failed) if span.failed else Status(),
        start_time=_nanoseconds(span.started),
        end_time=_nanoseconds(span.ended),
        instrumentation_scope=SCOPE,
    )


def _context(place: Place) -> SpanContext:
    return SpanContext(int(place.trace, 16), int(place.span, 16), True, _SAMPLED)


def _nanoseconds(time: datetime) -> int:
    return int(time.timestamp() * 1_000_000) * 1_000
