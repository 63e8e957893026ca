"""The bucket on Google Cloud: write-once objects in Cloud Storage, streamed in bounded memory."""

import base64
import os
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import google_crc32c
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client
from google.cloud.storage.retry import DEFAULT_RETRY

from handlers.dispatch.errors import Redeliver, Reject
from handlers.ports import Blob

from .failures import AlreadyDone, translated
from .settings import OUTPUT_FOLDER, GcpSettings

BLOCK = 8 << 20
"""Bytes of one request. A smaller object is uploaded in one."""
CALL_SECONDS = 60.0
_AGAIN = DEFAULT_RETRY.with_timeout(60.0)
"""The client's retry. Every call has a precondition or only reads, so it may run twice."""
_FIELDS = "items(name,generation,size,crc32c),nextPageToken"


class StorageBucket:
    """Writes to the bucket of request files; reads that one and the output bucket."""

    def __init__(
        self, settings: GcpSettings, client: Client | None = None, *, block: int = BLOCK
    ) -> None:
        """`block` is a multiple of 256 KiB."""
        self._client = client or storage_client(settings)
        self._name, self._block = settings.bucket, block
        self._output = settings.output_bucket
        self._known: Collection[str] = {settings.bucket, settings.output_bucket}

    def close(self) -> None:
        self._client.close()

    def write_once(self, path: str, chunks: Iterable[bytes]) -> Blob:
        source = Counted(chunks)
        try:
            made = self._upload(path, source)
        except AlreadyDone:
            source.drain()
            return self._adopted(path, source)
        if (made.size, made.checksum) != (source.size, source.checksum):
            # Damaged on the way. No event names the object yet, so it may be removed.
            self._remove(path, made.generation)
            raise Redeliver(f"{path} was damaged during the upload")
        return made

    def read(self, blob: Blob) -> Iterator[bytes]:
        """Yield the content in blocks. Raises `Redeliver` at the end when the checksum differs."""
        bucket, name = self._place(blob.uri)
        pinned = self._client.bucket(bucket).blob(name, generation=blob.generation)
        checksum = 0
        for start in range(0, blob.size, self._block):
            with translated("storage", blob.uri):
                block: bytes = pinned.download_as_bytes(
                    start=start,
                    end=min(start + self._block, blob.size) - 1,
                    raw_download=True,
                    checksum=None,  # Cloud Storage has none of a part; the whole is compared below
                    retry=_AGAIN,
                    timeout=CALL_SECONDS,
                )
            checksum = google_crc32c.extend(checksum, block)
            yield block
        if blob.checksum != _checksum(checksum):
            raise Redeliver(f"{blob.uri} was damaged during the download")

    def list(self, folder: str) -> list[Blob]:
        bucket, name = self._place(f"{folder.rstrip('/')}/")
        with translated("storage", folder):
            listed = self._client.list_blobs(
                bucket, prefix=name, fields=_FIELDS, retry=_AGAIN, timeout=CALL_SECONDS
            )
            blobs = [_blob(each) for each in listed if not each.name.endswith("/")]
        return sorted(blobs, key=lambda blob: blob.uri.encode())

    def uri(self, path: str) -> str:
        """Return the address; Vertex's output has a bucket whose notifications trigger `watch-jobs`."""
        bucket = self._output if path.startswith(OUTPUT_FOLDER) else self._name
        return f"gs://{bucket}/{path}"

    def _upload(self, path: str, source: "Counted") -> Blob:
        """Upload the chunks. If the source raises, the upload stays incomplete: no object appears."""
        blob = self._client.bucket(self._name).blob(path, chunk_size=self._block)
        first = source.read(self._block)
        options: dict[str, Any] = {
            "content_type": "application/octet-stream",
            "if_generation_match": 0,
            "checksum": "crc32c",
            "retry": _AGAIN,
            "timeout": CALL_SECONDS,
        }
        with translated("storage", path):
            if len(first) < self._block:
                blob.upload_from_string(first, **options)
            else:
                source.unread(first)
                blob.upload_from_file(source, **options)
        return _blob(blob)

    def _adopted(self, path: str, source: "Counted") -> Blob:
        """Return the object that exists already, when its content is the same."""
        with translated("storage", path):
            existing = self._client.bucket(self._name).get_blob(
                path, retry=_AGAIN, timeout=CALL_SECONDS
            )
        if existing is None:
            raise Redeliver(f"{path} was deleted during the upload")
        blob = _blob(existing)
        if (blob.size, blob.checksum) != (source.size, source.checksum):
            raise Reject("object_conflict", f"{path} exists already, with other content")
        return blob

    def _remove(self, path: str, generation: int) -> None:
        with translated("storage", path):
            self._client.bucket(self._name).blob(path, generation=generation).delete(
                if_generation_match=generation, retry=_AGAIN, timeout=CALL_SECONDS
            )

    def _place(self, uri: str) -> tuple[str, str]:
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        if not uri.startswith("gs://") or bucket not in self._known:
            raise Reject("foreign_bucket", f"{bucket} is not a bucket of this deployment")
        return bucket, name


class Counted:
    """Chunks as a file that is read forwards, with the size and checksum of what was read."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._ready = bytearray()
        self._position = 0
        self._crc32c = 0
        self.size = 0
        """Bytes that the source yielded so far; of the whole, once it is drained."""

    @property
    def checksum(self) -> str:
        return _checksum(self._crc32c)

    def read(self, size: int) -> bytes:
        """Return this many bytes, fewer only at the end."""
        while len(self._ready) < size and self._take():
            pass
        part = bytes(self._ready[:size])
        del self._ready[:size]
        self._position += len(part)
        return part

    def unread(self, part: bytes) -> None:
        """Put back the part that was read last."""
        self._ready[:0] = part
        self._position -= len(part)

    def tell(self) -> int:
        return self._position

    def drain(self) -> None:
        """Read the rest and drop it, so that size and checksum are those of the whole."""
        self._ready.clear()
        while self._take():
            self._ready.clear()

    def _take(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self._ready += chunk
        self.size += len(chunk)
        self._crc32c = google_crc32c.extend(self._crc32c, chunk)
        return True


def storage_client(settings: GcpSettings) -> Client:
    """Return Cloud Storage's client, without credentials for an emulator."""
    # For its traces the client reads the metadata of every bucket, which no service may.
    os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    local = settings.storage_endpoint
    if not local:
        return Client(project=settings.project)
    return Client(
        project=settings.project,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": local},
    )


def _blob(found: Any) -> Blob:
    return Blob(
        uri=f"gs://{found.bucket.name}/{found.name}",
        generation=int(found.generation),
        size=int(found.size),
        checksum=f"crc32c:{base64.b64decode(found.crc32c).hex()}",
    )


def _checksum(crc32c: int) -> str:
    return f"crc32c:{crc32c:08x}"
