"""Run pytest in forks of one process that has imported the libraries.

    python -m tests.mutants.preloaded SECONDS < one JSON list of arguments a line

Importing them takes more time than a short test. No file of the project is imported before a fork,
so each fork imports the mutant that is planted then. Prints one exit code for each line; a fork
that uses the processor for longer than SECONDS is ended, and one that waits for ten times as long.
"""

import json
import os
import signal
import sys
from importlib import import_module

import pytest

_LIBRARIES = (
    "cloudevents", "duckdb", "hypothesis.strategies", "msgspec", "rich", "sqlglot.dialects.bigquery",
    "sqlglot.dialects.duckdb", "typer", "xdist.plugin", "_hypothesis_pytestplugin",
)  # fmt: skip
_OPTIONS = (
    "-x", "-q", "-n", "0", "-p", "tests.mutants.failure", "-p", "no:cacheprovider",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",  # of plugins that are imported already
)  # fmt: skip


def main() -> None:
    for name in _LIBRARIES:
        import_module(name)
    seconds = int(sys.argv[1])
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(json.loads(line), seconds)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _run(tests: list[str], seconds: int) -> None:
    """Run the tests without output, and end this process."""
    code = int(pytest.ExitCode.INTERNAL_ERROR)
    # Of the processor: on a machine with other work the same tests take many times as long.
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.alarm(10 * seconds)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        code = int(pytest.main([*_OPTIONS, *tests]))
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
