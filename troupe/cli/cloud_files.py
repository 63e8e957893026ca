"""Objects in Cloud Storage, as files that a command reads."""

import os
from collections.abc import Iterator

from handlers.attempts.job_states import results_in
from handlers.dispatch.errors import Redeliver, Reject
from handlers.ports import Blob

from .read_inputs import BadInput, Input

BUCKET_ADDRESS = "gs://"


def cloud_inputs(address: str) -> list[Input]:
    """Return the object at this address, or the prediction files below it.

    Raises `BadInput` when there is none, or when Google's client is not installed.
    """
    try:
        from google.auth.exceptions import GoogleAuthError

        from troupe.backends.gcp.bucket import StorageBucket
        from troupe.backends.gcp.settings import GcpSettings
    except ModuleNotFoundError as error:
        raise BadInput(
            f"{address}: {error.name} is not installed: pip install 'troupe[gcp]'"
        ) from error
    name = address.removeprefix(BUCKET_ADDRESS).partition("/")[0]
    endpoint = os.environ.get("STORAGE_EMULATOR_HOST", "")
    project = os.environ.get("GOOGLE_CLOUD_PROJECT", "")
    settings = GcpSettings(
        project=project, bucket=name, output_bucket=name, storage_endpoint=endpoint,
        dataset="", staging_dataset="", bigquery_location="", vertex_location="",
    )  # fmt: skip
    try:
        bucket = StorageBucket(settings)
        parent, _, last = address.rstrip("/").rpartition("/")
        beside = [] if parent == "gs:/" else bucket.list(parent)
        exact = [blob for blob in beside if blob.uri == address and last]
        found = exact or results_in(bucket.list(address), must_be_whole=False)
    except (Redeliver, Reject, GoogleAuthError) as error:
        raise BadInput(f"{address} cannot be read: {error}") from error
    if not found:
        raise BadInput(f"{address}: no prediction file is there")

    def blocks_of(blob: Blob) -> Iterator[bytes]:
        try:
            yield from bucket.read(blob)
        except (Redeliver, Reject, GoogleAuthError) as error:
            raise BadInput(f"{address} cannot be read: {error}") from error

    return [Input(blob.uri, lambda blob=blob: blocks_of(blob)) for blob in found]  # type: ignore[misc] # a default of a lambda has no type
