"""Clock, bucket and dead letters in memory; they outlive every simulated process."""

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from handlers.dispatch.errors import Reject
from handlers.ports import Blob

ROOT = "gs://sim/"


class HeldClock:
    """A clock that stands still until it is set."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_to(self, moment: datetime) -> None:
        self.now = max(self.now, moment)

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class MemoryBucket:
    """Cloud Storage as a dictionary of whole objects, each written once."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    def uri(self, path: str) -> str:
        return ROOT + path

    def write_once(self, path: str, chunks: Iterable[bytes]) -> Blob:
        content = b"".join(chunks)
        if self.content.setdefault(self.uri(path), content) != content:
            raise Reject("object_conflict", f"{path} exists with other content")
        return self._blob(self.uri(path))

    def read(self, blob: Blob) -> Iterator[bytes]:
        return iter((self.content[blob.uri],))

    def list(self, folder: str) -> list[Blob]:
        root = folder.rstrip("/") + "/"
        return [self._blob(uri) for uri in sorted(self.content) if uri.startswith(root)]

    def _blob(self, uri: str) -> Blob:
        content = self.content[uri]
        checksum = f"crc32:{zlib.crc32(content):08x}"
        return Blob(uri=uri, generation=1, size=len(content), checksum=checksum)


class MemoryDeliveryCounts:
    """Delivery counts, which Pub/Sub keeps in the cloud."""

    def __init__(self) -> None:
        self._counts = Counter[str]()

    def count(self, key: str) -> int:
        self._counts[key] += 1
        return self._counts[key]

    def forget(self, key: str) -> None:
        self._counts.pop(key, None)
