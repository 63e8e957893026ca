"""A disk that takes no more ends the process, as a crash does.

A handler cannot mend it, and a delivery that fails would count as tried: after some of them the
event would be a dead letter, which waits for a person although nothing is wrong with it.
"""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
_TEXT = re.compile(r"No space left|File too large|quota exceeded|Read-only", re.IGNORECASE)


class DiskFailure(BaseException):
    """The disk takes no more. No handler of an `Exception` may catch it."""


@contextmanager
def ending_on_disk_failure() -> Iterator[None]:
    """Turn an error of the disk into `DiskFailure`, which is raised from it."""
    try:
        yield
    except OSError as error:
        if error.errno in _ERRNOS:
            raise DiskFailure from error
        raise
    except duckdb.Error as error:
        if isinstance(error, duckdb.FatalException) or _TEXT.search(str(error)):
            raise DiskFailure from error
        raise
