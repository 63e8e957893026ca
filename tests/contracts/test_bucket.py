"""The forms of the bucket."""

from pathlib import Path

import pytest

from handlers.tools import Bucket
from infra.local.bucket import LocalBucket
from tests.contracts.suites import BucketSuite


class TestLocalBucket(BucketSuite):
    """A folder."""

    @pytest.fixture
    def bucket(self, tmp_path: Path) -> Bucket:
        return LocalBucket(tmp_path)


@pytest.mark.parametrize("path", ["", "/a", "a//b", "../a", "a/../../b", "a/.", "a/"])
def test_a_name_that_leads_out_of_the_folder_is_set_aside(tmp_path: Path, path: str) -> None:
    """The laptop's folder is the bucket, and no more."""
    from handlers.errors import SetAside

    with pytest.raises(SetAside):
        LocalBucket(tmp_path / "bucket").write_once(path, [b"x"])

    assert [] == [p for p in tmp_path.rglob("*") if p.is_file()]


def test_what_another_process_left_half_written_is_not_listed(tmp_path: Path) -> None:
    """It was killed before the object had its name."""
    bucket = LocalBucket(tmp_path)
    bucket.write_once("a/b", [b"whole"])
    (tmp_path.with_name(f"{tmp_path.name}-aside") / "c-99999").write_bytes(b"half")

    assert [bucket.uri("a/b")] == [blob.uri for blob in bucket.list(bucket.uri("a"))]
