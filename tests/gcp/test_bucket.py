"""Cloud Storage through Google's client: the contract suite, and replies of the service."""

from collections.abc import Iterator

import pytest
import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from handlers.dispatch.errors import Redeliver, Reject
from handlers.ports import Blob, Bucket
from tests.contracts.bucket_suite import BucketSuite
from tests.faults import replace_method
from tests.gcp.making import gcp_settings
from tests.gcp.storage_wire import StorageWire, reply
from troupe.backends.gcp.bucket import StorageBucket

BLOCK = 256 << 10


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the client's waits between two tries."""
    monkeypatch.setattr("google.api_core.retry.retry_unary.time.sleep", lambda seconds: None)


@pytest.fixture
def wire() -> StorageWire:
    return StorageWire(gcp_settings().bucket)


@pytest.fixture
def bucket(wire: StorageWire) -> StorageBucket:
    credentials = AnonymousCredentials()
    client = Client(project="stories", credentials=credentials, _http=wire)
    return StorageBucket(gcp_settings(), client, block=BLOCK)


class TestAsDocumented(BucketSuite):
    """The contract suite, with preconditions as Google documents them."""

    test_neither_disk_nor_memory_grows_with_the_object = None  # type: ignore[assignment] # all is kept here

    @pytest.fixture
    def bucket(self, bucket: StorageBucket) -> Bucket:
        return bucket


class Failing:
    """Fails this many requests whose method and address contain the words."""

    def __init__(self, status: int, method: str, words: str, times: int = 1) -> None:
        self.status, self.method, self.words, self.left = status, method, words, times

    def __call__(self, method: str, url: str) -> requests.Response | None:
        if method != self.method or self.words not in url or not self.left:
            return None
        self.left -= 1
        return reply(self.status, {"error": {"message": "secret text"}})


LARGE = [bytes([n]) * BLOCK for n in range(5)]


def test_a_small_object_is_uploaded_in_one_request(
    bucket: StorageBucket, wire: StorageWire
) -> None:
    """With its precondition and its checksum."""
    bucket.write_once("a/b", [b"hello"])

    assert ["POST multipart"] == wire.calls


def test_a_large_object_is_uploaded_in_parts(bucket: StorageBucket, wire: StorageWire) -> None:
    """No request is larger than a block."""
    blob = bucket.write_once("a/b", LARGE)

    assert ["POST resumable", *["PUT upload"] * 6] == wire.calls
    assert (BLOCK, 5 * BLOCK) == (wire.longest, blob.size)
    assert b"".join(LARGE) == wire.kept["a/b"].content


def test_an_existing_object_ends_an_upload_before_its_first_part(
    bucket: StorageBucket, wire: StorageWire
) -> None:
    """The other chunks are only counted."""
    bucket.write_once("a/b", LARGE)
    wire.calls.clear()

    bucket.write_once("a/b", LARGE)

    assert ["POST resumable", "GET storage"] == wire.calls


def test_an_object_that_appears_during_an_upload_wins(
    bucket: StorageBucket, wire: StorageWire
) -> None:
    """The precondition is checked again at the end."""

    def rival() -> Iterator[bytes]:
        yield from LARGE[:3]
        wire._keep("a/b", b"".join(LARGE), {})
        yield from LARGE[3:]

    blob = bucket.write_once("a/b", rival())

    assert [blob] == bucket.list(bucket.uri("a"))
    assert 1 == blob.generation


@pytest.mark.parametrize("content", [[b"hello"], LARGE])
def test_a_lost_reply_is_repaired_by_a_retry(
    bucket: StorageBucket, wire: StorageWire, content: list[bytes]
) -> None:
    """The client retries, and adopts its own object."""
    lost = Failing(503, "POST" if len(content) == 1 else "PUT", "upload", 1)

    def after(method: str, url: str) -> requests.Response | None:
        failed = lost(method, url) if not wire.kept else None
        if failed is not None and len(content) == 1:
            wire._keep("a/b", b"".join(content), {})
        return failed

    wire.fault = after

    blob = bucket.write_once("a/b", content)

    assert [blob] == bucket.list(bucket.uri("a"))
    assert b"".join(content) == wire.kept["a/b"].content


