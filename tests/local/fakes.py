"""Fakes for tests: a clock that tests move, and a bucket in memory."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from handlers.dispatch.errors import Reject
from handlers.ports import Blob


class HeldClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class MemoryBucket:
    """A bucket in memory."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    def uri(self, path: str) -> str:
        return f"gs://here/{path}"

    def write_once(self, path: str, chunks: Iterable[bytes]) -> Blob:
        content = b"".join(chunks)
        if self.content.setdefault(self.uri(path), content) != content:
            raise Reject("object-differs", path)
        return self._blob(self.uri(path))

    def read(self, blob: Blob) -> Iterator[bytes]:
        content = self.content.get(blob.uri)
        if content is None:
            raise FileNotFoundError(blob.uri)
        return (content[at : at + 1000] for at in range(0, len(content), 1000))

    def list(self, folder: str) -> list[Blob]:
        root = folder.rstrip("/") + "/"
        return [self._blob(uri) for uri in sorted(self.content) if uri.startswith(root)]

    def _blob(self, uri: str) -> Blob:
        content = self.content[uri]
        checksum = "sha256:" + hashlib.sha256(content).hexdigest()
        return Blob(uri=uri, generation=1, size=len(content), checksum=checksum)
