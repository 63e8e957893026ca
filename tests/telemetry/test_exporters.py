"""The exporters of spans and metrics: a file, a collector, or none."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext as OtelContext

from handlers.dispatch.deliver import deliver
from tests.harness import LocalHarness, calls
from tests.telemetry.kept import Kept
from troupe.backends.local.backend import LocalSettings
from troupe.telemetry import configured
from troupe.telemetry.otel import OpenTelemetry
from troupe.telemetry.setup import traced_to
from troupe.telemetry.spans import Span, SpanContext

ROOT = Path(__file__).parents[2]


def played(tmp_path: Path, environ: dict[str, str]) -> None:
    harness = LocalHarness(tmp_path / "home", LocalSettings(telemetry=configured(environ)))
    harness.load(calls(4))
    assert harness.run()["ok"]
    harness.close()


def test_without_configuration_deliveries_are_not_wrapped(tmp_path: Path) -> None:
    """So telemetry costs nothing."""
    disabled = {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "x"}

    assert configured({}).deliver is deliver
    assert configured(disabled).deliver is deliver


def test_opentelemetry_is_imported_for_a_collector_alone(tmp_path: Path) -> None:
    """Neither without telemetry nor for a file: the base install can write a file."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from troupe.backends.local.backend import LocalSettings\n"
        "from troupe.telemetry import configured\n"
        "from tests.harness import LocalHarness, calls\n"
        "for environ in {}, {'TROUPE_TRACES': 't.jsonl'}:\n"
        "    telemetry = configured(environ)\n"
        "    harness = LocalHarness(Path(str(len(environ))), LocalSettings(telemetry=telemetry))\n"
        "    harness.load(calls(2)); harness.request(); harness.play_until('run-planned')\n"
        "    harness.close()\n"
        "    print(Path('t.jsonl').is_file())\n"
        "print([n for n in sys.modules if n.partition('.')[0] == 'opentelemetry'])\n"
    )

    shown = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert ["False", "True", "[]"] == shown.stdout.splitlines()


def test_a_file_gets_one_span_a_line_and_grows_with_each_run(tmp_path: Path) -> None:
    """A worker that starts again appends to it."""
    file = tmp_path / "traces.jsonl"
    played(tmp_path, {"TROUPE_TRACES": str(file)})
    first = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    played(tmp_path / "second", {"TROUPE_TRACES": str(file)})

    contexts = [span["context"] for span in first]
    assert {"run-requested", "vertex-job", "report-written"} <= {span["name"] for span in first}
    assert all(span["parent"] in [None, *contexts] for span in first)
    assert all(span["milliseconds"] >= 0 for span in first)
    assert len(file.read_text(encoding="utf-8").splitlines()) > len(first)


def test_a_file_that_cannot_be_written_stops_no_work(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The cause is logged once."""
    with caplog.at_level(logging.ERROR, "troupe"):
        played(tmp_path, {"TROUPE_TRACES": str(tmp_path / "nowhere" / "t.jsonl")})

    (line,) = [r for r in caplog.records if r.getMessage() == "telemetry-off"]
    assert "nowhere" in line.__dict__["why"]


def test_without_the_packages_the_log_names_the_extra(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And deliveries continue."""
    monkeypatch.delitem(sys.modules, "troupe.telemetry.otel")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.metric_exporter", None)
    with caplog.at_level(logging.ERROR, "troupe"):
        played(tmp_path, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})

    (line,) = [r for r in caplog.records if r.getMessage() == "telemetry-off"]
    assert "troupe[otel]" in line.__dict__["why"]


