"""Traces and metrics of deliveries, when the environment asks for them.

    TROUPE_TRACES=traces.jsonl                          to a file, one span a line
    OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318   to a collector, with the extra `otel`

Spans and metrics hold ids, counts and stable words: docs/reference/telemetry.md.
"""

from .setup import Telemetry, configured

__all__ = ["Telemetry", "configured"]
