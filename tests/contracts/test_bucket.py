"""The bucket in both forms, and tests of one form alone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from handlers.ports import Blob, Bucket
from tests.contracts.bucket_suite import BucketSuite
from tests.contracts.differences import CLOUD_STORAGE, expect
from troupe.backends.local.bucket import LocalBucket


class TestLocalBucket(BucketSuite):
    """The local backend's bucket: a folder."""

    @pytest.fixture
    def bucket(self, tmp_path: Path) -> Bucket:
        return LocalBucket(tmp_path)


SMALL_BLOCK = 256 << 10
"""The smallest part of a resumable upload, so that small objects are uploaded in parts too."""


class TestCloudStorage(BucketSuite):
    """The cloud backend's bucket: Google's client and an emulator."""

    @pytest.fixture
    def bucket(self, storage_server: str) -> Iterator[Bucket]:
        pytest.importorskip("google.cloud.storage", reason="pip install troupe[gcp]")
        from tests.gcp.making import gcp_settings
        from troupe.backends.gcp.bucket import StorageBucket, storage_client

        name = f"contract-{uuid4().hex[:12]}"
        settings = replace(
            gcp_settings(), bucket=name, output_bucket=name, storage_endpoint=storage_server
        )
        client = storage_client(settings)
        client.create_bucket(name)
        made = StorageBucket(settings, client, block=SMALL_BLOCK)
        yield made
        made.close()

    @pytest.fixture(autouse=True)
    def differences(self, request: pytest.FixtureRequest) -> None:
        expect(request, CLOUD_STORAGE)


@pytest.mark.parametrize("path", ["", "/a", "a//b", "../a", "a/../../b", "a/.", "a/"])
def test_a_name_that_leads_out_of_the_folder_is_dead_lettered(tmp_path: Path, path: str) -> None:
    """No file is written."""
    from handlers.dispatch.errors import Reject

    with pytest.raises(Reject):
        LocalBucket(tmp_path / "bucket").write_once(path, [b"x"])

    assert [] == [p for p in tmp_path.rglob("*") if p.is_file()]


def test_a_half_written_object_of_a_killed_process_is_not_listed(tmp_path: Path) -> None:
    """It has a temporary name outside of the bucket."""
    bucket = LocalBucket(tmp_path)
    bucket.write_once("a/b", [b"whole"])
    (tmp_path.with_name(f"{tmp_path.name}-aside") / "c-99999").write_bytes(b"half")

    assert [bucket.uri("a/b")] == [blob.uri for blob in bucket.list(bucket.uri("a"))]


def test_an_object_is_listed_once_it_is_whole(tmp_path: Path) -> None:
    """A process that reads while another writes finds nothing, rather than a half."""
    bucket = LocalBucket(tmp_path)
    seen: list[list[Blob]] = []

    def chunks() -> Iterator[bytes]:
        yield b"half"
        seen.append(bucket.list(bucket.uri("a")))
        yield b"and half"

    written = bucket.write_once("a/b", chunks())

    assert [[]] == seen
    assert [written] == bucket.list(bucket.uri("a"))
