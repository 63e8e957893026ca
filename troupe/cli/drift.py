"""The command `drift`: the shares of the answers that moved."""

from pathlib import Path
from typing import Annotated

import typer

from troupe.exit_codes import ExitCode
from troupe.operations.quality.drift import drift as drift_operation
from troupe.report.html.drift import render_drift
from troupe.report.text.drift import drift_lines

from .client import call
from .options import AsJson
from .output import check_writable, print_json, print_lines


def drift(
    analysis: Annotated[
        str | None, typer.Argument(help="Analysis to look at. Default: all of them.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DAY",
            help="First day of the newest period, such as 2026-01-31. Default: the newest seven days "
            "that have calls.",
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", metavar="ATTRIBUTE", help="Look at each value of a call attribute as well."
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write one HTML page with a chart for each share."),
    ] = None,
    fail: Annotated[
        bool, typer.Option("--fail", help="End with 3 if a share moved, for schedules.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Name the shares of the answers that moved beyond chance, against the four weeks before.

    It looks at the values of closed columns, at missing values, at values that did not fit, at
    grades, and at failures. Days are those of the calls.

    Examples:
        troupe drift
        troupe drift call_review_v1 --since 2026-02-23 --html drift.html
        troupe drift --fail --json
    """
    page = check_writable("--html", html) if html else None
    answer = call(drift_operation, analysis=analysis, since=since, by=by)
    if page:
        page.write_text(render_drift(answer), encoding="utf-8")
        typer.echo(f"wrote {page}", err=as_json)
    if as_json:
        print_json(answer)
    elif page is None:
        print_lines(drift_lines(answer))
    if fail and any(each.moved for each in answer.analyses):
        raise typer.Exit(ExitCode.RECORDS_FAILED)
