"""Commands that look: status, verify, report, costs, explain, and the score."""

import time
from pathlib import Path
from typing import Annotated

import typer

from .calling import Answer, call, fail
from .options import HOME, AsJson, Home, known, print_json, print_lines


def status(
    run: Annotated[str | None, typer.Argument(help="One run in full.")] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again and again, until every run is over.")
    ] = False,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 2.0,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """How the runs stand, and what stands still and why."""

    def ask() -> Answer:
        return {"worker": None} | call(known(home), "status", run_id=run)

    if watch and as_json:
        fail("--watch is for people; give --json alone, as often as you like")
    if watch:
        from .watching import watch as watched

        watched(ask, time.monotonic, lambda: time.sleep(every), typer.echo)
        return
    answer = ask()
    if as_json:
        print_json(answer)
        return
    from infra.report.text import status_lines

    print_lines(status_lines(answer))


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
    answer = call(known(home), "report", run_id=run)
    if html is not None:
        from infra.report.page import render_html

        html.write_text(render_html(answer["summary"], answer["verdict"]), encoding="utf-8")
        typer.echo(f"wrote {html}", err=as_json)
    if as_json:
        print_json(answer)
    elif html is None:
        from infra.report.course_text import course_lines
        from infra.report.text import summary_lines

        print_lines(summary_lines(answer["summary"], answer["verdict"]))
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
    from infra.report.text import costs_lines

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
    from infra.report.text import explained

    print_lines(explained(answer))


def choreography(as_json: AsJson = False) -> None:
    """Who reacts to what: the score, from the code."""
    from handlers.catalogue import score_rows

    if as_json:
        print_json(score_rows())
        return
    from infra.report.text import choreography_lines

    print_lines(choreography_lines(score_rows()))
