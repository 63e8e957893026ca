"""Errors of the machine that a command runs on, in a sentence: its disk, memory, permissions."""

import errno
import re

import duckdb

_IS_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_IS_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_FULL = (
    "no space is left on the disk: free some, and run the command again; what was stored is kept"
)
_FORBIDDEN = "it cannot be written: name a place that you may write to, or change its permissions"
_NO_MEMORY = (
    "the query needs more memory or temporary space than there is: close other programs or free "
    "space on the disk, and run the command again; what was stored is kept"
)
_QUOTED = re.compile(r'"(/[^"]+)"')
_SAYS_FULL = re.compile(r"No space left|File too large|quota exceeded", re.IGNORECASE)
_SAYS_FORBIDDEN = re.compile(r"Permission denied|Read-only|read-only", re.IGNORECASE)


def problem_of(error: BaseException | None) -> str | None:
    """Return what is wrong with the machine and what to do; None for any other error.

    What an error was raised from is looked at, too. Its own text is not shown, but for the path of
    a file: texts of DuckDB may quote a transcript.
    """
    while error is not None:
        problem = _problem(error)
        if problem is not None:
            return problem
        error = error.__cause__
    return None


def _problem(error: BaseException) -> str | None:
    if isinstance(error, BrokenPipeError):
        return None  # the reader of a pipe has gone; not a fault
    if isinstance(error, OSError) and error.errno is not None:
        why = _FULL if error.errno in _IS_FULL else None
        why = why or (_FORBIDDEN if error.errno in _IS_FORBIDDEN else error.strerror)
        return f"{error.filename}: {why}" if error.filename else why
    if isinstance(error, duckdb.OutOfMemoryException):
        return _NO_MEMORY
    of_disk = isinstance(error, duckdb.IOException | duckdb.FatalException)
    if of_disk or (isinstance(error, duckdb.Error) and _SAYS_FULL.search(str(error))):
        return _problem_of_database(str(error))
    return None


def _problem_of_database(text: str) -> str:
    quoted = _QUOTED.search(text)
    where = f"{quoted[1]}: " if quoted else "the database of the state folder: "
    if _SAYS_FULL.search(text):
        return where + _FULL
    if _SAYS_FORBIDDEN.search(text):
        return where + _FORBIDDEN
    return (
        f"{where}it cannot be read or written; see that its disk works and has space, and run the "
        "command again"
    )
