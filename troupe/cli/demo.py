"""The command `demo`: the whole pipeline on this machine, from transcripts to a report."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from troupe import operations
from troupe.backends.local.backend import LocalBackend, LocalSettings
from troupe.backends.local.control_server import ControlServer
from troupe.backends.local.operations import load
from troupe.demo_data import generate
from troupe.exit_codes import ExitCode
from troupe.operations.backend import InvalidOperation
from troupe.operations.empty_request import Nothing
from troupe.operations.run_report import Report
from troupe.report.html.page import render_html
from troupe.report.text.outcome import WILL_BE_SIMULATED, nothing_lines
from troupe.report.text.summary import summary_lines

from .client import local_only
from .console import console_parts, serve_console
from .endpoint import EndpointOptions
from .options import (
    AsJson,
    CorruptPercent,
    FailOver,
    ModelApiVersion,
    ModelConcurrency,
    ModelName,
    ModelTimeout,
    ModelUrl,
)
from .output import check_writable, fail, print_json, progress_beside
from .results import DemoResult
from .run_endings import code_of
from .target import target
from .worker import local_settings, opened, work_until_idle

SMALL_BATCHES = {"canary": 40, "rows_per_batch": 120}
"""For the generated transcripts: small enough to see several batches in flight."""

Write = Callable[[str], None]


def demo(
    transcripts: Annotated[
        Path | None,
        typer.Option(
            "--transcripts",
            metavar="FILE",
            help="A file that `troupe load` can read. Default: generated transcripts.",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Maximum number of records to analyse.")
    ] = None,
    corrupt_percent: CorruptPercent = 0,
    report: Annotated[
        Path, typer.Option(metavar="FILE", help="File for the report, an HTML page.")
    ] = Path("report.html"),
    model_url: ModelUrl = None,
    model_name: ModelName = "",
    model_concurrency: ModelConcurrency = 8,
    model_timeout: ModelTimeout = 120,
    model_api_version: ModelApiVersion = None,
    fail_over: FailOver = 0,
    open_console: Annotated[
        bool,
        typer.Option("--open", help="Open the console in a browser afterwards; Ctrl-C ends it."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run everything once on this machine: load, request, work, verify and report.

    It ends with 0 if all went well, also when nothing was left to do; with 1 if the totals do not
    balance, with 3 if records have no row, and with 4 if the run was stopped. Local backend only.

    Examples:
        troupe demo
        troupe demo --transcripts calls.jsonl --limit 20
        troupe demo --corrupt-percent 12 --open
    """
    local_only("demo")
    if open_console:
        console_parts()
    options = EndpointOptions(
        model_url, model_name, model_concurrency, model_timeout, model_api_version
    )
    settings = local_settings(corrupt_percent, options)
    with progress_beside(as_json):
        answer = run_demo(target().home, transcripts, limit, settings, report, typer.echo)
    if as_json:
        print_json(DemoResult(page=str(report) if answer else None, report=answer))
    if open_console:
        serve_console(open_browser=True, as_json=as_json)
    raise typer.Exit(code_of([answer.outcome], fail_over) if answer else ExitCode.OK)


def run_demo(
    home: Path,
    transcripts: Path | None,
    limit: int | None,
    settings: LocalSettings,
    report: Path,
    write: Write,
) -> Report | None:
    """Load, request, work, verify and report; return the report, None without a run."""
    check_writable("--report", report)
    with opened(home, settings) as (backend, control_server):
        try:
            answer = _demo(backend, control_server, transcripts, limit, write)
        except InvalidOperation as error:
            fail(str(error))
    if answer is None:
        return None
    # Not while the folder is owned: what is written then is for this user alone.
    report.write_text(_page(answer), encoding="utf-8")
    write(f"report: {report}")
    return answer


def _demo(
    backend: LocalBackend,
    control_server: ControlServer,
    transcripts: Path | None,
    limit: int | None,
    write: Write,
) -> Report | None:
    """Return the run's report; None when nothing was pending."""
    backend.wake()
    loaded = load(backend, [str(transcripts or _generated(backend))])
    write(f"{loaded.rows:,} transcripts in the file, {loaded.added:,} new in the source table")
    request = {"mode": "test", "limit": limit} if limit else {}
    request |= {} if transcripts else SMALL_BATCHES
    answer = operations.request(backend, request)
    if isinstance(answer, Nothing):
        for line in nothing_lines(answer)[:-1]:
            write(line)
        write("no run was made, and no report was written")
        return None
    run_id = answer.run_id
    write(f"requested run {run_id}")
    if backend.dependencies.policy.answers_are_paid:
        write(WILL_BE_SIMULATED)
    work_until_idle(backend, control_server, write=write)
    if backend.dependencies.tracking.plan_of(run_id) is None:
        fail(f"run {run_id} was not planned: `troupe status {run_id}` shows why", ExitCode.FAILED)
    return _report(backend, run_id, write)


def _report(backend: LocalBackend, run_id: str, write: Write) -> Report:
    """Print the summary, and keep the page in the state folder."""
    answer = operations.report(backend, run_id)
    for line in summary_lines(answer.summary, answer.outcome, answer.reconciliation):
        write(line)
    kept = backend.home / "reports" / f"{run_id}.html"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(_page(answer), encoding="utf-8")
    return answer


def _page(answer: Report) -> str:
    return render_html(answer.summary, answer.outcome, answer.reconciliation)


def _generated(backend: LocalBackend) -> Path:
    """Write the generated transcripts, which are the same on every machine."""
    file = backend.home / "generated.jsonl"
    lines = (msgspec.json.encode(row) + b"\n" for row in generate())
    file.write_bytes(b"".join(lines))
    return file