def test_an_invalid_setting_stops_no_work(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nor does it stop a command that delivers nothing."""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "soon",
    }
    with caplog.at_level(logging.ERROR, "troupe"):
        played(tmp_path, environ)

    assert "telemetry-off" in {record.getMessage() for record in caplog.records}


def test_nothing_is_opened_before_the_first_delivery(tmp_path: Path) -> None:
    """A command that only reads creates no file."""
    file = tmp_path / "traces.jsonl"
    harness = LocalHarness(
        tmp_path / "home", LocalSettings(telemetry=configured({"TROUPE_TRACES": str(file)}))
    )
    harness.books()
    harness.close()

    assert not file.exists()


def test_a_backend_that_closes_closes_its_exporters(tmp_path: Path) -> None:
    """Once, which sends what they buffer."""
    kept = Kept()
    harness = LocalHarness(tmp_path / "home", LocalSettings(telemetry=kept.telemetry()))
    harness.tick()
    harness.close()

    assert 1 == kept.closed


def test_opentelemetry_gets_the_same_spans_and_their_metrics(tmp_path: Path) -> None:
    """Kinds, times, parents, links and errors; deliveries by handler, records by ending."""
    spans, metrics, kept = InMemorySpanExporter(), InMemoryMetricReader(), Kept()
    otel = OpenTelemetry(SimpleSpanProcessor(spans), metrics)
    telemetry = traced_to(lambda: otel, lambda: kept)
    harness = LocalHarness(tmp_path / "home", LocalSettings(telemetry=telemetry))
    harness.load(calls(5))
    harness.run()
    harness.backend.bus.send("batch-planned", b"{", {})
    harness.play()
    found, exported = _metrics(metrics), spans.get_finished_spans()
    harness.close()

    assert kept.spans == [
        _plain(span, ours) for span, ours in zip(exported, kept.spans, strict=True)
    ]
    assert {"", "unreadable_message"} == {span.error for span in kept.spans}
    assert "troupe" == exported[0].resource.attributes["service.name"]
    assert 5 == found["troupe.records"][("analysed",)]
    assert 1 == found["troupe.deliveries"][("run-requested", "plan-run", "done")]
    assert 1 == found["troupe.delivery.duration"][("run-requested", "plan-run", "done")]


def _plain(span: ReadableSpan, ours: Span) -> Span:
    """Convert a span back; OpenTelemetry has the records as metrics."""
    assert span.context
    return Span(
        name=span.name,
        kind=span.kind.name.lower(),  # type: ignore[arg-type] # the names are those of our literals
        context=_context(span.context),
        parent=_context(span.parent) if span.parent else None,
        started=_time(span.start_time),
        ended=_time(span.end_time),
        attributes={str(k): v for k, v in (span.attributes or {}).items()},  # type: ignore[misc] # the names are those of our literals
        links=tuple(_context(link.context) for link in span.links),
        error=span.status.description or "",
        records=ours.records,
    )


def _context(context: OtelContext) -> SpanContext:
    return SpanContext(f"{context.trace_id:032x}", f"{context.span_id:016x}")


def _time(nanoseconds: int | None) -> datetime:
    assert nanoseconds
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=nanoseconds // 1000)


def _metrics(reader: Any) -> dict[str, dict[tuple[str, ...], int]]:
    data = reader.get_metrics_data()
    return {
        metric.name: {
            tuple(str(point.attributes[key]) for key in sorted(point.attributes)): getattr(
                point, "value", getattr(point, "count", 0)
            )
            for point in metric.data.data_points
        }
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


class _Collector(BaseHTTPRequestHandler):
    paths: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.paths.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Print nothing."""


@pytest.fixture
def collector() -> Iterator[tuple[str, list[str]]]:
    """Run a collector on loopback; yield its address and the paths of its requests."""
    paths: list[str] = []
    handler = type("Collector", (_Collector,), {"paths": paths})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_collector_gets_traces_and_metrics_before_the_backend_is_closed(
    tmp_path: Path, collector: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over OTLP, with OpenTelemetry's own variables."""
    address, paths = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)

    played(tmp_path, {"OTEL_EXPORTER_OTLP_ENDPOINT": address})

    assert {"/v1/traces", "/v1/metrics"} == set(paths)
