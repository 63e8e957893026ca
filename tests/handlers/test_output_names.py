"""Where a job writes, and whose job it was: one spelling, read back."""

import pytest

from events import Deployment
from events.ids import AttemptId, attempt_of_output, output_folder

DEPLOYMENT = Deployment("acme")


def test_the_folder_of_a_job_names_its_attempt() -> None:
    """The claim is parsed and left out."""
    folder = output_folder(DEPLOYMENT.attempt("spring-2026", 12, 2), 3)

    name = f"{folder}/prediction-model-2026-03-02/predictions.jsonl"

    assert AttemptId("acme", "spring-2026", 12, 2) == attempt_of_output(name)


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
    """Another deployment's, the doctor's, or one of an unknown program."""
    attempt = attempt_of_output(name)
    assert attempt is None or attempt.deployment != DEPLOYMENT.id
