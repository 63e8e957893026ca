"""Commands that steer: cancel, reprocess, clear-history, forget."""

from typing import Annotated, Any

import typer

from .client import call
from .options import (
    HOME,
    AsJson,
    Budget,
    BudgetTokens,
    DryRun,
    Home,
    known,
    print_json,
    print_lines,
)

Sure = Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")]


def cancel(run: Annotated[str, typer.Argument(help="The run.")], home: Home = HOME) -> None:
    """Stop a run: no new job is paid for, what was answered is kept, the rest is released."""
    answer = call(known(home), "cancel", run_id=run)
    if answer["already"]:
        typer.echo(f"run {run} is {answer['already']} already")
    else:
        typer.echo(f"asked run {run} to stop; `troupe status {run}` shows how it ends")


def reprocess(
    of_run: Annotated[str | None, typer.Option("--run", help="Of this run.")] = None,
    batch: Annotated[list[int] | None, typer.Option(help="Of this batch; repeatable.")] = None,
    error_type: Annotated[list[str] | None, typer.Option(help="With this error.")] = None,
    record_id: Annotated[list[str] | None, typer.Option(help="This record.")] = None,
    analysis: Annotated[
        str | None, typer.Option(help="Of this version, and asked by it; default call_review_v1.")
    ] = None,
    run_id: Annotated[str, typer.Option("--run-id", help="Name of the new run.")] = "",
    budget: Budget = None,
    budget_tokens: BudgetTokens = None,
    dry_run: DryRun = False,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """Ask failed or released records again, in a new run: no batch is ever reopened."""
    request = {
        "of_run": of_run, "batches": batch, "error_types": error_type, "record_ids": record_id,
        "analysis": analysis, "run_id": run_id, "budget": budget, "budget_tokens": budget_tokens,
    }  # fmt: skip
    given = {name: value for name, value in request.items() if value not in (None, [], "")}
    answer = call(known(home), "reprocess", request=given, dry_run=dry_run)
    if as_json:
        print_json(answer)
    else:
        print_lines(_reprocess_lines(answer, of_run))


def clear_history(
    run: Annotated[str, typer.Option("--run", help="The run whose rows are to go.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the clearing.")] = "",
    yes: Sure = False,
    dry_run: DryRun = False,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """Take the rows of a run away, so that the next run asks these records again."""
    known(home)
    answer = call(home, "clear_history", run_id=run)
    rows = f"{answer['records']:,} processed records and {answer['output_rows']:,} analysed rows"
    if not answer["records"] or dry_run:
        _told(answer, f"run {run} has {rows}; nothing was cleared", as_json=as_json)
        return
    if not yes:
        typer.confirm(f"take {rows} of run {run} away for good?", abort=True)
    answer = call(home, "clear_history", run_id=run, reason=reason, sure=True)
    _told(answer, f"cleared {rows}; run {run} counts them as cleared", as_json=as_json)


def forget(
    phone_token: Annotated[str, typer.Option("--phone-token", help="Of the person.")],
    yes: Sure = False,
    dry_run: DryRun = False,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """Remove one person from every table, and list the files that hold them until they expire."""
    known(home)
    answer = call(home, "forget", phone_token=phone_token)
    if not dry_run:
        if not yes:
            typer.confirm(f"remove {_kept(answer)} for good?", abort=True)
        answer = call(home, "forget", phone_token=phone_token, sure=True)
    if as_json:
        print_json(answer)
        return
    typer.echo(f"{'removed' if answer['forgotten'] else 'would remove'} {_kept(answer)}")
    if answer["source_rows"]:
        typer.echo(
            f"{answer['source_rows']:,} rows stay in the source table, which is yours: "
            "delete them there, or the next run takes them again"
        )
    if answer["files"]:
        typer.echo("these files may hold the person until their retention ends:")
    print_lines([f"  {file}" for file in answer["files"]])


def _kept(answer: dict[str, Any]) -> str:
    return (
        f"{answer['output_rows']:,} analysed rows, {answer['processed']:,} processed records, "
        f"{answer['members']:,} batch members with their transcripts, {answer['errors']:,} errors"
    )


def _reprocess_lines(answer: dict[str, Any], of_run: str | None) -> list[str]:
    from troupe.report.formatting import dollars, plural, span

    cost = span(*map(dollars, answer["cost"]))
    tokens = sum(answer[name][0] for name in _TOKENS), sum(answer[name][1] for name in _TOKENS)
    batches = plural(answer["batches"], "batch", "batches")
    size = f"{plural(answer['records'], 'record')} in {batches}"
    told = [f"{size}, {tokens[0]:,} to {tokens[1]:,} tokens, cost {cost}"]
    for name, count in answer["left_out"].items():
        told.append(f"left out: {count:,} {name.replace('_', ' ')}")
    if "processed" in answer["left_out"]:
        run = of_run or "RUN"
        told.append(f"processed ones have a row: `troupe clear-history --run {run}` takes it away")
    if answer["known"] and answer["run_id"]:
        told.append(f"run {answer['run_id']} was requested before; nothing changes")
    elif answer["run_id"]:
        told.append(f"requested run {answer['run_id']}")
    return told


_TOKENS = ("input_tokens", "output_tokens")


def _told(answer: dict[str, Any], line: str, *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
    else:
        typer.echo(line)
