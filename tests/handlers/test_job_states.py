"""All twelve states of a Vertex job, and what each means for its attempt."""

import pytest

from events import JobCancelled, JobEnded, JobFailed, JobSucceeded
from handlers.attempts.job_states import all_ended, end_of, ending_of
from handlers.ports import Job, JobState
from tests.harness import START
from tracking import AttemptKey

KEY = AttemptKey(run_id="r1", planned_on="2026-03-02", batch=1, attempt=1)


def job(state: JobState, code: int | None = None, name: str = "j1") -> Job:
    return Job(
        name=name, state=state, labels={}, created_at=START, output_folder=f"gs://b/{name}",
        error_code=code,
    )  # fmt: skip


@pytest.mark.parametrize("state", list(JobState))
def test_a_job_is_awaited_until_nothing_more_will_be_written(state: JobState) -> None:
    """Five states are ends; a paused job can go on."""
    ends = {"SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED", "PARTIALLY_SUCCEEDED"}

    assert (state.name in ends) == all_ended([job(state)])
    assert 12 == len(JobState)


@pytest.mark.parametrize(
    ("jobs", "kind", "cause", "ending"),
    [
        ([job(JobState.SUCCEEDED)], JobSucceeded, "", "succeeded"),
        (
            [job(JobState.PARTIALLY_SUCCEEDED)],
            JobSucceeded,
            "partially_succeeded",
            "succeeded",
        ),
        ([job(JobState.FAILED, 13)], JobFailed, "code_13", "failed"),
        ([job(JobState.FAILED, 3)], JobFailed, "import_refused", "refused"),
        ([job(JobState.FAILED, 7)], JobFailed, "permission_denied", "refused"),
        ([job(JobState.FAILED, 9)], JobFailed, "bucket_unusable", "refused"),
        ([job(JobState.FAILED)], JobFailed, "failed", "failed"),
        ([job(JobState.EXPIRED)], JobFailed, "expired", "failed"),
        ([job(JobState.CANCELLED, 1)], JobCancelled, "cancelled", "cancelled"),
        ([None], JobFailed, "deleted", "failed"),
        ([job(JobState.FAILED, 13), job(JobState.SUCCEEDED)], JobSucceeded, "", "succeeded"),
        (
            [job(JobState.PARTIALLY_SUCCEEDED), job(JobState.SUCCEEDED)],
            JobSucceeded,
            "",
            "succeeded",
        ),
        (
            [job(JobState.CANCELLED), job(JobState.FAILED, 3)],
            JobFailed,
            "import_refused",
            "refused",
        ),
    ],
)
def test_the_end_of_an_attempt_is_one_event_for_all_of_its_jobs(
    jobs: list[Job | None], kind: type[JobEnded], cause: str, ending: str
) -> None:
    """Success counts most; a permanent cause has its own name."""
    event = end_of(dict(zip("ab", jobs, strict=False)), [], KEY)

    assert (kind, cause, ending) == (type(event), event.cause, ending_of(event))


def test_two_looks_that_differ_are_two_events() -> None:
    """A failed job that is deleted between them: one id never has two bodies."""
    failed = job(JobState.FAILED)
    first = end_of({"j1": failed}, [], KEY)
    second = end_of({"j1": None}, ["gs://b/output/x__1"], KEY)

    assert type(first) is type(second)
    assert first.observation != second.observation


def test_the_output_of_every_job_is_read() -> None:
    """Of those in view and of deleted ones, in one order."""
    jobs = {"j2": job(JobState.FAILED, name="j2"), "j1": job(JobState.SUCCEEDED), "j3": None}

    event = end_of(jobs, ["gs://b/deleted"], KEY)

    assert ["gs://b/deleted", "gs://b/j1", "gs://b/j2"] == event.outputs
    assert ["j1", "j2", "j3"] == event.jobs


@pytest.mark.parametrize("cause", ["model_not_found", "bad_request", "not_found"])
def test_a_job_that_was_refused_at_its_creation_is_refused_for_good(cause: str) -> None:
    """The next attempt would be refused too."""
    event = JobFailed(
        run_id="r1", planned_on="2026-03-02", batch=1, attempt=1, jobs=[], outputs=[], cause=cause
    )

    assert "refused" == ending_of(event)
