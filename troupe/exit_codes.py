"""The exit codes of the command line. `docs/reference/exit-codes.md` is the page about them."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the end of a command says to a script."""

    OK = 0
    FAILED = 1
    USAGE = 2
    RECORDS_FAILED = 3
    RUN_STOPPED = 4
    NOTHING_TO_DO = 5
    INTERRUPTED = 130
    TERMINATED = 143


def of_signal(number: int) -> int:
    """Return the code of a command that this signal ended, as a shell reports it."""
    return 128 + number
