"""The simulation of whole runs, under everything that can go wrong."""

import os
from typing import Annotated

import typer

from .options import AsJson

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def chaos(
    seeds: Annotated[int, typer.Option(min=1, help="How many schedules to play.")] = 100,
    start: Annotated[int, typer.Option(min=0, help="The first of them.")] = 0,
    jobs: Annotated[
        int, typer.Option(min=0, help="Processes; 0: one for each core.", show_default=True)
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Play whole runs under everything that can go wrong; ends with 1 when a seed failed.

    One seed is one schedule, in virtual time, on the real handlers and SQL. A failing seed prints
    its schedule, made as short as it still fails, and the command that plays it again.
    """
    import msgspec

    from troupe.simulation import run_chaos

    say = _quiet if as_json else typer.echo
    processes = jobs or os.cpu_count() or 1
    report = run_chaos(seeds, start, say, min(processes, seeds))
    if as_json:
        typer.echo(msgspec.json.encode(report))
    else:
        for line in list(report.lines())[-3:]:
            typer.echo(line)
    raise typer.Exit(0 if report.ok else 1)


def _quiet(line: str) -> None:
    return
