"""Vertex AI through the generated client: hosts, filters, and a create without retries."""

from datetime import UTC, datetime
from typing import Any

import pytest
from google.api_core import exceptions as api
from google.cloud.aiplatform_v1.types import BatchPredictionJob

from handlers.attempts.job_states import REFUSALS
from handlers.dispatch.errors import Redeliver, Refused
from handlers.ports import JobState
from tests.gcp.making import gcp_settings
from troupe.backends.gcp.job_service import VertexJobService, endpoint_of, label_filter

JOB = "projects/stories/locations/europe-west4/batchPredictionJobs/1"


class Client:
    """Keeps the calls, and returns a job or raises an error."""

    def __init__(self, answer: Any = None) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._answer = answer

    def __getattr__(self, call: str) -> Any:
        def answer(**given: Any) -> Any:
            self.calls.append((call, given))
            if isinstance(self._answer, Exception):
                raise self._answer
            return self._answer

        return answer


def model(answer: Any = None, **settings: Any) -> tuple[VertexJobService, Client]:
    client = Client(answer)
    return VertexJobService(gcp_settings(**settings), client), client  # type: ignore[arg-type] # a fake of the client


def failure(status: int) -> Exception:
    made: Exception = api.from_http_status(status, "")
    return made


def create(tool: VertexJobService, **changed: Any) -> Any:
    given: dict[str, Any] = {
        "display_name": "troupe.x", "model": "gemini-3.5-flash-lite",
        "request_uri": "gs://b/in.jsonl", "output_prefix": "gs://b/output/x", "labels": {"a": "b"},
    }  # fmt: skip
    return tool.create(**(given | changed))


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
    ],
)
def test_every_kind_of_location_has_its_host(location: str, host: str) -> None:
    """Regional, multi-regional and global."""
    assert host == endpoint_of(location)


def test_a_create_is_one_request_without_retry_and_with_a_timeout() -> None:
    """The service does not deduplicate."""
    tool, client = model(BatchPredictionJob(name=JOB))
    create(tool)

    ((call, given),) = client.calls
    assert ("create_batch_prediction_job", None, 60.0) == (call, given["retry"], given["timeout"])
    assert "projects/stories/locations/europe-west4" == given["parent"]


def test_the_request_has_the_documented_form() -> None:
    """Formats, addresses, and the full name of the model."""
    tool, client = model(BatchPredictionJob(name=JOB))
    create(tool)

    asked = client.calls[0][1]["batch_prediction_job"]
    assert (
        "publishers/google/models/gemini-3.5-flash-lite", "jsonl", ["gs://b/in.jsonl"],
        "jsonl", "gs://b/output/x", {"a": "b"},
    ) == (
        asked.model, asked.input_config.instances_format, asked.input_config.gcs_source.uris,
        asked.output_config.predictions_format,
        asked.output_config.gcs_destination.output_uri_prefix, dict(asked.labels),
    )  # fmt: skip


@pytest.mark.parametrize("status", [503, 504, 500, 429, 499])
def test_without_a_clear_reply_the_message_is_redelivered(status: int) -> None:
    """The job may exist: it is found by its labels, and never created twice."""
    tool, client = model(failure(status))

    with pytest.raises(Redeliver):
        create(tool)
    assert 1 == len(client.calls)


@pytest.mark.parametrize(
    ("status", "cause"),
    [(404, "model_not_found"), (400, "bad_request"), (403, "permission_denied")],
)
def test_a_permanent_error_is_refused_with_a_stable_cause(status: int, cause: str) -> None:
    """Which stops the run."""
    tool, _ = model(failure(status))

    with pytest.raises(Refused) as refused:
        create(tool)
    assert cause == refused.value.cause
    assert cause in REFUSALS


def test_a_job_of_another_location_is_not_taken_for_deleted() -> None:
    """A wrong setting: the job may well be alive there."""
    tool, client = model(api.NotFound("gone"))

    with pytest.raises(Redeliver, match="configured location europe-west4"):
        tool.get(JOB.replace("europe-west4", "us-central1"))
    assert [] == client.calls
    assert tool.get(JOB) is None


def test_a_list_filters_by_label_and_by_time() -> None:
    """In Vertex's filter syntax, with the time in UTC."""
    tool, client = model([])
    since = datetime.fromisoformat("2026-03-02T10:00:00.000001+01:00")

    tool.created_since(since, {"troupe": "ab12"})

    assert 'labels.troupe="ab12" AND create_time>="2026-03-02T09:00:00.000001Z"' == (
        client.calls[0][1]["request"].filter
    )


def test_a_list_filters_by_all_labels() -> None:
    """A job of another attempt has one of them as well."""
    tool, client = model([])

    tool.find({"troupe": "ab12", "attempt": "ab12__r1__1__1"})

    assert 'labels.troupe="ab12" AND labels.attempt="ab12__r1__1__1"' == (
        client.calls[0][1]["request"].filter
    )


def test_a_label_s_value_is_quoted() -> None:
    """Backslashes and quotes are escaped."""
    assert r'labels.a="x\" OR \\"' == label_filter({"a": 'x" OR \\'})


@pytest.mark.parametrize(
    ("call", "given"),
    [
        ("find", ({"a": "b"},)),
        ("created_since", (datetime(2026, 3, 2, tzinfo=UTC), {"a": "b"})),
        ("get", (JOB,)),
        ("cancel", (JOB,)),
    ],
)
def test_calls_that_read_are_retried(call: str, given: tuple[Any, ...]) -> None:
    """With a timeout."""
    answer: Any = [] if len(given) > 1 or call == "find" else BatchPredictionJob(name=JOB)
    tool, client = model(answer)
    getattr(tool, call)(*given)

    options = client.calls[0][1]
    assert options["retry"] is not None
    assert options["timeout"] <= 60


@pytest.mark.parametrize(
    ("call", "status"), [("get", 404), ("cancel", 404), ("cancel", 400)]
)  # fmt: skip
def test_a_deleted_or_ended_job_is_not_an_error(call: str, status: int) -> None:
    """`get` returns None, `cancel` does nothing."""
    tool, _ = model(failure(status))

    assert None is getattr(tool, call)(JOB)


def test_an_unknown_state_is_not_an_end() -> None:
    """The job is watched further."""
    resource = BatchPredictionJob(name=JOB)
    BatchPredictionJob.pb(resource).state = 99
    tool, _ = model(resource)

    job = tool.get(JOB)
    assert job is not None
    assert (JobState.UNSPECIFIED, False) == (job.state, job.state.ended)


def test_a_shorter_claim_shortens_the_timeout_of_the_creation() -> None:
    """A creation that begins in the claim's last second ends before the next claim."""
    tool, client = model(
        BatchPredictionJob(name=JOB), TROUPE_CLAIM_SECONDS=10, TROUPE_RECLAIM_SECONDS=30
    )
    create(tool)

    assert 10.0 == client.calls[0][1]["timeout"]
