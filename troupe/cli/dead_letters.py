"""Dead letters: what could not be handled, and what an operator does about it."""

import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from .client import call
from .options import HOME, AsJson, DryRun, Home, known, print_json

letters = typer.Typer(
    help="What could not be handled: list, show, replay or discard it.",
    invoke_without_command=True,
)

OfHandler = Annotated[str | None, typer.Option("--handler", help="Of this handler alone.")]
OfCause = Annotated[str | None, typer.Option("--cause", help="With this cause alone.")]
Since = Annotated[str | None, typer.Option("--since", help="Dead-lettered at or after; RFC 3339.")]
LetterId = Annotated[str, typer.Argument(help="Id of the letter, or of its event.")]
AT_A_TIME = 100
"""DeadLetters that are replayed in a second, so that a flood does not meet the handlers at once."""


@letters.callback()
def listed(context: typer.Context, home: Home = HOME) -> None:
    """Alone it lists them."""
    if context.invoked_subcommand is None:
        list_dead_letters(home=home)


@letters.command("list")
def list_dead_letters(
    handler: OfHandler = None,
    cause: OfCause = None,
    since: Since = None,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """Grouped by handler and cause, with their number and the age of the oldest."""
    answer = call(known(home), "dead_letters", handler=handler, cause=cause, since=since)
    if as_json:
        print_json(answer)
        return
    if not answer["groups"]:
        typer.echo("no dead letter waits")
    for group in answer["groups"]:
        age = f"{group['oldest_seconds']:,.0f} s"
        typer.echo(f"{group['count']:>6,}  {group['handler']}  {group['cause']}  oldest {age}")
    for letter in answer["letters"]:
        typer.echo(f"        {letter['letter_id']}  {letter['event_id']}")


@letters.command()
def show(letter_id: LetterId, home: Home = HOME) -> None:
    """One dead letter, as it came."""
    print_json(call(known(home), "show_letter", letter_id=letter_id))


@letters.command()
def replay(
    handler: OfHandler = None,
    cause: OfCause = None,
    since: Since = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many.")] = None,
    dry_run: DryRun = False,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """Send them again, to the handler that failed and under the same event id."""
    chosen = {"handler": handler, "cause": cause, "since": since}
    if dry_run:
        answer = call(known(home), "replay", **chosen, limit=limit, dry_run=True)
    else:
        answer = _replayed(home, chosen, limit)
    if as_json:
        print_json(answer)
        return
    would = "would replay" if dry_run else "replayed"
    typer.echo(
        f"{would} {answer['replayed']:,}; {answer['handled']:,} were handled meanwhile; "
        f"{answer['unreadable']:,} cannot be read: discard them"
    )


@letters.command()
def discard(
    letter_id: LetterId,
    reason: Annotated[str, typer.Option(help="Why; kept with the delivery.")],
    home: Home = HOME,
) -> None:
    """Give one up; an attempt that it holds up is closed without answers."""
    answer = call(known(home), "discard", letter_id=letter_id, reason=reason)
    closed = f"; closed {answer['closed']}" if answer["closed"] else ""
    typer.echo(f"discarded {answer['discarded']:,}{closed}")


def _replayed(home: Path, chosen: dict[str, Any], limit: int | None) -> dict[str, Any]:
    """In portions, a second apart, until nothing is left or so many were sent."""
    done = Counter[str]()
    while True:
        left = AT_A_TIME if limit is None else min(AT_A_TIME, limit - done["replayed"])
        answer = call(known(home), "replay", **chosen, limit=left)
        done.update({name: answer[name] for name in ("replayed", "handled")})
        if answer["replayed"] + answer["handled"] < AT_A_TIME or done["replayed"] == limit:
            return {"dry_run": False, **done, "unreadable": answer["unreadable"]}
        time.sleep(1)
