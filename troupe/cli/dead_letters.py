"""The commands `dead-letters`: list, show, replay and discard messages that no handler accepted."""

import time
from typing import Annotated

import msgspec
import typer

from troupe.operations import dead_letters
from troupe.operations.dead_letters import LetterResults
from troupe.report.text.columns import line
from troupe.report.text.status import remedy

from .client import call
from .options import AsJson, DryRun, rfc3339
from .output import print_json, print_lines
from .target import target

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
WAIT_SECONDS = 30
"""How long a command waits for the service that carries it out."""
OUTCOMES = {
    "waiting": "requested, and not carried out yet",
    "replayed": "replayed",
    "discarded": "discarded",
    "handled": "handled meanwhile",
    "not_recorded": "not an event of the event log: discard it",
}
"""What became of a letter, in words."""


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
        print_lines([line(f"        {text}") for text in (group.detail, remedy(group)) if text])
    for letter in answer.letters:
        typer.echo(f"        {letter.letter_id}")


@app.command()
def show(letter_id: LetterId, as_json: AsJson = True) -> None:
    """Show one dead letter as JSON, also without --json: its event and the cause.

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
    """Publish the events of dead letters again, for the handler that failed only.

    What is published is the event of the event log. Remove the cause first.

    Examples:
        troupe dead-letters replay --handler write-jsonl --dry-run
        troupe dead-letters replay --handler write-jsonl
    """
    answer = call(
        dead_letters.replay,
        handler=handler,
        cause=cause,
        since=since,
        limit=limit,
        dry_run=dry_run,
    )
    _print_results(answer, "replay", as_json=as_json)


@app.command()
def discard(
    letter_id: LetterId,
    reason: Annotated[str, typer.Option(help="Reason; stored with the event.")],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Discard one dead letter; an attempt that waits for it is closed without answers.

    While a job of that attempt runs, it is cancelled first. The next run plans the records of a
    closed attempt again.

    Examples:
        troupe dead-letters discard ab12__batch-planned__r1__1__1 --reason "a test"
    """
    answer = call(dead_letters.discard, letter_id=letter_id, reason=reason, dry_run=dry_run)
    _print_results(answer, "discard", as_json=as_json)


def _print_results(answer: LetterResults, verb: str, *, as_json: bool) -> None:
    """Print what became of each letter, or with --dry-run what would be requested."""
    results = answer if answer.dry_run else _carried_out(answer)
    if as_json:
        print_json(results)
        return
    waiting = f"would {verb}" if results.dry_run else OUTCOMES["waiting"]
    for letter in results.letters:
        what = waiting if letter.outcome == "waiting" else OUTCOMES[letter.outcome]
        typer.echo(f"{letter.letter_id}  {what}")
    if not results.letters:
        typer.echo(f"no dead letter to {verb}")


def _carried_out(answer: LetterResults) -> LetterResults:
    """Wait until the service of a deployment has carried the command out; a worker has already."""
    for _ in range(WAIT_SECONDS if target().is_gcp else 0):
        waiting = [each.letter_id for each in answer.letters if each.outcome == "waiting"]
        if not waiting:
            break
        time.sleep(1)
        known = {
            each.letter_id: each
            for each in call(dead_letters.letter_results, letter_ids=waiting).letters
        }
        letters = [known.get(each.letter_id, each) for each in answer.letters]
        answer = msgspec.structs.replace(answer, letters=letters)
    return answer