def test_an_error_of_the_service_is_reported_without_its_text(
    bucket: StorageBucket, wire: StorageWire
) -> None:
    """With our description of the call."""
    wire.fault = Failing(403, "POST", "upload", 99)

    with pytest.raises(Redeliver, match=r"^a/b: Forbidden 403$") as raised:
        bucket.write_once("a/b", [b"hello"])

    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("content", [[b"hello"], LARGE])
def test_an_object_that_was_damaged_during_the_upload_is_deleted(
    bucket: StorageBucket, wire: StorageWire, content: list[bytes]
) -> None:
    """Before an event names it."""
    keep = wire._keep
    replace_method(wire, "_keep", lambda *sent: keep(sent[0], sent[1][:-1] + b"?", sent[2]))

    with pytest.raises(Redeliver):
        bucket.write_once("a/b", content)

    assert {} == wire.kept


def test_a_download_with_another_checksum_is_redelivered(
    bucket: StorageBucket, wire: StorageWire
) -> None:
    """Only the whole object has a checksum."""
    blob = bucket.write_once("a/b", LARGE)
    wire.kept["a/b"].content = b"".join([*LARGE[:4], b"?" * BLOCK])

    with pytest.raises(Redeliver, match="a/b was damaged"):
        list(bucket.read(blob))


def test_a_deleted_generation_is_dead_lettered(bucket: StorageBucket, wire: StorageWire) -> None:
    """Another object of the same name is not read in its place."""
    blob = bucket.write_once("a/b", [b"hello"])
    wire.kept["a/b"].generation = 99

    with pytest.raises(Reject) as aside:
        list(bucket.read(blob))

    assert "object_missing" == aside.value.cause


def test_an_interrupted_read_continues(bucket: StorageBucket, wire: StorageWire) -> None:
    """The client requests the same part again."""
    blob = bucket.write_once("a/b", LARGE)
    wire.fault = Failing(503, "GET", "alt=media")

    assert b"".join(LARGE) == b"".join(bucket.read(blob))


def test_an_exception_in_the_chunks_ends_the_upload(
    bucket: StorageBucket, wire: StorageWire
) -> None:
    """The last part is never sent, so that no object and no notification appear."""

    def broken() -> Iterator[bytes]:
        yield from LARGE
        raise RuntimeError("the query failed")

    with pytest.raises(RuntimeError, match="the query failed"):
        bucket.write_once("a/b", broken())

    assert {} == wire.kept
    assert "PUT upload" in wire.calls


def test_vertex_writes_to_the_bucket_with_a_notification(wire: StorageWire) -> None:
    """Request and staging files are in the other one."""
    settings = gcp_settings(TROUPE_BUCKET="asked", TROUPE_OUTPUT_BUCKET="answers")
    credentials = AnonymousCredentials()
    bucket = StorageBucket(settings, Client(project="p", credentials=credentials, _http=wire))

    assert "gs://answers/output/d__r1__1__1__1" == bucket.uri("output/d__r1__1__1__1")
    assert "gs://asked/requests/d__r1__1__1.jsonl" == bucket.uri("requests/d__r1__1__1.jsonl")


def test_both_buckets_of_a_deployment_are_read(wire: StorageWire) -> None:
    """That of requests, and that of outputs."""
    settings = gcp_settings(TROUPE_OUTPUT_BUCKET="stories-output")
    credentials = AnonymousCredentials()
    client = Client(project="stories", credentials=credentials, _http=wire)
    bucket = StorageBucket(settings, client)

    assert [] == bucket.list("gs://stories-output/folder")
    with pytest.raises(Reject):
        list(bucket.read(Blob(uri="gs://other/a", generation=1, size=1, checksum="crc32c:0")))


def test_the_marker_of_a_folder_is_not_listed(bucket: StorageBucket, wire: StorageWire) -> None:
    """Google's console creates such markers."""
    wire._keep("a/", b"", {})
    blob = bucket.write_once("a/b", [b"x"])

    assert [blob] == bucket.list(bucket.uri("a"))
