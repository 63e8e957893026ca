"""Commands that read the tables: status, verify, report, costs, explain."""

from pathlib import Path
from typing import Annotated

import typer

from troupe import operations
from troupe.exit_codes import ExitCode
from troupe.operations.costs import costs as costs_operation
from troupe.operations.explain import explain as explain_operation
from troupe.report.html.page import render_html
from troupe.report.text.analysis_costs import costs_lines
from troupe.report.text.golden_accuracy import accuracy_lines
from troupe.report.text.history import history_lines
from troupe.report.text.outcome import outcome_lines
from troupe.report.text.safeguards import safeguard_lines
from troupe.report.text.status import status_lines
from troupe.report.text.summary import summary_lines

from .client import call
from .lazy import load
from .options import AsJson, FailOver
from .output import check_writable, print_json, print_lines, print_result
from .run_endings import code_of


def status(
    run: Annotated[
        str | None, typer.Argument(help="Run to show in full. Default: all runs in short.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Refresh until every run is over.")
    ] = False,
    every: Annotated[
        float | None,
        typer.Option(min=0.2, help="With --watch: seconds between refreshes. Default: 2, gcp 15."),
    ] = None,
    fail_over: FailOver = 0,
    as_json: AsJson = False,
) -> None:
    """Show how far the runs are, and what is blocked and why.

    Without --watch it ends with 0, whatever it shows. --watch ends with 0 if all went well, with 1
    if a run was refused or its totals do not balance, with 3 if records have no row, with 4 if a
    run was stopped, and with 130 after Ctrl-C. With --json it prints one document a line.

    Examples:
        troupe status
        troupe status first --watch
    """
    if watch:
        watch_status = load("troupe.cli.watch:watch_status")
        raise typer.Exit(watch_status(run, every, fail_over, as_json=as_json))
    answer = call(operations.status, run_id=run)
    print_result(answer, status_lines, as_json=as_json)


def verify(
    run: Annotated[str | None, typer.Argument(help="Run to verify. Default: all runs.")] = None,
    fail_over: FailOver = 0,
    as_json: AsJson = False,
) -> None:
    """Recompute the totals of the runs from the tables, and judge how the runs ended.

    The totals balance if every planned record is analysed, failed, released, open or cleared, and
    no record is lost, doubled or paid twice. It ends with 0 if all is well, with 1 if they do not
    balance, with 3 if records of a completed run have no row, and with 4 if a run was stopped.
    Name the run in a schedule: without one, all runs of a year are judged.

    Examples:
        troupe verify
        troupe verify first --json
    """
    answer = call(operations.verify, run_id=run)
    if as_json:
        print_json(answer)
    else:
        names = ("planned", "analysed", "failed", "released", "open", "cleared", "skipped")
        typer.echo("  ".join(f"{name} {getattr(answer, name):,}" for name in names))
        never = ("lost", "doubled", "paid_twice")
        typer.echo(
            "  ".join(f"{name.replace('_', ' ')} {getattr(answer, name):,}" for name in never)
        )
        typer.echo("the totals balance" if answer.ok else "THE TOTALS DO NOT BALANCE")
    outcomes = [each.outcome for each in answer.runs or [answer] if each.outcome]
    mended = [each for each in outcomes if each.analysed_since and not each.left]
    if not as_json:
        print_lines([outcome_lines(each)[0] for each in mended if not each.exit_code()])
    code = code_of(outcomes, fail_over)
    raise typer.Exit(code if answer.ok else ExitCode.FAILED)


def report(
    run: Annotated[str, typer.Argument(help="Id of the run.")],
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report as one HTML page.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the results, errors and cost of a run as text, JSON or one HTML page.

    Examples:
        troupe report first
        troupe report first --html first.html
    """
    page = check_writable("--html", html) if html else None
    answer = call(operations.report, run_id=run)
    if page is not None:
        text = render_html(answer.summary, answer.outcome, answer.reconciliation, answer.accuracy)
        page.write_text(text, encoding="utf-8")
        typer.echo(f"wrote {page}", err=as_json)
    if as_json:
        print_json(answer)
    elif page is None:
        safeguards = safeguard_lines(run, answer.safeguards, answer.stop_reasons)
        more = [*accuracy_lines(answer.accuracy), *safeguards]
        print_lines(summary_lines(answer.summary, answer.outcome, answer.reconciliation, more))


def costs(
    analysis: Annotated[
        str | None, typer.Argument(help="Analysis to show. Default: all of them.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="WHAT",
            help="Sum by a label of the runs, as label:team, or by a call attribute, as queue.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the cost of each analysis and of each of its runs.

    Examples:
        troupe costs
        troupe costs call_review_v1 --json
        troupe costs --by label:team
    """
    answer = call(costs_operation, analysis=analysis, by=by)
    print_result(answer, costs_lines, as_json=as_json)


def explain(
    subject: Annotated[str, typer.Argument(help="A run, a batch as RUN/BATCH, or a record id.")],
    as_json: AsJson = False,
) -> None:
    """Show the history of a run, a batch or a record: events, attempts, errors and rows.

    Examples:
        troupe explain first
        troupe explain first/2
        troupe explain 51d73be1bda86fb0401fa3801803ede0
    """
    answer = call(explain_operation, subject=subject)
    print_result(answer, history_lines, as_json=as_json)
