"""The contract suite of the bucket, run on every form of it: a folder and Cloud Storage."""

import gc
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest

from handlers.dispatch.errors import Reject
from handlers.ports import Blob, Bucket


class BucketSuite:
    """A form defines the fixture `bucket`, an empty bucket of its own."""

    def put(self, bucket: Bucket, path: str, content: bytes = b"x") -> Blob:
        return bucket.write_once(path, [content])

    def content(self, bucket: Bucket, blob: Blob) -> bytes:
        return b"".join(bucket.read(blob))

    def paths(self, bucket: Bucket, folder: str) -> list[str]:
        return [blob.uri.removeprefix(bucket.uri("")) for blob in bucket.list(bucket.uri(folder))]

    def test_what_is_written_is_read(self, bucket: Bucket) -> None:
        """From several chunks, one of them empty."""
        blob = bucket.write_once("a/b.jsonl", iter([b"one\n", b"", b"two\n"]))

        assert b"one\ntwo\n" == self.content(bucket, blob)
        assert (bucket.uri("a/b.jsonl"), 8) == (blob.uri, blob.size)
        assert blob.generation > 0

    def test_an_empty_object_is_an_object(self, bucket: Bucket) -> None:
        """Written without any chunk."""
        blob = bucket.write_once("a/empty", [])

        assert (0, b"", ["a/empty"]) == (
            blob.size,
            self.content(bucket, blob),
            self.paths(bucket, "a"),
        )

    def test_equal_content_is_adopted(self, bucket: Bucket) -> None:
        """However it is divided into chunks, as by a redelivered message."""
        first = bucket.write_once("a/b", [b"hello ", b"world"])

        assert first == bucket.write_once("a/b", [b"hello", b" world"])
        assert [first] == bucket.list(bucket.uri("a"))

    @pytest.mark.parametrize("other", [b"other", b"hellO", b"", b"hello!"])
    def test_other_content_is_dead_lettered_and_nothing_overwritten(
        self, bucket: Bucket, other: bytes
    ) -> None:
        """Also content of the same length."""
        first = self.put(bucket, "a/b", b"hello")

        with pytest.raises(Reject) as rejected:
            self.put(bucket, "a/b", other)

        assert "object_conflict" == rejected.value.cause
        assert (b"hello", [first]) == (self.content(bucket, first), bucket.list(bucket.uri("a")))

    def test_an_exception_in_the_chunks_leaves_nothing(self, bucket: Bucket) -> None:
        """No part of the object exists, and its name can be used."""

        def broken() -> Iterator[bytes]:
            yield b"x" * 3_000_000
            raise RuntimeError("the query failed")

        with pytest.raises(RuntimeError, match="the query failed"):
            bucket.write_once("a/b", broken())

        assert [] == bucket.list(bucket.uri("a"))
        assert b"whole" == self.content(bucket, self.put(bucket, "a/b", b"whole"))

    def test_an_interrupted_write_leaves_nothing(self, bucket: Bucket) -> None:
        """As by Ctrl-C."""

        def interrupted() -> Iterator[bytes]:
            yield b"half"
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            bucket.write_once("a/b", interrupted())
        gc.collect()

        assert [] == bucket.list(bucket.uri("a"))

    @pytest.mark.parametrize(
        "path",
        [
            "output/d1__r1__1__1__1/prediction-model-2026-03-02T09:00:00.123456Z/predictions.jsonl",
            "a/with space & more=1+2/ü%20😀.jsonl",
            "a/predictions.jsonl-00001-of-00003",
            "a/100%",
            "a/.hidden",
            "a/b.part",
        ],
    )
    def test_names_come_back_as_they_were_given(self, bucket: Bucket, path: str) -> None:
        """Vertex's output folders contain colons."""
        blob = self.put(bucket, path, path.encode())
        folder = path.rpartition("/")[0]

        assert [blob] == bucket.list(bucket.uri(folder))
        assert (bucket.uri(path), path.encode()) == (blob.uri, self.content(bucket, blob))

    def test_a_folder_is_not_its_longer_neighbour(self, bucket: Bucket) -> None:
        """Listing `job1` does not list `job10`; a trailing slash makes no difference."""
        for path in ("job1/a", "job10/a", "job1.old/a", "job1/below/b"):
            self.put(bucket, path)

        assert ["job1/a", "job1/below/b"] == self.paths(bucket, "job1")
        assert ["job1/a", "job1/below/b"] == self.paths(bucket, "job1/")

    def test_a_missing_folder_is_empty(self, bucket: Bucket) -> None:
        """As the output folder of a job without output."""
        assert [] == bucket.list(bucket.uri("nowhere"))

    def test_objects_are_listed_in_order_of_name(self, bucket: Bucket) -> None:
        """By the bytes of the whole name, as Cloud Storage does."""
        names = ["j/10", "j/1:2", "j/2", "j/A", "j/a-b", "j/a/b", "j/a_b", "j/ü"]
        for name in reversed(names):
            self.put(bucket, name)

        assert sorted(names, key=str.encode) == self.paths(bucket, "j")

    def test_a_listed_object_equals_the_written_one(self, bucket: Bucket) -> None:
        """Size, generation and checksum."""
        blob = self.put(bucket, "a/b", b"content")

        assert [blob] == bucket.list(bucket.uri("a"))

    def test_equal_content_has_an_equal_checksum(self, bucket: Bucket) -> None:
        """Under any name; other content has another checksum."""
        one, same, other = (
            self.put(bucket, name, content)
            for name, content in (("a/1", b"abc"), ("a/2", b"abc"), ("a/3", b"abd"))
        )

        assert one.checksum == same.checksum != other.checksum
        assert ":" in one.checksum

    def test_a_large_object_is_read_in_blocks(self, bucket: Bucket) -> None:
        """No block is larger than 8 MB."""
        block = bytes(range(256)) * 4_096
        blob = bucket.write_once("a/large", (block for _ in range(9)))

        sizes, checksum = [], 0
        for part in bucket.read(blob):
            sizes.append(len(part))
            checksum = zlib.crc32(part, checksum)

        assert (9 * len(block), zlib.crc32(block * 9)) == (sum(sizes), checksum)
        assert max(sizes) <= 8 << 20
        assert len(sizes) > 1

    LARGE = (b"0123456789abcdef" * 4_096,) * 20
    """Larger than one part of a resumable upload."""

    def test_a_large_object_is_adopted_when_it_is_the_same(self, bucket: Bucket) -> None:
        """Also when it is uploaded in parts."""
        first = bucket.write_once("a/large", self.LARGE)

        assert first == bucket.write_once("a/large", [b"".join(self.LARGE)])

    def test_a_large_object_with_other_content_is_dead_lettered(self, bucket: Bucket) -> None:
        """Also when it is uploaded in parts."""
        first = bucket.write_once("a/large", self.LARGE)

        with pytest.raises(Reject):
            bucket.write_once("a/large", [*self.LARGE, b"more"])

        assert [first] == bucket.list(bucket.uri("a"))

    def test_neither_disk_nor_memory_grows_with_the_object(
        self, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """There is no folder for temporary files, and peak memory stays below half of the object."""
        monkeypatch.setattr("tempfile.tempdir", "/nowhere/at/all")
        block = b"x" * (1 << 20)
        tracemalloc.start()
        try:
            blob = bucket.write_once("a/large", (block for _ in range(16)))
            read = sum(len(part) for part in bucket.read(blob))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert 16 * len(block) == blob.size == read
        assert peak < 8 * len(block)

    def test_the_uri_of_another_bucket_is_dead_lettered(self, bucket: Bucket) -> None:
        """An event may name any URI."""
        with pytest.raises(Reject):
            bucket.list("gs://other-bucket/folder")
