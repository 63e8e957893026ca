"""The command `records`: find records, as the page *Records* of the console does."""

from typing import Annotated

import typer

from tracking.found_records import STATES
from troupe.operations.find_records import GRADES, MOST
from troupe.operations.find_records import find_records as find_operation
from troupe.report.text.found_records import found_lines

from .client import call
from .options import AsJson
from .output import fail, print_json, print_lines


def records(
    run: Annotated[str | None, typer.Option("--run", help="Only records of this run.")] = None,
    analysis: Annotated[
        str | None, typer.Option(help="Analysis. Default: that of the run, or of the newest run.")
    ] = None,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", help=f"State in the run, repeatable: {', '.join(STATES)}."),
    ] = None,
    error: Annotated[
        str | None, typer.Option("--error", help="Type or cause of the error, such as truncated.")
    ] = None,
    grade: Annotated[
        str | None, typer.Option(help=f"How the values fit: {', '.join(GRADES)}.")
    ] = None,
    value: Annotated[
        list[str] | None,
        typer.Option(
            "--value",
            metavar="COLUMN=VALUE",
            help="Closed value of the answer, repeatable; `COLUMN=` for none.",
        ),
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option("--attribute", metavar="NAME=VALUE", help="Call attribute, repeatable."),
    ] = None,
    id_: Annotated[
        str | None,
        typer.Option("--id", help="Record, interaction or reference id, or phone number token."),
    ] = None,
    words: Annotated[
        str | None,
        typer.Option(help="Words in transcript or answer, in any case. With gcp it needs --run."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="First day of the calls. Default: the last 90 days."),
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="DAY", help="Last day of the calls.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="Records of one page.")] = 50,
    after: Annotated[
        str | None,
        typer.Option(metavar="PLACE", help="Show the next page: the place that a page ends with."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find records by run, state, error, grade, closed value, call attribute, day, id or words.

    They have to fit all that is given, and the newest come first. Neither transcripts nor ids of
    persons are printed; `troupe explain RECORD` shows the history of one.

    Examples:
        troupe records --run first --state failed
        troupe records --value call_tone=angry --since 2026-01-01 --json
    """
    answer = call(
        find_operation,
        analysis=analysis,
        run_id=run,
        id=id_,
        states=state or [],
        error_type=error,
        grade=grade,
        attributes=_pairs("--attribute", attribute),
        values={name: text or None for name, text in _pairs("--value", value).items()},
        since=since,
        until=until,
        words=words,
        after=after,
        most=limit,
    )
    if as_json:
        print_json(answer)
    else:
        print_lines(found_lines(answer))


def _pairs(option: str, given: list[str] | None) -> dict[str, str]:
    """Read NAME=VALUE of a repeatable option; end the command if one has another form."""
    found: dict[str, str] = {}
    for text in given or []:
        name, equals, value = text.partition("=")
        if not equals or not name:
            fail(f"invalid {option} {text!r}: use NAME=VALUE, e.g. call_tone=angry")
        if name in found:
            fail(f"invalid {option} {text!r}: {name} is given twice")
        found[name] = value
    return found
