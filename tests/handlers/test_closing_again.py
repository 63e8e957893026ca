"""The handler that reads an attempt's output: run again, for several jobs, and without output."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from events import JobFailed, JobSucceeded, ResultsProcessed
from handlers.dispatch.errors import Reject
from handlers.process_results import process_results
from tests.harness import LocalHarness, calls

FIELDS = ("analysed", "failed", "released", "open")


def ended(harness: LocalHarness) -> JobSucceeded:
    """Load four records, and return the end of their job, which no handler has got yet."""
    harness.load(calls(4))
    harness.request()
    while "job-submitted" not in harness.topics():
        harness.backend.deliver_next()
    while harness.backend.service.step():
        pass
    ((job,),) = harness.sql("SELECT data ->> 'job' FROM events WHERE topic = 'job-submitted'")
    found = harness.backend.dependencies.job_service.get(job)
    assert found is not None
    assert found.output_folder is not None
    return JobSucceeded(
        run_id="r1", planned_on=harness.clock().date().isoformat(), batch=1, attempt=1,
        jobs=[job], outputs=[found.output_folder], cause="",
    )  # fmt: skip


def process(harness: LocalHarness, event: JobSucceeded | JobFailed) -> ResultsProcessed:
    uses = harness.backend.dependencies
    (processed,) = process_results(
        event, uses.tracking, uses.bucket, uses.clock, uses.policy, uses.new_name,
        uses.peak_megabytes,
    )  # fmt: skip
    return processed


def folder_of(harness: LocalHarness, uri: str) -> Path:
    return harness.backend.bucket.path_of(uri)


def test_a_closed_attempt_is_reported_again_after_its_output_has_expired(
    harness: LocalHarness,
) -> None:
    """A redelivery may come weeks later: the closing knows the result."""
    event = ended(harness)
    first = process(harness, event)
    shutil.rmtree(folder_of(harness, event.outputs[0]))

    assert first == process(harness, event)
    assert (4, 0, 0, 0) == tuple(getattr(first, name) for name in FIELDS)


def test_answers_of_two_jobs_to_one_record_are_not_two_answers_of_one_job(
    harness: LocalHarness,
) -> None:
    """A claim that was given up and the next one may both bring a job, and both are paid for."""
    event = ended(harness)
    second = event.outputs[0] + "-again"
    shutil.copytree(folder_of(harness, event.outputs[0]), folder_of(harness, second))
    both = JobSucceeded(
        run_id="r1", planned_on=event.planned_on, batch=1, attempt=1, jobs=[*event.jobs, "j2"],
        outputs=[*event.outputs, second], cause="",
    )  # fmt: skip

    processed = process(harness, both)

    assert (4, 0, 0, 0) == tuple(getattr(processed, name) for name in FIELDS)
    assert 8 == harness.one("SELECT lines FROM attempt_closings")
    stored = harness.one("SELECT sum(prompt_tokens) FROM transcription_analyzed_transcripts")
    assert 2 * stored == harness.one("SELECT prompt_tokens FROM attempt_closings")


def test_a_job_that_succeeded_without_an_output_folder_is_no_empty_answer(
    harness: LocalHarness,
) -> None:
    """Its answers were paid for: an operator has to look; a failed job may have none."""
    event = ended(harness)
    here: Any = {"run_id": "r1", "planned_on": event.planned_on, "batch": 1, "attempt": 1}
    nowhere: Any = {"jobs": event.jobs, "outputs": []}

    with pytest.raises(Reject, match="output_missing"):
        process(harness, JobSucceeded(**here, **nowhere, cause=""))
    assert 0 == harness.one("SELECT count(*) FROM attempt_closings")

    processed = process(harness, JobFailed(**here, **nowhere, cause="failed"))
    assert (0, 0, 0, 4) == tuple(getattr(processed, name) for name in FIELDS)
