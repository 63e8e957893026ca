"""Vertex AI batch prediction through the generated client: one create, no retries behind it."""

from collections.abc import Mapping
from datetime import UTC, datetime

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

from handlers.ports import Job, JobState

from .failures import AlreadyDone, translated
from .settings import CREATE_SECONDS, GcpSettings

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
"""For queries alone: a create that is sent twice makes two jobs."""


class VertexJobService:
    """The jobs of one project and location."""

    def __init__(self, settings: GcpSettings, client: JobServiceClient | None = None) -> None:
        self._client = client or _client(settings)
        self._parent = f"projects/{settings.project}/locations/{settings.vertex_location}"
        self._create_seconds = float(min(settings.policy.claim_seconds, CREATE_SECONDS))

    def create(
        self,
        *,
        display_name: str,
        model: str,
        request_uri: str,
        output_prefix: str,
        labels: Mapping[str, str],
    ) -> Job:
        """One request. Without an answer the end is unknown: `Redeliver`, and the label tells.

        Raises `Refused` for an unknown model, a request that the service finds wrong, or a
        missing right.
        """
        asked = BatchPredictionJob(
            display_name=display_name[:LONGEST_NAME],
            model=model if "/" in model else f"publishers/google/models/{model}",
            input_config=BatchPredictionJob.InputConfig(
                instances_format="jsonl", gcs_source=GcsSource(uris=[request_uri])
            ),
            output_config=BatchPredictionJob.OutputConfig(
                predictions_format="jsonl",
                gcs_destination=GcsDestination(output_uri_prefix=output_prefix),
            ),
            labels=dict(labels),
        )
        with translated("vertex:create", f"creating {display_name} with {model}"):
            return _job(
                self._client.create_batch_prediction_job(
                    parent=self._parent,
                    batch_prediction_job=asked,
                    retry=None,
                    timeout=self._create_seconds,
                )
            )

    def find(self, labels: Mapping[str, str]) -> list[Job]:
        return self._list(labelled(labels))

    def created_since(self, since: datetime, labels: Mapping[str, str]) -> list[Job]:
        time = since.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return self._list(f'{labelled(labels)} AND create_time>="{time}"')

    def get(self, name: str) -> Job | None:
        with translated("vertex:get", f"asking for {name}"):
            try:
                job = self._client.get_batch_prediction_job(
                    name=name, retry=_AGAIN, timeout=_CALL_SECONDS
                )
            except api.NotFound:
                return None
        return _job(job)

    def cancel(self, name: str) -> None:
        """A job that has ended, or is gone, is left as it is."""
        try:
            with translated("vertex:cancel", f"cancelling {name}"):
                self._client.cancel_batch_prediction_job(
                    name=name, retry=_AGAIN, timeout=_CALL_SECONDS
                )
        except AlreadyDone:
            return

    def _list(self, told: str) -> list[Job]:
        request = ListBatchPredictionJobsRequest(parent=self._parent, filter=told, page_size=_PAGE)
        with translated("vertex:list", "listing jobs"):
            found = self._client.list_batch_prediction_jobs(
                request=request, retry=_AGAIN, timeout=_CALL_SECONDS
            )
            jobs = [_job(each) for each in found]
        return sorted(jobs, key=lambda job: (job.created_at, job.name))


def labelled(labels: Mapping[str, str]) -> str:
    """The list filter for all of these labels, which takes no value for a part of the filter."""
    return " AND ".join(f"labels.{name}={_quoted(value)}" for name, value in labels.items())


def endpoint_of(location: str) -> str:
    """The host that answers for a region, for `us` and `eu`, or for `global`."""
    if location == "global":
        return "aiplatform.googleapis.com"
    if location in ("us", "eu"):
        return f"aiplatform.{location}.rep.googleapis.com"
    return f"{location}-aiplatform.googleapis.com"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _client(settings: GcpSettings) -> JobServiceClient:
    endpoint = settings.vertex_endpoint
    local = endpoint.startswith("http://")
    nobody = AnonymousCredentials() if local else None  # type: ignore[no-untyped-call]
    return JobServiceClient(
        credentials=nobody,
        transport="rest" if local else settings.vertex_transport,
        client_options=ClientOptions(
            api_endpoint=endpoint or endpoint_of(settings.vertex_location)
        ),
    )


def _job(told: BatchPredictionJob) -> Job:
    return Job(
        name=told.name,
        # Not through the client's own enum, which warns of a state that it does not know.
        state=_state(int(BatchPredictionJob.pb(told).state)),
        labels=dict(told.labels),
        created_at=_time(told.create_time) or datetime.fromtimestamp(0, UTC),
        started_at=_time(told.start_time),
        output_folder=told.output_info.gcs_output_directory or None,
        error_code=told.error.code or None,
        error_message=told.error.message,
    )


def _state(number: int) -> JobState:
    """A state of a later version of the service is none of those that end a job."""
    try:
        return JobState(number)
    except ValueError:
        return JobState.UNSPECIFIED


def _time(told: datetime | None) -> datetime | None:
    """As a plain datetime: the client's own class knows nanoseconds."""
    return None if told is None else datetime.fromisoformat(told.isoformat()).astimezone(UTC)
