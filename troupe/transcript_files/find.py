"""The files that are meant: by name, by pattern, and in folders."""

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from .errors import BadFile

STANDARD_INPUT = "-"
STATE_FOLDER_MARK = "owner.lock"
"""A folder with this file is a state folder, whose files are no input."""
_SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".xlsx")
_PACKED = (".gz", ".zst", ".zstd")


def find_files(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the files that these words name, each once, and those of folders that are left out.

    A folder stands for the files in it and below it whose names say that they can be read. `-` is
    kept as it is. Raises `BadFile` for a pattern or folder without files.
    """
    found: dict[str, None] = {}
    left_out: dict[str, None] = {}
    for word in words:
        path = Path(word)
        if word == STANDARD_INPUT:
            found[word] = None
        elif path.is_dir():
            files = sorted(_files_below(path))
            chosen = [file for file in files if _is_readable(file)]
            if not chosen:
                raise BadFile(
                    f"{word}: this is a directory without a file such as *.jsonl or *.csv"
                )
            found |= dict.fromkeys(str(file.resolve()) for file in chosen)
            left_out |= dict.fromkeys(str(file) for file in files if not _is_readable(file))
        elif not path.exists() and glob.has_magic(word):
            matched = sorted(
                name
                for name in glob.glob(word, recursive=True)  # noqa: PTH207  (may be absolute)
                if Path(name).is_file()
            )
            if not matched:
                raise BadFile(f"{word}: no file matches this pattern")
            found |= dict.fromkeys(str(Path(name).resolve()) for name in matched)
        else:
            found[str(path.resolve())] = None
    return list(found), list(left_out)


def _files_below(folder: Path) -> Iterator[Path]:
    for below, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if STATE_FOLDER_MARK in names:
            folders.clear()
            continue
        yield from (Path(below, name) for name in names if not name.startswith("."))


def _is_readable(file: Path) -> bool:
    name = file.name.lower()
    for packed in _PACKED:
        name = name.removesuffix(packed)
    return name.endswith(_SUFFIXES)
