"""The local bucket on a file system without hard links."""

import os
from pathlib import Path

import pytest

from handlers.dispatch.errors import Reject
from troupe.backends.local.bucket import LocalBucket


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalBucket:
    """A bucket in a folder where `os.link` is not supported."""

    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    return LocalBucket(tmp_path)


def test_an_object_is_written_without_hard_links(bucket: LocalBucket) -> None:
    """It is renamed into its place."""
    blob = bucket.write_once("requests/a.jsonl", iter([b"one\n"]))

    assert b"one\n" == b"".join(bucket.read(blob))


def test_an_object_is_never_overwritten_without_hard_links(bucket: LocalBucket) -> None:
    """Equal content is the same object; other content is refused."""
    blob = bucket.write_once("requests/a.jsonl", iter([b"one\n"]))

    assert blob == bucket.write_once("requests/a.jsonl", iter([b"one\n"]))
    with pytest.raises(Reject, match="other content"):
        bucket.write_once("requests/a.jsonl", iter([b"two\n"]))
    assert b"one\n" == b"".join(bucket.read(blob))
