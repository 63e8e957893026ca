"""Prediction files in Cloud Storage, as `troupe read` finds them."""

from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from analysis import Reader
from tests.analysis.making import ANSWER, CALL_REVIEW, prediction
from tests.gcp.making import gcp_settings
from tests.gcp.storage_wire import StorageWire
from troupe.backends.gcp import bucket as storage
from troupe.backends.gcp.bucket import StorageBucket
from troupe.cli.cloud_files import cloud_inputs
from troupe.cli.read_inputs import BadInput, readings_of

NAME = gcp_settings().bucket
FOLDER = f"gs://{NAME}/prediction-model-2026"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> StorageBucket:
    """The bucket of a fake service, which every client of this test asks."""
    wire = StorageWire(NAME)

    def client(_: Any) -> Client:
        return Client(project="stories", credentials=AnonymousCredentials(), _http=wire)

    monkeypatch.setattr(storage, "storage_client", client)
    return StorageBucket(gcp_settings())


def test_the_final_files_below_an_address_are_read(bucket: StorageBucket) -> None:
    """The partial one is left out beside them."""
    line = prediction(str(ANSWER).replace("'", '"'))
    bucket.write_once("prediction-model-2026/predictions.jsonl", [line])
    bucket.write_once("prediction-model-2026/incremental_predictions.jsonl", [line])

    (found,) = cloud_inputs(FOLDER)
    assert f"{FOLDER}/predictions.jsonl" == found.name
    assert 1 == len([*readings_of(found, Reader(CALL_REVIEW))])

    (exact,) = cloud_inputs(f"{FOLDER}/incremental_predictions.jsonl")
    assert f"{FOLDER}/incremental_predictions.jsonl" == exact.name


def test_an_address_without_a_file_is_named(bucket: StorageBucket) -> None:
    bucket.write_once("other/predictions.jsonl", [b"{}"])

    with pytest.raises(BadInput, match=f"{FOLDER}: no prediction file is there"):
        cloud_inputs(FOLDER)
