"""Export of spans and metrics through OpenTelemetry's SDK (the optional extra `otel`).

A span has ended, and has derived ids, when it gets here. So it goes directly to a span processor:
a tracer would generate other ids, and apply a sampler and a limit of 128 links.
"""

from datetime import datetime

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace import SpanContext as OtelContext

from .spans import Span, SpanContext

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_SCOPE = InstrumentationScope("troupe")
_METRIC_ATTRIBUTES = ("troupe.handler", "messaging.destination.name", "troupe.outcome")


class OpenTelemetry:
    """Sends spans to a span processor, and records the metrics of deliveries."""

    def __init__(self, processor: SpanProcessor, reader: MetricReader) -> None:
        service = Resource({"service.name": "troupe"})
        self._resource = service.merge(OTELResourceDetector().detect())
        self._processor = processor
        self._meters = MeterProvider([reader], self._resource, shutdown_on_exit=False)
        meter = self._meters.get_meter(_SCOPE.name)
        self._deliveries = meter.create_counter(
            "troupe.deliveries", "{delivery}", "Deliveries by handler, topic and outcome."
        )
        self._duration = meter.create_histogram(
            "troupe.delivery.duration", "ms", "Duration of a delivery, publishing included."
        )
        self._records = meter.create_counter(
            "troupe.records", "{record}", "Records of ended batches, by ending."
        )

    def export(self, span: Span) -> None:
        if span.kind == "consumer":
            self._measure(span)
        self._processor.on_end(self._readable(span))

    def close(self) -> None:
        self._processor.shutdown()
        self._meters.shutdown()

    def _measure(self, delivery: Span) -> None:
        attributes = {name: delivery.attributes[name] for name in _METRIC_ATTRIBUTES}
        self._deliveries.add(1, attributes)
        self._duration.record(delivery.milliseconds, attributes)
        for ending, records in delivery.records.items():
            self._records.add(records, {"troupe.ending": ending})

    def _readable(self, span: Span) -> ReadableSpan:
        return ReadableSpan(
            span.name,
            context=_context(span.context),
            parent=_context(span.parent) if span.parent else None,
            resource=self._resource,
            attributes=span.attributes,
            links=[Link(_context(each)) for each in span.links],
            kind=SpanKind[span.kind.upper()],
            status=Status(StatusCode.ERROR, span.error) if span.error else Status(),
            start_time=_nanoseconds(span.started),
            end_time=_nanoseconds(span.ended),
            instrumentation_scope=_SCOPE,
        )


def to_collector(timeout_seconds: float) -> OpenTelemetry:
    """Return an exporter over OTLP, in batches on its own thread, set by OpenTelemetry's variables.

    A collector that does not reply delays `close` by twice the timeout. Raises `ImportError` without the
    extra `otel`.
    """
    return OpenTelemetry(
        BatchSpanProcessor(OTLPSpanExporter(timeout=timeout_seconds)),
        PeriodicExportingMetricReader(OTLPMetricExporter(timeout=timeout_seconds)),
    )


def _context(context: SpanContext) -> OtelContext:
    return OtelContext(int(context.trace_id, 16), int(context.span_id, 16), True, _SAMPLED)


def _nanoseconds(time: datetime) -> int:
    return int(time.timestamp() * 1_000_000) * 1_000
