"""The whole job in one command."""

import json
from collections.abc import Callable
from pathlib import Path

import msgspec

from troupe import operations
from troupe.backends.local.backend import LocalBackend, LocalSettings
from troupe.backends.local.control_server import ControlServer
from troupe.backends.local.operations import load
from troupe.demo_data import generate
from troupe.operations.backend import InvalidOperation
from troupe.report.html_page import render_html
from troupe.report.plain_text import summary_lines

from .client import fail, writable
from .worker import opened, work_until_idle

SMALL = {"canary": 40, "rows_per_batch": 120}
"""Batches of the generated transcripts: small enough to see the window slide."""


def run_demo(
    home: Path,
    transcripts: Path | None,
    limit: int | None,
    settings: LocalSettings,
    report: Path,
    say: Callable[[str], None],
) -> bool:
    """Load, request, work, verify, report; True when the books balance."""
    writable(report)
    with opened(home, settings) as (backend, control_server):
        try:
            return _demo(backend, control_server, transcripts, limit, report, say)
        except InvalidOperation as problem:
            fail(str(problem))


def _demo(
    backend: LocalBackend,
    control_server: ControlServer,
    transcripts: Path | None,
    limit: int | None,
    report: Path,
    say: Callable[[str], None],
) -> bool:
    backend.wake()
    loaded = load(backend, str(transcripts or _generated(backend)))
    say(f"{loaded['rows']:,} transcripts in the file, {loaded['added']:,} new in the source table")
    request = {"mode": "test", "limit": limit} if limit else {}
    run_id = operations.request(backend, request | ({} if transcripts else SMALL))["run_id"]
    say(f"requested run {run_id}")
    work_until_idle(backend, control_server, say=say)
    if backend.dependencies.tracking.plan_of(run_id) is None:
        say(f"run {run_id} was not planned: `troupe status {run_id}` says why")
        return False
    return _told(backend, run_id, report, say)


def _told(backend: LocalBackend, run_id: str, report: Path, say: Callable[[str], None]) -> bool:
    answer = json.loads(msgspec.json.encode(operations.report(backend, run_id)))
    for line in summary_lines(answer["summary"], answer["reconciliation"]):
        say(line)
    page = render_html(answer["summary"], answer["reconciliation"])
    kept = backend.home / "reports" / f"{run_id}.html"
    kept.parent.mkdir(exist_ok=True)
    for file in (kept, report):
        file.write_text(page, encoding="utf-8")
    say(f"report: {report}")
    totals = answer["reconciliation"]
    return bool(totals["ok"] and totals["completed"])


def _generated(backend: LocalBackend) -> Path:
    """The transcripts that the project ships: the same for everybody."""
    file = backend.home / "generated.jsonl"
    lines = (msgspec.json.encode(row) + b"\n" for row in generate())
    file.write_bytes(b"".join(lines))
    return file
