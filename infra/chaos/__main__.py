"""`python -m infra.chaos`: as `troupe chaos`, which needs no more than this."""

from infra.cli.chaos import app

if __name__ == "__main__":
    app(prog_name="troupe chaos")
