"""Files that tests read."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def files_in(folder: Path, pattern: str = "**/*") -> list[Path]:
    """Return the files below a folder that match, in order.

    Fails when there is none: a test that looks at no file shows nothing.
    """
    found = sorted(file for file in folder.glob(pattern) if file.is_file())
    assert found, f"no file in {folder} matches {pattern}"
    return found


@contextmanager
def without_collection() -> Iterator[None]:
    """Look for no garbage: among the nodes of hundreds of files it takes longer than to parse them."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
