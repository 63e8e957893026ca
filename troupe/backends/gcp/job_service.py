"""The job service on Google Cloud: Vertex AI batch prediction through the generated client.

The client of 110 MB is imported here alone; `backend.py` imports this module when it is needed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar, Unpack, cast

import grpc
from google.api_core import exceptions as api
from google.api_core.client_options import ClientOptions
from google.api_core.retry import Retry, if_exception_type
from google.auth.credentials import AnonymousCredentials
from google.cloud.aiplatform_v1.services.job_service import JobServiceClient
from google.cloud.aiplatform_v1.types import (
    BatchPredictionJob,
    GcsDestination,
    GcsSource,
    ListBatchPredictionJobsRequest,
)

from handlers.dispatch.errors import Redeliver
from handlers.ports import Job, JobRequest, JobState

from .failures import AlreadyDone, translated
from .settings import CREATE_SECONDS, GcpSettings

C = TypeVar("C")

GRPC = "grpc://"
LONGEST_NAME = 128
_CALL_SECONDS = 30.0
_PAGE = 100
_AGAIN = Retry(
    predicate=if_exception_type(
        api.ServiceUnavailable, api.InternalServerError, api.TooManyRequests
    ),
    initial=0.5,
    maximum=8.0,
    timeout=60.0,
)
"""For calls that read or cancel. A create that is sent twice makes two jobs."""


class VertexJobService:
    """The batch prediction jobs of one project and location."""

    def __init__(self, settings: GcpSettings, client: JobServiceClient | None = None) -> None:
        self._client = client or client_of(JobServiceClient, settings)
        self._location = settings.vertex_location
        self._parent = f"projects/{settings.project}/locations/{settings.vertex_location}"
        self._create_seconds = float(min(settings.policy.claim_seconds, CREATE_SECONDS))

    def create(self, **request: Unpack[JobRequest]) -> Job:
        """Create a job with one request, which is never retried.

        Raises `Redeliver` without a reply: the job may exist, and is then found by its labels.
        Raises `Unavailable` when the service says that it did not create the job.
        Raises `Refused` for an unknown model, an invalid request, or a missing permission.
        """
        name, model = request["display_name"], request["model"]
        job = BatchPredictionJob(
            display_name=name[:LONGEST_NAME],
            model=model if "/" in model else f"publishers/google/models/{model}",
            input_config=BatchPredictionJob.InputConfig(
                instances_format="jsonl", gcs_source=GcsSource(uris=[request["request_uri"]])
            ),
            output_config=BatchPredictionJob.OutputConfig(
                predictions_format="jsonl",
                gcs_destination=GcsDestination(output_uri_prefix=request["output_prefix"]),
            ),
            labels=request["labels"],
        )
        with translated("vertex:create", f"creating {name} with {model}"):
            return _job(
                self._client.create_batch_prediction_job(
                    parent=self._parent,
                    batch_prediction_job=job,
                    retry=None,
                    timeout=self._create_seconds,
                )
            )

    def find(self, labels: Mapping[str, str]) -> list[Job]:
        return self._list(label_filter(labels))

    def created_since(self, since: datetime, labels: Mapping[str, str]) -> list[Job]:
        time = since.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return self._list(f'{label_filter(labels)} AND create_time>="{time}"')

    def get(self, name: str) -> Job | None:
        """Return one job; None when it was deleted.

        Raises `Redeliver` for a job of another location: there it may well exist.
        """
        if f"/locations/{self._location}/" not in name:
            raise Redeliver(f"{name} is not in the configured location {self._location}")
        with translated("vertex:get", f"reading {name}"):
            try:
                job = self._client.get_batch_prediction_job(
                    name=name, retry=_AGAIN, timeout=_CALL_SECONDS
                )
            except api.NotFound:
                return None
        return _job(job)

    def cancel(self, name: str) -> None:
        """Request the cancellation; a job that has ended or was deleted is left as it is."""
        try:
            with translated("vertex:cancel", f"cancelling {name}"):
                self._client.cancel_batch_prediction_job(
                    name=name, retry=_AGAIN, timeout=_CALL_SECONDS
                )
        except AlreadyDone:
            return

    def _list(self, filter_: str) -> list[Job]:
        request = ListBatchPredictionJobsRequest(
            parent=self._parent, filter=filter_, page_size=_PAGE
        )
        with translated("vertex:list", "listing jobs"):
            listed = self._client.list_batch_prediction_jobs(
                request=request, retry=_AGAIN, timeout=_CALL_SECONDS
            )
            jobs = [_job(each) for each in listed]
        return sorted(jobs, key=lambda job: (job.created_at, job.name))


def label_filter(labels: Mapping[str, str]) -> str:
    """Return the list filter for jobs with all of these labels; values are quoted."""
    return " AND ".join(f"labels.{name}={_quoted(value)}" for name, value in labels.items())


def endpoint_of(location: str) -> str:
    """Return the host of the API for a region, for `us` or `eu`, or for `global`."""
    if location == "global":
        return "aiplatform.googleapis.com"
    if location in ("us", "eu"):
        return f"aiplatform.{location}.rep.googleapis.com"
    return f"{location}-aiplatform.googleapis.com"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def client_of(kind: type[C], settings: GcpSettings) -> C:
    """Make a client of Vertex that reaches the configured location, or the endpoint in its place.

    An endpoint that begins with http:// speaks REST, and one with grpc:// gRPC, both without
    encryption and credentials: test servers do.
    """
    endpoint, make = settings.vertex_endpoint, cast("Any", kind)
    client: C
    if endpoint.startswith(GRPC):
        # A transport that is given has its own channel and takes no further options.
        channel = grpc.insecure_channel(endpoint.removeprefix(GRPC))
        client = make(transport=make.get_transport_class("grpc")(channel=channel))
        return client
    local = endpoint.startswith("http://")
    host = endpoint or endpoint_of(settings.vertex_location)
    client = make(
        credentials=AnonymousCredentials() if local else None,
        transport="rest" if local else settings.vertex_transport,
        client_options=ClientOptions(api_endpoint=host),
    )
    return client


def _job(job: BatchPredictionJob) -> Job:
    return Job(
        name=job.name,
        # As a number: the client's own enum warns of a state that it does not know.
        state=_state(int(BatchPredictionJob.pb(job).state)),
        labels=dict(job.labels),
        created_at=_time(job.create_time) or datetime.fromtimestamp(0, UTC),
        started_at=_time(job.start_time),
        output_folder=job.output_info.gcs_output_directory or None,
        error_code=job.error.code or None,
        error_message=job.error.message,
    )


def _state(number: int) -> JobState:
    """Return the state; an unknown one, of a later API, counts as a job that has not ended."""
    try:
        return JobState(number)
    except ValueError:
        return JobState.UNSPECIFIED


def _time(time: datetime | None) -> datetime | None:
    """Return a plain datetime: the client's own class has nanoseconds."""
    return None if time is None else datetime.fromisoformat(time.isoformat()).astimezone(UTC)
