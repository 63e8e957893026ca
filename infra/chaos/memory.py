"""The cloud in memory: objects and dead letters that outlive every process of a simulation."""

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.delivery import Message
from handlers.errors import SetAside
from handlers.score import Subscription
from handlers.tools import Blob

ROOT = "gs://chaos/"


class HeldClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_to(self, moment: datetime) -> None:
        self.now = max(self.now, moment)

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class MemoryBucket:
    """Cloud Storage as a dictionary: whole objects, written once."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    def uri(self, path: str) -> str:
        return ROOT + path

    def write_once(self, path: str, chunks: Iterable[bytes]) -> Blob:
        content = b"".join(chunks)
        if self.content.setdefault(self.uri(path), content) != content:
            raise SetAside("object_conflict", f"{path} is there already, with another content")
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


@dataclass(slots=True)
class Letter:
    """One message among the dead letters."""

    subscription: Subscription
    message: Message
    attributes: dict[str, str]
    cause: str
    waiting: bool = True

    @property
    def event_id(self) -> str:
        return self.message.attributes.get("ce-id", self.message.id)


class MemoryLetters:
    """What Pub/Sub keeps by itself: delivery counts and dead letters."""

    def __init__(self) -> None:
        self.kept: list[Letter] = []
        self._counts = Counter[str]()

    def count(self, key: str) -> int:
        self._counts[key] += 1
        return self._counts[key]

    def forget(self, key: str) -> None:
        self._counts.pop(key, None)

    def keep(
        self, subscription: Subscription, message: Message, attributes: str, cause: str
    ) -> None:
        self.kept.append(Letter(subscription, message, json.loads(attributes), cause))

    def waiting(self) -> list[Letter]:
        return [letter for letter in self.kept if letter.waiting]
