"""The command `notify`: a run's notification is sent again, or for a first try."""

from typing import Annotated

import typer

from troupe.exit_codes import ExitCode
from troupe.operations import notify as notifying

from .client import call
from .options import AsJson
from .output import fail, print_json


def notify(
    run: Annotated[str, typer.Argument(help="Run that is over.")], as_json: AsJson = False
) -> None:
    """Send the notification of a run again, to where TROUPE_NOTIFY_URL says.

    It has the id and the content of the first one, so that a receiver can drop it as repeated.
    It ends with 1 if the receiver does not take it.

    Examples:
        troupe notify first
        troupe notify first --json
    """
    answer = call(notifying.notify, run_id=run)
    if as_json:
        print_json(answer)
        raise typer.Exit(ExitCode.FAILED if answer.problem else ExitCode.OK)
    if answer.problem:
        fail(answer.problem, ExitCode.FAILED)
    typer.echo(f"sent the notification of run {run}")
