"""The state folder: one process owns it at a time, and only its user can read it."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

FOLDER_MODE, FILE_MODE = 0o700, 0o600
_OF_OTHERS = 0o077
_STICKY = 0o1000
"""Marks a folder in which several users write, such as the one for temporary files."""
LOCK_FILE = "owner.lock"
WAREHOUSE = "warehouse.duckdb"
LOAD_FILES = "load-*.ndjson"
"""Checked rows of a file that is being loaded."""
CONTENTS = (
    LOCK_FILE, "control.json", "control.part", "log.jsonl", "generated.jsonl", f"{WAREHOUSE}*",
    LOAD_FILES, "bucket", "bucket-aside", "vertex", "analyses", "analysis.part", "reports",
)  # fmt: skip
"""What the local backend puts into the folder. Other files there belong to the user."""
_CANNOT = "{home} cannot be a state folder: {why}; name another with --home"


class HomeInUse(Exception):
    """Another process owns the state folder."""


class InvalidHome(Exception):
    """The folder is not a state folder, or is damaged; the text says what to do."""


def check_home(home: Path) -> None:
    """Raise `InvalidHome` unless this is a state folder, or may become one.

    A folder with other files in it does not become one, because the state would be mixed with them.
    """
    if (home / WAREHOUSE).exists() or not home.exists():
        return
    if not home.is_dir():
        raise InvalidHome(_CANNOT.format(home=home, why="a file is there"))
    ours = {path for pattern in CONTENTS for path in home.glob(pattern)}
    if any(path not in ours for path in home.iterdir()):
        why = "it is not empty, and Troupe did not make it"
        raise InvalidHome(_CANNOT.format(home=home, why=why))


def is_state_folder(home: Path) -> bool:
    """Return whether there is anything to read. Raises `InvalidHome` as `check_home` does."""
    check_home(home)
    return (home / WAREHOUSE).exists()


class OwnedHome:
    """A state folder that this process owns until `release`."""

    def __init__(self, lock: FileLock) -> None:
        self._lock = lock

    def release(self) -> None:
        if self._lock.is_locked:
            self._lock.release()
            _private_files.end()


def lock_home(home: Path) -> OwnedHome:
    """Create the folder, for this user alone, and own it until the result is released.

    A folder that exists is made private with everything that the backend has put into it, and so is
    each file that this process creates meanwhile: transcripts are in the database, in its log of
    changes, and in the objects of the bucket.

    Raises `HomeInUse` when another process owns the folder, `InvalidHome` when it cannot be made,
    or cannot be made private.
    """
    _private_files.begin()
    try:
        check_home(home)
        home.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        _make_private(home)
        lock = FileLock(home / LOCK_FILE, mode=FILE_MODE)
        lock.acquire(timeout=0)
    except BaseException as error:
        _private_files.end()
        if isinstance(error, Timeout):
            raise HomeInUse(f"{home} is in use by another process") from None
        if isinstance(error, OSError):
            raise InvalidHome(_refusal(home, error)) from error
        raise
    return OwnedHome(lock)


def _refusal(home: Path, error: OSError) -> str:
    if (home / WAREHOUSE).exists():
        return (
            f"{home} cannot be written: {error.strerror}; commands that only read, such as "
            "`troupe status`, still work"
        )
    why = "a file is there" if isinstance(error, FileExistsError) else error.strerror
    return _CANNOT.format(home=home, why=why)


class _PrivateFiles:
    """While it has begun, files that this process creates are for its user alone.

    The umask is the only setting that DuckDB's own files obey. It belongs to the process, so it is
    set while the process owns a folder and restored then: a report that is written elsewhere has
    the mode that its user chose.
    """

    def __init__(self) -> None:
        self._owned = 0
        self._usual = 0

    def begin(self) -> None:
        if not self._owned:
            self._usual = os.umask(_OF_OTHERS)
        self._owned += 1

    def end(self) -> None:
        self._owned -= 1
        if not self._owned:
            os.umask(self._usual)


_private_files = _PrivateFiles()


def _make_private(home: Path) -> None:
    """Close the folder to other users, then what is in it. Raises `InvalidHome` or `OSError`."""
    if home.stat().st_mode & _STICKY:
        raise InvalidHome(
            f"{home} is a folder that several users share; name a folder of your own with --home"
        )
    try:
        _restrict(home, FOLDER_MODE)
    except PermissionError as error:
        raise InvalidHome(
            f"{home} belongs to another user and is open to others: transcripts would be readable "
            "there; name a folder of your own with --home"
        ) from error
    for path in _contents(home):
        with suppress(OSError):  # the folder is closed already
            _restrict(path, FOLDER_MODE if path.is_dir() else FILE_MODE)


def _restrict(path: Path, mode: int) -> None:
    if path.stat().st_mode & _OF_OTHERS:
        path.chmod(mode)


def _contents(home: Path) -> Iterator[Path]:
    """Yield everything of ours in the folder, and follow no link out of it."""
    for pattern in CONTENTS:
        for top in home.glob(pattern):
            if top.is_symlink():
                continue
            yield top
            for folder, folders, files in os.walk(top):
                inner = (Path(folder, name) for name in (*folders, *files))
                yield from (path for path in inner if not path.is_symlink())
