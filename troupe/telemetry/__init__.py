"""Traces and metrics of deliveries, enabled by environment variables.

    TROUPE_TRACES=traces.jsonl                          to a file, one span per line
    OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318   to a collector, with the extra `otel`

Spans and metrics hold ids, counts and stable names, no personal data: docs/reference/telemetry.md.
"""

from .setup import Telemetry, configured

__all__ = ["Telemetry", "configured"]
