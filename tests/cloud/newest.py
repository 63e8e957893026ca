"""What the stand-in for Vertex needs of a bucket: it is given names, and no generations."""

from collections.abc import Iterable, Iterator

from handlers.tools import Blob, Bucket


class NewestBucket:
    """A bucket in which an object is read as it stands now."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def write_once(self, path: str, chunks: Iterable[bytes]) -> Blob:
        return self._bucket.write_once(path, chunks)

    def read(self, blob: Blob) -> Iterator[bytes]:
        """Raises `FileNotFoundError` when there is none of this name."""
        folder = blob.uri.rpartition("/")[0]
        found = [each for each in self._bucket.list(folder) if each.uri == blob.uri]
        if not found:
            raise FileNotFoundError(blob.uri)
        return self._bucket.read(found[0])

    def list(self, folder: str) -> list[Blob]:
        return self._bucket.list(folder)

    def uri(self, path: str) -> str:
        return self._bucket.uri(path)
