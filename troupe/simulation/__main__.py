"""`python -m troupe.simulation`: as `troupe chaos`, which needs no more than this."""

from troupe.cli.simulate import app

if __name__ == "__main__":
    app(prog_name="troupe chaos")
