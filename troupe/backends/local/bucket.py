"""The local bucket: a folder of objects, each under an encoded name."""

import os
import shutil
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote

from handlers.dispatch.errors import Redeliver, Reject
from handlers.ports import Blob

from .disk import ending_on_disk_failure

BLOCK = 1 << 18
"""Bytes. The allocator returns larger blocks to the system, which clears them for each use."""
BUCKET = "local"
_PREFIX = f"gs://{BUCKET}/"


class LocalBucket:
    """Write-once objects in a folder. An object is written aside, and appears whole.

    The generation of every object is 1, because none is ever overwritten.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self._aside = folder, folder.with_name(f"{folder.name}-aside")

    @ending_on_disk_failure()
    def write_once(self, path: str, chunks: Iterable[bytes]) -> Blob:
        target = self.folder / _encoded(path)
        for each in (target.parent, self._aside):
            each.mkdir(parents=True, exist_ok=True)
        part = self._aside / f"{zlib.crc32(path.encode()):08x}-{os.getpid()}"
        try:
            written = _write(part, chunks)
            return self._publish(part, target, path, written)
        finally:
            part.unlink(missing_ok=True)

    def read(self, blob: Blob) -> Iterator[bytes]:
        with self.path_of(blob.uri).open("rb") as file:
            while block := file.read(BLOCK):
                yield block

    def list(self, folder: str) -> list[Blob]:
        root = self.path_of(folder.rstrip("/"))
        if not root.is_dir():
            return []
        blobs = (self._blob(p) for p in root.rglob("*") if p.is_file())
        return sorted(blobs, key=lambda blob: blob.uri)

    def discard(self, folder: str) -> None:
        """Delete the objects below this path; the caller knows that nothing reads them."""
        shutil.rmtree(self.folder / _encoded(folder), ignore_errors=True)

    def discard_parts(self) -> None:
        """Delete what a process that died had begun to write."""
        for part in self._aside.glob("*"):
            part.unlink()

    def uri(self, path: str) -> str:
        return _PREFIX + path

    def path_of(self, uri: str) -> Path:
        """Return the path of the object's file, whether it exists or not."""
        if not uri.startswith(_PREFIX):
            raise Reject("foreign_bucket", f"{uri.split('/')[2:3]} is not the local bucket")
        return self.folder / _encoded(uri.removeprefix(_PREFIX))

    def _publish(self, part: Path, target: Path, path: str, written: tuple[int, int]) -> Blob:
        size, checksum = written
        try:
            with ending_on_disk_failure():
                _move_new(part, target)
        except FileExistsError:
            if (target.stat().st_size, _checksum_of(target)) != written:
                raise Reject(
                    "object_conflict", f"{path} exists already, with other content"
                ) from None
        except OSError as error:
            raise Redeliver(f"{path} cannot be written to the folder of the bucket") from error
        return Blob(uri=self.uri(path), generation=1, size=size, checksum=f"crc32:{checksum:08x}")

    def _blob(self, file: Path) -> Blob:
        relative = file.relative_to(self.folder).as_posix()
        return Blob(
            uri=self.uri(unquote(relative)),
            generation=1,
            size=file.stat().st_size,
            checksum=f"crc32:{_checksum_of(file):08x}",
        )


def _move_new(part: Path, target: Path) -> None:
    """Rename the file without overwriting. Raises `FileExistsError` when the name is taken."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links. One process owns the folder, so it may check first.
        if target.exists():
            raise FileExistsError(target) from None
        part.replace(target)


def _encoded(path: str) -> Path:
    """Encode each part of the name: Vertex's folders contain colons, which Windows forbids."""
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise Reject("bad_object_name", f"{path!r} cannot be the name of an object here")
    return Path(*(quote(part, safe="-_.=+ ") for part in parts))


def _write(part: Path, chunks: Iterable[bytes]) -> tuple[int, int]:
    size = checksum = 0
    with part.open("wb", buffering=BLOCK) as file:
        for chunk in chunks:
            file.write(chunk)
            size += len(chunk)
            checksum = zlib.crc32(chunk, checksum)
        file.flush()
        os.fsync(file.fileno())
    return size, checksum


def _checksum_of(file: Path) -> int:
    checksum = 0
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            checksum = zlib.crc32(block, checksum)
    return checksum
