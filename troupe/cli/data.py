"""Commands on stored data: clear-history, forget."""

from typing import Annotated

import typer

from troupe.operations import clear_history as clearing

from .client import call
from .options import AsJson, DryRun, Yes
from .output import print_json, print_lines


def clear_history(
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="Run whose records to clear.")
    ] = None,
    record: Annotated[
        list[str] | None,
        typer.Option("--record", metavar="ID", help="The record with this id; repeatable."),
    ] = None,
    analysis: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Analysis whose history to clear. Default: that of the run, or call_review_v1.",
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help="Reason; stored with the deletion.")] = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Delete rows and their history, and lift failures, so that a later run analyses the records again.

    Select records by --run or --record, or by both: then only these records of the run.
    A record that failed is brought back as well, also when it failed in an earlier run.
    Without --yes the numbers are shown and a confirmation is required.

    Examples:
        troupe clear-history --run first --dry-run
        troupe clear-history --run first --reason "the prompt was wrong" --yes
        troupe clear-history --record 0f3b2c1d4e5f60718293a4b5c6d7e8f9 --dry-run
    """
    selected = {"run_id": run, "record_ids": record, "analysis": analysis}
    answer = call(clearing.clear_history, **selected)
    what = f"run {run}" if run else "the selection"
    rows = (
        f"{answer.records:,} processed records, {answer.output_rows:,} analysed rows "
        f"and {answer.failed:,} failed records"
    )
    if not (answer.records or answer.failed) or dry_run:
        _print(answer, f"{what} has {rows}; nothing was cleared", as_json=as_json)
        return
    if not yes:
        typer.confirm(f"Clear {rows} of {what}? This cannot be undone.", abort=True)
    answer = call(clearing.clear_history, **selected, reason=reason, sure=True)
    _print(answer, f"cleared {rows}; their runs count them as cleared", as_json=as_json)


def forget(
    phone_token: Annotated[
        str, typer.Option("--phone-token", help="Phone number token of the person.")
    ],
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Delete one person from every table, and list the files that keep the person until they expire.

    Without --yes the numbers are shown and a confirmation is required.

    Examples:
        troupe forget --phone-token 4f1c --dry-run
    """
    answer = call(clearing.forget, phone_token=phone_token)
    if not dry_run:
        if not yes:
            typer.confirm(f"Delete {_rows(answer)}? This cannot be undone.", abort=True)
        answer = call(clearing.forget, phone_token=phone_token, sure=True)
    if as_json:
        print_json(answer)
        return
    typer.echo(f"{'deleted' if answer.forgotten else 'would delete'} {_rows(answer)}")
    if answer.source_rows:
        typer.echo(
            f"{answer.source_rows:,} rows stay in the source table, which is yours: "
            "delete them there, or the next run analyses them again"
        )
    if answer.files:
        typer.echo("these files may contain the person until their retention ends:")
    print_lines([f"  {file}" for file in answer.files])


def _rows(answer: clearing.ForgetResult) -> str:
    return (
        f"{answer.output_rows:,} analysed rows, {answer.processed:,} processed records, "
        f"{answer.members:,} batch members with their transcripts, {answer.errors:,} errors, "
        f"labels of {answer.golden_labels:,} records in golden sets, "
        f"{answer.review_rows:,} rows of review samples with {answer.review_labels:,} saved judgements"
    )


def _print(answer: clearing.ClearResult, line: str, *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
    else:
        typer.echo(line)
