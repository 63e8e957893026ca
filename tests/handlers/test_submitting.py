"""Submitting the job of a request file: one job for an attempt, whichever caller creates it."""

from datetime import timedelta
from typing import Any, cast

import pytest

from events import Deployment, JobSubmitted, JsonlUploaded, RunStopped
from handlers.dispatch.errors import Reject, Wait
from handlers.ports import JobService, Policy
from handlers.submit_job import submit_job
from tests.handlers.fakes import BUCKET, FakeJobService, FakeTracking, claim, claims, job, labels_of
from tests.harness import START
from tests.local.fakes import HeldClock
from tests.tracking.harness import DAY
from tracking import Tracking

UPLOADED = JsonlUploaded(
    run_id="r1", planned_on=DAY, batch=1, attempt=1, uri="gs://elsewhere/x.jsonl", generation=1,
    lines=2, bytes=10, checksum="c:0",
)  # fmt: skip
OLD = claim(1, age=9_999)


def submit(tracking: FakeTracking, service: FakeJobService) -> list[Any]:
    found = submit_job(
        UPLOADED,
        cast("Tracking", tracking),
        cast("JobService", service),
        BUCKET,
        Deployment("d1"),
        HeldClock(),
        Policy(),
    )
    return list(found)


def submitted(number: int, name: str) -> JobSubmitted:
    return JobSubmitted(run_id="r1", planned_on=DAY, batch=1, attempt=1, claim=number, job=name)


def test_a_job_is_created_under_the_label_and_in_the_folder_of_its_claim() -> None:
    """Both name the claim, by which a lost job and its output are found; its file is derived."""
    service = FakeJobService()
    tracking = FakeTracking(claims(OLD), claims(OLD, claim(2)))

    assert [submitted(2, "new")] == submit(tracking, service)

    (created,) = service.created
    assert labels_of(claim=2) == created["labels"]
    assert "gs://b/output/d1__r1__1__1__2" == created["output_prefix"]
    assert "gs://b/requests/d1__r1__1__1.jsonl" == created["request_uri"]


def test_jobs_that_exist_are_recorded_under_their_own_claims() -> None:
    """Those of the label and those of the event log; nothing is created."""
    service = FakeJobService(job("j3", labels=labels_of(claim=3)))
    tracking = FakeTracking(claims(OLD, claim(2, age=9_999, job="j2"), claim(3)))

    assert [submitted(2, "j2"), submitted(3, "j3")] == submit(tracking, service)
    assert ([], []) == (tracking.taken, service.created)


def test_a_job_that_appears_behind_the_claim_is_adopted() -> None:
    """Vertex lists a new job late; the first look did not show it."""
    late = job("j1", labels=labels_of())
    service = FakeJobService(shown=[[], [late]])
    tracking = FakeTracking(claims(OLD), claims(OLD, claim(2)))

    assert [submitted(1, "j1")] == submit(tracking, service)
    assert ([2], []) == (tracking.taken, service.created)


@pytest.mark.parametrize("why", ["stopped", "ended", "closed"])
def test_an_attempt_that_may_get_no_job_takes_no_claim(why: str) -> None:
    """Its stop, its end or its closing goes on by itself."""
    service, tracking = FakeJobService(), FakeTracking(claims(OLD, **{why: True}))

    assert [] == submit(tracking, service)
    assert ([], []) == (tracking.taken, service.created)


@pytest.mark.parametrize("why", ["stopped", "ended", "closed"])
def test_a_stop_that_is_seen_behind_the_claim_gives_it_back(why: str) -> None:
    """Of two transactions that only insert neither sees the other."""
    service = FakeJobService()
    tracking = FakeTracking(claims(), claims(claim(1), **{why: True}))

    assert [] == submit(tracking, service)
    assert ([1], [1], []) == (tracking.taken, tracking.returned, service.created)


def test_a_job_for_an_attempt_that_nobody_planned_is_refused() -> None:
    """A forged message would have it paid."""
    service, tracking = FakeJobService(), FakeTracking(claims(planned=False))

    with pytest.raises(Reject, match="not_planned"):
        submit(tracking, service)
    assert ([], []) == (tracking.taken, service.created)


def test_a_refusal_gives_the_claim_back_and_stops_the_run_with_its_cause() -> None:
    """The service would refuse every other job of the run."""
    tracking = FakeTracking(claims(), claims(claim(1)))

    (event,) = submit(tracking, FakeJobService(refusal="model_not_found"))

    assert isinstance(event, RunStopped)
    assert ("job_refused", "model_not_found", [1]) == (
        event.reason, event.cause, tracking.returned
    )  # fmt: skip


def test_a_job_that_is_refused_for_now_gives_the_claim_back_and_waits() -> None:
    """It uses up no attempt, and the time grows with each refusal in a row."""
    before = claim(1, "returned", age=9_999)
    tracking = FakeTracking(claims(before), claims(before, claim(2)))

    with pytest.raises(Wait) as waited:
        submit(tracking, FakeJobService(refusal="unavailable"))

    assert [2] == tracking.returned
    assert START + timedelta(seconds=Policy().outage_gap(2)) == waited.value.not_before
