"""The contract suite of the job service, run on every form of it: in process and over HTTP."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from handlers.dispatch.errors import Refused
from handlers.ports import Job, JobService, JobState
from tests.local.fakes import HeldClock, MemoryBucket
from tests.standin.test_vertex import request
from troupe.standin.settings import Behaviour, End
from troupe.standin.vertex import StandIn

MODEL = "gemini-3.5-flash-lite"
LABELS = {"troupe": "ab12", "attempt": "ab12__r-1__1__1"}
STAYS = (
    JobState.UNSPECIFIED, JobState.QUEUED, JobState.PENDING, JobState.RUNNING,
    JobState.PAUSED, JobState.UPDATING,
)  # fmt: skip
ENDS = (
    JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED,
    JobState.PARTIALLY_SUCCEEDED,
)  # fmt: skip

Opened = Callable[[StandIn], AbstractContextManager[JobService]]
"""Opens a form of the port on a stand-in."""


class JobServiceHarness:
    """A stand-in with its clock and bucket, and the port that reaches it."""

    def __init__(self, folder: Path, **behaviour: Any) -> None:
        self.clock, self.bucket = HeldClock(), MemoryBucket()
        self.service = StandIn(folder, self.bucket, self.clock, behaviour=Behaviour(**behaviour))
        self.job_service: JobService

    def create(self, **changed: Any) -> Job:
        request = {
            "display_name": "troupe.ab12__r-1__1__1",
            "model": MODEL,
            "request_uri": self.bucket.uri("in.jsonl"),
            "output_prefix": self.bucket.uri("output/ab12__r-1__1__1__1"),
            "labels": LABELS,
        }
        return self.job_service.create(**(request | changed))

    def labelled(self, **labels: str) -> Job:
        return self.create(labels=labels)

    def work(self, seconds: float = 0) -> None:
        self.clock.pass_(seconds)
        while self.service.step():
            pass

    def now(self, job: Job) -> Job:
        current = self.job_service.get(job.name)
        assert current is not None, "the job does not exist"
        return current


class JobServiceSuite:
    """A form defines the fixture `opened`."""

    @pytest.fixture
    def harness(self, tmp_path: Path, opened: Opened) -> Any:
        made = JobServiceHarness(tmp_path, pending_seconds=60)
        with opened(made.service) as made.job_service:
            made.bucket.write_once("in.jsonl", [_line(number) for number in range(3)])
            yield made

    def test_a_new_job_waits_and_carries_its_labels(self, harness: JobServiceHarness) -> None:
        """It has no start time, folder or error."""
        job = harness.create()

        assert (JobState.PENDING, LABELS, harness.clock()) == (
            job.state,
            job.labels,
            job.created_at,
        )
        assert (None, None, None, "") == (
            job.started_at, job.output_folder, job.error_code, job.error_message,
        )  # fmt: skip

    def test_a_job_read_by_name_equals_the_created_one(self, harness: JobServiceHarness) -> None:
        """Times to the microsecond."""
        harness.clock.pass_(0.123456)
        job = harness.create()

        assert job == harness.now(job)

    def test_every_create_is_a_job_of_its_own(self, harness: JobServiceHarness) -> None:
        """The service does not deduplicate, and the port sends no request twice."""
        one, other = harness.create(), harness.create()

        assert one.name != other.name
        assert 2 == len(harness.service.find(LABELS))

    def test_jobs_are_found_by_all_of_their_labels(self, harness: JobServiceHarness) -> None:
        """One label that differs, or is missing, is another job."""
        mine = harness.labelled(troupe="ab12", attempt="a1", claim="1")
        harness.labelled(troupe="ab12", attempt="a10")
        harness.labelled(troupe="cd34", attempt="a1")
        harness.labelled(attempt="a1")

        assert [mine] == harness.job_service.find({"troupe": "ab12", "attempt": "a1"})

    @pytest.mark.parametrize("value", ["", "1", "-", "a-b_c", "ab12__r-1__1__1", "x" * 63])
    def test_every_label_that_may_be_written_can_be_found(
        self, harness: JobServiceHarness, value: str
    ) -> None:
        """Digits, hyphens, and the empty value."""
        harness.labelled(troupe="ab12", attempt="other")
        job = harness.labelled(troupe="ab12", attempt=value)

        assert [job] == harness.job_service.find({"troupe": "ab12", "attempt": value})

    @pytest.mark.parametrize(
        "value", ['x" OR labels.troupe="ab12', "x AND state", "\\", '"', "*", "a1 "]
    )
    def test_a_value_is_never_a_part_of_the_filter(
        self, harness: JobServiceHarness, value: str
    ) -> None:
        """It is quoted, and finds nothing."""
        harness.labelled(troupe="ab12", attempt="a1")

        assert [] == harness.job_service.find({"attempt": value})

    def test_more_jobs_than_a_page_holds_are_all_found(self, harness: JobServiceHarness) -> None:
        """The oldest first."""
        made = []
        for number in range(230):
            harness.clock.pass_(1)
            made.append(harness.labelled(troupe="ab12", attempt=str(number)).name)

        assert made == [job.name for job in harness.job_service.find({"troupe": "ab12"})]

    def test_jobs_since_a_time_include_that_time(self, harness: JobServiceHarness) -> None:
        """Compared to the microsecond, and only jobs with the labels."""
        harness.labelled(troupe="ab12")
        harness.clock.pass_(10.000001)
        since = harness.clock()
        at, label = harness.labelled(troupe="ab12"), harness.labelled(troupe="cd34")
        harness.clock.pass_(1)
        after = harness.labelled(troupe="ab12")

        assert [at, after] == harness.job_service.created_since(since, {"troupe": "ab12"})
        assert [label] == harness.job_service.created_since(since, {"troupe": "cd34"})
        assert [] == harness.job_service.created_since(
            since + timedelta(days=1), {"troupe": "ab12"}
        )

    def test_an_unknown_job_is_none(self, harness: JobServiceHarness) -> None:
        """One that never existed, and one that was deleted."""
        job = harness.create()
        other = job.name[:-1] + "9"
        harness.service.delete(_local_name(job))

        assert (None, None) == (harness.job_service.get(other), harness.job_service.get(job.name))
        assert [] == harness.job_service.find(LABELS)

    def test_a_job_that_succeeded_has_its_output_folder(self, harness: JobServiceHarness) -> None:
        """And its start time."""
        job = harness.create()
        harness.work(60)

        ended = harness.now(job)
        assert (JobState.SUCCEEDED, harness.clock()) == (ended.state, ended.started_at)
        assert ended.output_folder is not None
        assert ended.output_folder.startswith(
            harness.bucket.uri("output/ab12__r-1__1__1__1/prediction-model-")
        )
        assert [ended] == harness.job_service.find(LABELS)

    def test_a_job_whose_file_is_refused_fails_with_code_3(
        self, harness: JobServiceHarness
    ) -> None:
        """With the message of the service."""
        job = harness.create(request_uri=harness.bucket.uri("missing.jsonl"))
        harness.work(60)

        ended = harness.now(job)
        assert (JobState.FAILED, 3) == (ended.state, ended.error_code)
        assert "Failed to import data" in ended.error_message

    def test_a_job_resumes_from_the_output_of_another(self, harness: JobServiceHarness) -> None:
        """As documented: answered rows stay unchanged."""
        first = harness.create()
        harness.work(60)
        written = f"{harness.now(first).output_folder}/predictions.jsonl"
        second = harness.create(request_uri=written)
        harness.work(60)

        again = f"{harness.now(second).output_folder}/predictions.jsonl"
        assert again != written
        before, after = (harness.bucket.content[uri].splitlines() for uri in (written, again))
        assert (3, sorted(before)) == (len(after), sorted(after))

    def test_a_job_of_a_foreign_bucket_fails_later(self, harness: JobServiceHarness) -> None:
        """It is created, and fails with code 9."""
        job = harness.create(output_prefix="gs://elsewhere/out")
        harness.work(60)

        assert (JobState.FAILED, 9) == (harness.now(job).state, harness.now(job).error_code)

    def test_a_waiting_job_is_cancelled(self, harness: JobServiceHarness) -> None:
        """It ends without a start time."""
        job = harness.create()
        harness.job_service.cancel(job.name)

        ended = harness.now(job)
        assert (JobState.CANCELLED, 1, None) == (ended.state, ended.error_code, ended.started_at)

    def test_a_job_that_ended_or_is_gone_is_left_as_it_is(self, harness: JobServiceHarness) -> None:
        """Cancelling it raises no error."""
        ended, gone = harness.create(), harness.create()
        harness.work(60)
        harness.service.delete(_local_name(gone))
        before = harness.now(ended)

        harness.job_service.cancel(ended.name)
        harness.job_service.cancel(gone.name)

        assert before == harness.now(ended)

    def test_cancelling_twice_is_cancelling(self, harness: JobServiceHarness) -> None:
        """The second call raises no error."""
        job = harness.create()
        harness.job_service.cancel(job.name)
        harness.job_service.cancel(job.name)

        assert JobState.CANCELLED is harness.now(job).state

    @pytest.mark.parametrize("state", [*STAYS, *ENDS])
    def test_every_state_is_returned(self, tmp_path: Path, opened: Opened, state: JobState) -> None:
        """All states of the service, terminal or not."""
        made = JobServiceHarness(tmp_path, end=lambda job: End(state=state))
        made.bucket.write_once("in.jsonl", [_line(1)])
        with opened(made.service) as made.job_service:
            job = made.create()
            made.work()

            assert state is made.now(job).state
            assert [state] == [each.state for each in made.job_service.find(LABELS)]

    def test_a_running_job_is_cancelling_before_it_is_cancelled(
        self, tmp_path: Path, opened: Opened
    ) -> None:
        """The rows that it answered are exported."""
        made = JobServiceHarness(tmp_path, running_seconds=100)
        made.bucket.write_once("in.jsonl", [_line(number) for number in range(10)])
        with opened(made.service) as made.job_service:
            job = made.create()
            made.work()
            made.work(50)
            made.job_service.cancel(job.name)

            assert JobState.CANCELLING is made.now(job).state
            made.work()
            assert JobState.CANCELLED is made.now(job).state
            assert made.now(job).output_folder

    def test_a_request_file_that_the_service_refuses_creates_no_job(
        self, tmp_path: Path, opened: Opened
    ) -> None:
        """With the cause bad_request; other files are accepted."""
        made = JobServiceHarness(tmp_path, refused_inputs=frozenset({"gs://here/in.jsonl"}))
        with opened(made.service) as made.job_service:
            with pytest.raises(Refused) as refused:
                made.create()

            assert "bad_request" == refused.value.cause
            made.create(request_uri=made.bucket.uri("other.jsonl"))
            assert 1 == len(made.job_service.find(LABELS))

    def test_an_unknown_model_is_refused(self, tmp_path: Path, opened: Opened) -> None:
        """With the cause model_not_found, and no job is created."""
        made = JobServiceHarness(
            tmp_path, unknown_models=frozenset({"publishers/google/models/gemini-2.5-pro"})
        )
        with opened(made.service) as made.job_service:
            with pytest.raises(Refused) as refused:
                made.create(model="gemini-2.5-pro")

            assert "model_not_found" == refused.value.cause
            assert [] == made.job_service.find({"troupe": "ab12"})

    @pytest.mark.parametrize("labels", [{"Troupe": "x"}, {"troupe": "Ä"}, {"troupe": "x" * 65}])
    def test_labels_that_break_the_rules_are_refused(
        self, harness: JobServiceHarness, labels: dict[str, str]
    ) -> None:
        """With the cause bad_request, and no job is created."""
        with pytest.raises(Refused) as refused:
            harness.create(labels=labels)

        assert "bad_request" == refused.value.cause
        assert [] == harness.service.find({})

    def test_a_long_display_name_is_cut(self, harness: JobServiceHarness) -> None:
        """Names have at most 128 characters (documented)."""
        assert JobState.PENDING is harness.create(display_name="x" * 200).state

    def test_a_model_may_be_named_in_full(self, harness: JobServiceHarness) -> None:
        """As for a tuned model, or one of another publisher."""
        job = harness.create(model=f"publishers/google/models/{MODEL}")

        assert JobState.PENDING is job.state


def _local_name(job: Job) -> str:
    """The job's name inside the stand-in."""
    return "projects/local/locations/local/batchPredictionJobs/" + job.name.rsplit("/", 1)[-1]


def _line(number: int) -> bytes:
    return json.dumps(request(number)).encode() + b"\n"
