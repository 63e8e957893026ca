"""Commands that look: status, verify, report, costs, explain, and the score."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from .client import Unanswered, asked, call, fail, writable
from .options import HOME, AsJson, Home, known, print_json, print_lines


def status(
    run: Annotated[str | None, typer.Argument(help="One run in full.")] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again and again, until every run is over.")
    ] = False,
    every: Annotated[
        float | None,
        typer.Option(min=0.2, help="Seconds between two looks; else 2, with gcp 15."),
    ] = None,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """How the runs stand, and what stands still and why.

    A watch ends with 0 when all went well, else with 1, and with 130 when somebody ended it.
    """
    home = known(home)
    if watch:
        raise typer.Exit(_watch(home, run, every, as_json))
    answer = {"worker": None} | call(home, "status", run_id=run)
    if as_json:
        print_json(answer)
        return
    from troupe.report.plain_text import status_lines

    print_lines(status_lines(answer))


def _watch(home: Path, run: str | None, every: float | None, as_json: bool) -> int:
    from . import watch as watching
    from . import watch_state
    from .client_gcp import is_elsewhere

    # Each look at a deployment is some ten queries to BigQuery, which have a price.
    seconds = every or (15.0 if is_elsewhere() else 2.0)
    seen = watch_state.Watch(time.monotonic, lambda: datetime.now(UTC))

    def ask(run_id: str | None) -> watch_state.Answer:
        return {"worker": None} | asked(home, "status", run_id=run_id)

    looked: watch_state.Ask = ask
    if as_json:
        shown = watching.as_json(typer.echo)
    elif watching.has_terminal():
        looked, shown = watching.patiently(ask), watching.on_terminal(seconds)
    else:
        shown = watching.plainly(typer.echo)
    try:
        return watching.watch(looked, run, seen, shown, lambda: time.sleep(seconds))
    except Unanswered as problem:
        fail(str(problem), problem.code)


def verify(
    run: Annotated[str | None, typer.Argument(help="One run; else all of them.")] = None,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """Recompute the books; ends with 1 when they do not balance."""
    answer = call(known(home), "verify", run_id=run)
    if as_json:
        print_json(answer)
    else:
        names = ("planned", "analysed", "failed", "released", "open", "cleared", "skipped")
        typer.echo("  ".join(f"{name} {answer[name]:,}" for name in names))
        never = ("lost", "doubled", "paid_twice")
        typer.echo("  ".join(f"{name.replace('_', ' ')} {answer[name]:,}" for name in never))
        typer.echo("the books balance" if answer["ok"] else "THE BOOKS DO NOT BALANCE")
    raise typer.Exit(0 if answer["ok"] else 1)


def report(
    run: Annotated[str, typer.Argument(help="The run.")],
    html: Annotated[Path | None, typer.Option(help="Write the page to this file.")] = None,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """The run in figures, as text, JSON or one HTML page."""
    page = writable(html) if html else None
    answer = call(known(home), "report", run_id=run)
    if page is not None:
        from troupe.report.html_page import render_html

        page.write_text(render_html(answer["summary"], answer["reconciliation"]), encoding="utf-8")
        typer.echo(f"wrote {page}", err=as_json)
    if as_json:
        print_json(answer)
    elif page is None:
        from troupe.report.limits_text import course_lines
        from troupe.report.plain_text import summary_lines

        print_lines(summary_lines(answer["summary"], answer["reconciliation"]))
        print_lines(course_lines(answer | {"run_id": run}))


def costs(
    analysis: Annotated[str | None, typer.Argument(help="One version; else all.")] = None,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """What each version of an analysis and each of its runs cost."""
    answer = call(known(home), "costs", analysis=analysis)
    if as_json:
        print_json(answer)
        return
    from troupe.report.plain_text import costs_lines

    print_lines(costs_lines(answer))


def explain(
    subject: Annotated[str, typer.Argument(help="A run, RUN/BATCH, or a record id.")],
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """The whole journey of one record, one batch or one run."""
    answer = call(known(home), "explain", subject=subject)
    if as_json:
        print_json(answer)
        return
    from troupe.report.plain_text import explained

    print_lines(explained(answer))


def choreography(as_json: AsJson = False) -> None:
    """Who reacts to what: the score, from the code."""
    from troupe.deployment.catalogue import score_rows

    if as_json:
        print_json(score_rows())
        return
    from troupe.report.plain_text import choreography_lines

    print_lines(choreography_lines(score_rows()))
