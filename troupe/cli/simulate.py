"""The command `simulate`: whole runs in virtual time, under faults."""

import os
from typing import Annotated

import msgspec
import typer

from troupe.simulation import run_simulations

from .options import AsJson


def simulate(
    seeds: Annotated[int, typer.Option(min=1, help="Number of simulations.")] = 100,
    start: Annotated[int, typer.Option(min=0, help="Seed of the first one.")] = 0,
    jobs: Annotated[
        int, typer.Option(min=0, help="Processes to use. Default: one for each core.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Simulate runs under faults, in virtual time; end with 1 if a seed failed.

    A seed determines all faults and the order of all steps. The handlers and the SQL are the real
    ones. For a seed that fails, the fewest faults that make it fail are printed, and the command
    that repeats it.

    Examples:
        troupe simulate --seeds 2000
        troupe simulate --start 51 --seeds 1
    """
    write = _ignore if as_json else typer.echo
    processes = jobs or os.cpu_count() or 1
    report = run_simulations(seeds, start, write, min(processes, seeds))
    if as_json:
        typer.echo(msgspec.json.encode(report))
    else:
        for line in list(report.lines())[-3:]:
            typer.echo(line)
    raise typer.Exit(0 if report.ok else 1)


def _ignore(_line: str) -> None:
    """Print no progress: the output is one JSON document."""
