"""Where a job writes, and whose job it was: one spelling, read back."""

import pytest

from events import Deployment
from events.ids import AttemptId, attempt_of_output, output_folder
from handlers.attempts.job_states import results_in
from handlers.dispatch.errors import Reject
from handlers.ports import Blob

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


def blobs(*names: str) -> list[Blob]:
    return [Blob(uri=f"gs://b/output/x/{n}", generation=1, size=1, checksum="c:0") for n in names]


def test_a_partial_dump_is_read_only_where_there_is_no_final_file() -> None:
    """The dump holds the same answers: each would be read twice."""
    both = blobs("incremental_predictions.jsonl", "predictions.jsonl")

    assert both[1:] == results_in(both, must_be_whole=False)
    assert both[:1] == results_in(both[:1], must_be_whole=False)


def test_the_files_of_a_job_that_succeeded_must_all_be_there() -> None:
    """One of two shards is an infrastructure error, not one of the records."""
    shards = blobs("predictions.jsonl-00000-of-00002", "predictions.jsonl-00001-of-00002")

    assert shards == results_in(shards, must_be_whole=True)
    assert shards[1:] == results_in(shards[1:], must_be_whole=False)
    for found, cause in ((shards[1:], "shard_missing"), ([], "output_missing")):
        with pytest.raises(Reject) as caught:
            results_in(found, must_be_whole=True)
        assert cause == caught.value.cause
