"""`python -m infra.chaos --seeds N [--start S] [--json]`: play seeds, and tell what failed."""

import argparse
import sys
from collections.abc import Sequence

import msgspec

from .report import run_chaos


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 when a seed failed."""
    parser = argparse.ArgumentParser(prog="python -m infra.chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--start", type=int, default=0, help="the first of them")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    told = parser.parse_args(arguments)
    report = run_chaos(told.seeds, told.start, _quiet if told.json else _say)
    if told.json:
        _say(msgspec.json.encode(report).decode())
    else:
        for line in list(report.lines())[-3:]:
            _say(line)
    return 0 if report.ok else 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _quiet(line: str) -> None:
    return


if __name__ == "__main__":
    raise SystemExit(main())
