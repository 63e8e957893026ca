"""Ctrl-C and SIGTERM end a command within two seconds, without a traceback."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Protocol, TypeVar
from weakref import WeakSet

from .exit_codes import of_signal

SIGNALS = (signal.SIGINT, signal.SIGTERM)
GRACE_SECONDS = 1.0
"""How long a step may go on before its query is interrupted."""
END_SECONDS = 0.6
"""How long the command may take to end then. Whatever is running ends after that."""
_USUAL_SCREEN = "\x1b[?1049l\x1b[?25h"


class Interrupted(BaseException):
    """SIGINT or SIGTERM arrived."""


class Interruptible(Protocol):
    """A connection to DuckDB. Its query ignores an exception that a signal handler raised."""

    def interrupt(self) -> None: ...


C = TypeVar("C", bound=Interruptible)

_connections: WeakSet[Interruptible] = WeakSet()
"""Every open connection. A signal comes to the whole process, so this belongs to the process."""


def interruptible(connection: C) -> C:
    """Return the connection; from now on a signal interrupts its query."""
    _connections.add(connection)
    return connection


def interrupt_queries() -> None:
    """Interrupt the query of every connection; one without a query is not affected."""
    for connection in list(_connections):
        with suppress(Exception):  # it was closed meanwhile
            connection.interrupt()


@contextmanager
def raise_on_signals() -> Iterator[list[int]]:
    """Raise `Interrupted` for SIGINT and SIGTERM, also in a query; yield what has arrived."""
    received: list[int] = []

    def interrupt(number: int, _frame: object) -> None:
        received.append(number)
        interrupt_queries()
        raise Interrupted

    with handled(interrupt):
        yield received


@contextmanager
def handled(handler: Callable[[int, object], None]) -> Iterator[None]:
    """Handle SIGINT and SIGTERM with this function; restore the earlier handlers then."""
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def run_command(command: Callable[[], object]) -> None:
    """Run a command in a process of its own; a signal ends it with 128 and the signal's number.

    The exception of a signal may be replaced on its way, such as by DuckDB: after a signal no
    exception is shown, and no other code is returned.
    """
    _start_deadline()
    with raise_on_signals() as received:
        try:
            command()
        except BaseException:
            if not received:
                raise
        if received:
            _leave(received[0])


def _start_deadline() -> None:
    """Start the thread that ends the process when a signal was not obeyed in time.

    Python calls a handler between two of its own instructions; a name server that does not answer,
    or a large commit, can keep it from that for minutes. The wake-up descriptor is written at once.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    Thread(target=_enforce_deadline, args=(reading,), daemon=True, name="signals").start()


def _enforce_deadline(reading: int) -> None:
    while (number := os.read(reading, 1)[0]) not in SIGNALS:
        pass
    time.sleep(GRACE_SECONDS)
    interrupt_queries()
    time.sleep(END_SECONDS)
    _leave(number, screen=_USUAL_SCREEN if sys.stdout.isatty() else "")


def _leave(number: int, screen: str = "") -> None:
    """End the process. Threads that wait for an endpoint are not joined: that may take minutes."""
    with suppress(OSError, ValueError):
        sys.stdout.write(screen)
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(of_signal(number))
