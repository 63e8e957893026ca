"""The buckets of the stand-in for Vertex, which reads objects by URI without a generation."""

from collections.abc import Iterable, Iterator, Mapping

from handlers.ports import Blob, Bucket


class NewestBucket:
    """Several buckets as one; paths begin with the bucket's name, reads take the newest generation."""

    def __init__(self, buckets: Mapping[str, Bucket]) -> None:
        self._buckets = buckets

    def write_once(self, path: str, chunks: Iterable[bytes]) -> Blob:
        name, _, own = path.partition("/")
        return self._buckets[name].write_once(own, chunks)

    def read(self, blob: Blob) -> Iterator[bytes]:
        """Read the object. Raises `FileNotFoundError` when it does not exist."""
        blobs = [each for each in self.list(blob.uri.rpartition("/")[0]) if each.uri == blob.uri]
        if not blobs:
            raise FileNotFoundError(blob.uri)
        return self._of(blob.uri).read(blobs[0])

    def list(self, folder: str) -> list[Blob]:
        return self._of(folder).list(folder)

    def uri(self, path: str) -> str:
        return f"gs://{path}"

    def _of(self, uri: str) -> Bucket:
        return self._buckets[uri.removeprefix("gs://").partition("/")[0]]
