"""Export the lines of a job into the folder and file names that the service uses."""

from collections.abc import Iterator
from datetime import datetime
from math import ceil

from handlers.ports import Blob, Bucket
from troupe.standin.answer_job import Work
from troupe.standin.settings import Behaviour, End

_FINAL = "predictions.jsonl"
_INCREMENTAL = "incremental_predictions.jsonl"


def output_folder(prefix: str, named_at: datetime) -> str:
    """The URI of a job's output folder; its name contains colons, as the service's does."""
    time = named_at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return f"{prefix.rstrip('/')}/prediction-model-{time}"


def path_of(uri: str, bucket: Bucket) -> str | None:
    """The path of a URI in this bucket; None for a URI of another bucket."""
    root = bucket.uri("x").removesuffix("x")
    return uri.removeprefix(root) if uri.startswith(root) else None


def newest_blob(uri: str) -> Blob:
    """The object at this URI in any generation: requests to the service name no generation."""
    return Blob(uri=uri, generation=0, size=0, checksum="")


def export(
    bucket: Bucket, folder: str, work: Work, behaviour: Behaviour, end: End
) -> Iterator[Blob]:
    """Write the files of a job; a file that exists is kept as it is.

    A process that was killed between two files exports again, and an answerer that gives other
    answers then must not change what others may have read.
    """
    existing = {blob.uri: blob for blob in bucket.list(folder + "/")}
    for name, first, count in _files(work.written, behaviour, end):
        uri = f"{folder}/{name}"
        if uri in existing:
            yield existing[uri]
        elif (path := path_of(uri, bucket)) is not None:
            yield bucket.write_once(path, work.lines(first, count))


def _files(written: int, behaviour: Behaviour, end: End) -> Iterator[tuple[str, int, int]]:
    """Name, first line and number of lines of each file."""
    if end.only_incremental:
        yield _INCREMENTAL, 0, written
        return
    if behaviour.incremental:
        yield _INCREMENTAL, 0, written // 2
    if not behaviour.shards:
        yield _FINAL, 0, written
        return
    each = ceil(written / behaviour.shards)
    for shard in range(behaviour.shards - end.missing_shards):
        yield f"{_FINAL}-{shard:05d}-of-{behaviour.shards:05d}", shard * each, each
