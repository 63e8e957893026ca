"""The command cancel: stop one run, or all spending."""

from typing import Annotated

import typer

from troupe.operations import cancelling
from troupe.operations.cancelling import CancelAllResult, OpenRun
from troupe.report.formatting import count, plural

from .client import call
from .options import AsJson, DryRun
from .output import fail, print_json, print_result


def cancel(
    run: Annotated[str | None, typer.Argument(help="Id of the run.")] = None,
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="Stop every open run, and refuse what is requested and not planned yet."
        ),
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Stop a run: no further job is created, answers are kept, all other records are released.

    Released records are due again for the next run. With --all every open run is stopped: that
    ends all spending. --dry-run shows its numbers first. It may be repeated, and ends with 0 when
    nothing is open.

    Examples:
        troupe cancel first
        troupe cancel --all --dry-run
        troupe cancel --all
    """
    if every == (run is not None):
        fail("give either RUN or --all" if every else "RUN is missing: name a run, or give --all")
    if run is None:
        _cancel_all(dry_run=dry_run, as_json=as_json)
        return
    if dry_run:
        fail("--dry-run needs --all: `troupe status RUN` shows what one run still does")
    answer = call(cancelling.cancel, run_id=run)
    if as_json:
        print_json(answer)
    elif answer.already:
        typer.echo(f"run {run} is {answer.already} already")
    else:
        typer.echo(f"requested run {run} to stop; `troupe status {run}` shows its progress")


def _cancel_all(*, dry_run: bool, as_json: bool) -> None:
    answer = call(cancelling.cancel_all, dry_run=dry_run)
    print_result(answer, cancel_all_lines, as_json=as_json)


def cancel_all_lines(answer: CancelAllResult) -> list[str]:
    """What is stopped, in words: one line for each run, and the numbers of all."""
    lines = [
        *(_run_line(run) for run in answer.runs),
        *(f"  {run_id}: requested, not planned yet: it is refused" for run_id in answer.requests),
        *(f"  {run_id}: is stopping already" for run_id in answer.stopping),
    ]
    stopped = len(answer.runs) + len(answer.requests)
    if not stopped:
        return ["nothing to cancel: no run is open that nothing has stopped", *lines]
    done = "would request" if answer.dry_run else "requested"
    jobs = sum(run.jobs for run in answer.runs)
    records = sum(run.records_to_release for run in answer.runs)
    head = (
        f"{done} {plural(stopped, 'run')} to stop: {plural(jobs, 'job')} to cancel, "
        f"{plural(records, 'record')} to release"
    )
    after = "nothing was changed" if answer.dry_run else "`troupe status` shows their progress"
    return [head, *lines, after]


def _run_line(run: OpenRun) -> str:
    jobs = f"{plural(run.jobs, 'job')} with {plural(run.records_in_jobs, 'record')}"
    return f"  {run.run_id}: {jobs}, {count(run.records_to_release)} more to release"
