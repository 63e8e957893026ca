"""`python -m troupe.simulation`: the command `troupe simulate`."""

import typer

from troupe.cli.simulate import simulate

if __name__ == "__main__":
    typer.run(simulate)
