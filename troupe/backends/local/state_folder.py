"""The state folder: one process owns it at a time."""

from pathlib import Path

from filelock import FileLock, Timeout


class HomeInUse(Exception):
    """Another process owns the state folder."""


class InvalidHome(Exception):
    """The folder is not a state folder, or is damaged; the text says what to do."""


def lock_home(home: Path) -> FileLock:
    """Create the folder, for this user alone, and take its lock until the lock is released.

    Raises `HomeInUse` when another process owns the folder, `InvalidHome` when it cannot be made.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(home / "owner.lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise HomeInUse(f"{home} is in use by another process") from None
    except OSError as error:
        why = "a file is there" if isinstance(error, FileExistsError) else error.strerror
        raise InvalidHome(
            f"{home} cannot be a state folder: {why}; name another with --home"
        ) from error
    return lock
