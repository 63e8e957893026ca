"""Traces and metrics of deliveries, for whoever asked for them; nothing otherwise.

    OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318   to a collector, through OpenTelemetry
    TROUPE_TRACES=traces.jsonl                          one span a line, with nothing installed

Spans and metrics carry ids, counts and stable words: docs/reference/telemetry.md.
"""

from .setup import Telemetry, configured

__all__ = ["Telemetry", "configured"]
