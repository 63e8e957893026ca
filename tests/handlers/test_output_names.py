"""Where a job writes, and whose job it was: one spelling, read back."""

import pytest

from events import Deployment
from handlers.attempts.output_files import attempt_of_output, output_of
from tracking import AttemptKey

DEPLOYMENT = Deployment("acme")


def test_the_folder_of_a_job_names_its_attempt() -> None:
    """The claim is told apart, and left out."""
    attempt_key = AttemptKey(run_id="spring-2026", planned_on="2026-03-02", batch=12, attempt=2)

    name = f"{output_of(DEPLOYMENT, attempt_key, 3)}/prediction-model-2026-03-02/predictions.jsonl"

    assert ("spring-2026", 12, 2) == attempt_of_output(DEPLOYMENT, name)


@pytest.mark.parametrize(
    "name",
    [
        "output/other__r1__1__1__1/predictions.jsonl",
        "output/probe-0a1b/predictions.jsonl",
        "output/acme__r1__1__1/predictions.jsonl",
        "output/acme__r1__one__1__1/predictions.jsonl",
        "requests/acme__r1__1__1.jsonl",
        "",
    ],
)
def test_an_object_of_no_job_of_ours_belongs_to_nobody(name: str) -> None:
    """Another deployment's, the doctor's, or one that somebody put there."""
    assert attempt_of_output(DEPLOYMENT, name) is None
