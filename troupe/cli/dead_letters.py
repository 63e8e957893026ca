"""The commands `dead-letters`: list, show, replay and discard messages that no handler accepted."""

import time
from collections import Counter
from typing import Annotated, Any

import msgspec
import typer

from troupe.operations import dead_letters
from troupe.operations.dead_letters import ReplayResult

from .client import call
from .options import AsJson, DryRun, rfc3339
from .output import print_json

app = typer.Typer(
    help="List, show, replay or discard dead letters: messages that a handler could not handle. "
    "Without a command: list.",
    invoke_without_command=True,
    add_completion=False,
)

OfHandler = Annotated[
    str | None, typer.Option("--handler", help="Only dead letters of this handler.")
]
OfCause = Annotated[str | None, typer.Option("--cause", help="Only dead letters of this cause.")]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        callback=rfc3339,
        metavar="TIME",
        help="Only dead letters from this time on; RFC 3339, e.g. 2026-01-31T00:00:00Z.",
    ),
]
LetterId = Annotated[str, typer.Argument(help="Id of the dead letter, or of its event.")]
AT_A_TIME = 100
"""Dead letters to replay in a second: the handlers should not get all of them at once."""


@app.callback()
def by_default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_dead_letters()


@app.command("list")
def list_dead_letters(
    handler: OfHandler = None,
    cause: OfCause = None,
    since: Since = None,
    as_json: AsJson = False,
) -> None:
    """List dead letters by handler and cause, with their number and the age of the oldest.

    Examples:
        troupe dead-letters list
        troupe dead-letters list --handler write-jsonl --since 2026-01-31T00:00:00Z
    """
    answer = call(dead_letters.list_dead_letters, handler=handler, cause=cause, since=since)
    if as_json:
        print_json(answer)
        return
    if not answer.groups:
        typer.echo("no dead letters")
    for group in answer.groups:
        age = f"{group.oldest_seconds:,.0f} s"
        typer.echo(f"{group.count:>6,}  {group.handler}  {group.cause}  oldest {age}")
    for letter in answer.letters:
        typer.echo(f"        {letter.letter_id}  {letter.event_id}")


@app.command()
def show(letter_id: LetterId) -> None:
    """Show one dead letter as JSON: its attributes, its body and the cause.

    Examples:
        troupe dead-letters show ab12__batch-planned__r1__1__1
    """
    print_json(call(dead_letters.show_letter, letter_id=letter_id))


@app.command()
def replay(
    handler: OfHandler = None,
    cause: OfCause = None,
    since: Since = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Maximum number to replay.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Publish dead letters again, for the handler that failed only, under the same event id.

    Remove the cause first.

    Examples:
        troupe dead-letters replay --handler write-jsonl --dry-run
        troupe dead-letters replay --handler write-jsonl
    """
    selection = {"handler": handler, "cause": cause, "since": since}
    if dry_run:
        answer = call(dead_letters.replay, **selection, limit=limit, dry_run=True)
    else:
        answer = _replay_all(selection, limit)
    if as_json:
        print_json(answer)
        return
    would = "would replay" if dry_run else "replayed"
    typer.echo(
        f"{would} {answer.replayed:,}; {answer.handled:,} were handled meanwhile; "
        f"{answer.unreadable:,} are unreadable: discard them"
    )


@app.command()
def discard(
    letter_id: LetterId,
    reason: Annotated[str, typer.Option(help="Reason; stored with the event.")],
) -> None:
    """Discard one dead letter; an attempt that waits for it is closed without answers.

    The next run plans the records of a closed attempt again.

    Examples:
        troupe dead-letters discard ab12__batch-planned__r1__1__1 --reason "a test"
    """
    answer = call(dead_letters.discard, letter_id=letter_id, reason=reason)
    closed = f"; closed {answer.closed}" if answer.closed else ""
    typer.echo(f"discarded {answer.discarded:,}{closed}")


def _replay_all(selection: dict[str, Any], limit: int | None) -> ReplayResult:
    """Replay in portions, one a second, until none is left or `limit` of them were published."""
    done = Counter[str]()
    while True:
        left = AT_A_TIME if limit is None else min(AT_A_TIME, limit - done["replayed"])
        answer = call(dead_letters.replay, **selection, limit=left)
        done.update(replayed=answer.replayed, handled=answer.handled)
        if answer.replayed + answer.handled < AT_A_TIME or done["replayed"] == limit:
            return msgspec.structs.replace(
                answer, replayed=done["replayed"], handled=done["handled"]
            )
        time.sleep(1)
