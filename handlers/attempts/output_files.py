"""Where the jobs write, which of their files hold results, and whether all of them are there."""

import re
from collections.abc import Sequence

from handlers.dispatch.errors import Reject
from handlers.ports import Blob

_FINAL = re.compile(r"(?:^|/)predictions\.jsonl(?:-(\d+)-of-(\d+))?$")
OUTPUT_MISSING = ("output_missing", "the job succeeded without writing predictions")
"""Cause and detail of a dead letter: an infrastructure fault, not one of the records."""

_INCREMENTAL = re.compile(r"(?:^|/)incremental_predictions\.jsonl$")


def is_final(name: str) -> bool:
    """Whether an object of this name is a result file or one shard of it."""
    return _FINAL.search(name) is not None


def results_in(blobs: Sequence[Blob], *, must_be_whole: bool) -> list[Blob]:
    """The files of one output folder to be read, as one.

    A job that succeeded wrote all of its files: raises `Reject` when one is missing. For any
    other end what is there is read, the partial dump only where there is no final file.
    """
    final = [blob for blob in blobs if is_final(blob.uri)]
    if must_be_whole:
        _check_whole(final)
    return final or [blob for blob in blobs if _INCREMENTAL.search(blob.uri)]


def _check_whole(final: Sequence[Blob]) -> None:
    if not final:
        raise Reject(*OUTPUT_MISSING)
    found = [match for blob in final if (match := _FINAL.search(blob.uri))]
    expected = max(int(match.group(2) or 1) for match in found)
    if len(found) < expected:
        raise Reject("shard_missing", f"{len(found)} of {expected} result files are there")
