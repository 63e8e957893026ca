"""A model that Vertex AI does not offer here is refused before the run, or stops it with what to use."""

import logging
from collections.abc import Callable

import pytest

from events import RunRequested
from handlers.ports import Policy
from tests.harness import LocalHarness, calls
from troupe import operations
from troupe.operations.backend import InvalidOperation
from troupe.operations.reprocess import reprocess
from troupe.report.text.status import status_lines
from troupe.standin.settings import Behaviour

MakeHarness = Callable[..., LocalHarness]
MODEL = "gemini-3.5-flash-lite"
REFUSING = Behaviour(unknown_models=frozenset({f"publishers/google/models/{MODEL}"}))
ADVICE = f"{MODEL} is not offered in europe-west4"
USE = "use vertex_location eu or global"


def harness_in(make_harness: MakeHarness, place: str) -> LocalHarness:
    """A harness whose service has no such model, as Vertex AI in a region of the EU."""
    harness = make_harness(policy=Policy(vertex_location=place), behaviour=REFUSING)
    harness.load(calls(2))
    return harness


def test_a_request_for_a_model_that_is_not_offered_here_is_refused_with_what_to_use(
    make_harness: MakeHarness,
) -> None:
    """Nothing is published; the text names the location, and how to try it nevertheless."""
    harness = harness_in(make_harness, "europe-west4")

    with pytest.raises(InvalidOperation, match=ADVICE) as refused:
        operations.request(harness.backend, {"run_id": "r1"})

    assert USE in str(refused.value)
    assert "`troupe publish run-requested`" in str(refused.value)
    assert [] == harness.topics()


def test_a_preview_says_so_and_is_shown(make_harness: MakeHarness) -> None:
    """It spends nothing."""
    harness = harness_in(make_harness, "europe-west4")

    shown = operations.request(harness.backend, {"run_id": "r1"}, dry_run=True)

    assert ADVICE in " ".join(shown.warnings)


@pytest.mark.parametrize("place", ["eu", "global", "", "my-own-place"])
def test_a_model_that_may_be_offered_is_requested(make_harness: MakeHarness, place: str) -> None:
    """Offered, unknown, and where another service answers."""
    harness = harness_in(make_harness, place)

    operations.request(
        harness.backend, {"run_id": "r1", "model": f"publishers/google/models/{MODEL}"}
    )
    operations.request(harness.backend, {"run_id": "r2", "model": "my-tuned/model"})

    assert ["run-requested"] == harness.topics("r1") == harness.topics("r2")


@pytest.mark.parametrize(
    ("place", "said"),
    [("europe-west4", USE), ("", f"the service knows no model {MODEL}: correct the model")],
)
def test_a_run_that_was_requested_nevertheless_stops_and_names_what_to_use(
    make_harness: MakeHarness, caplog: pytest.LogCaptureFixture, place: str, said: str
) -> None:
    """In the log and in its status, with everything released; a schedule's request takes this way."""
    harness = harness_in(make_harness, place)
    harness.publish(RunRequested(run_id="r1"))

    with caplog.at_level(logging.ERROR):
        harness.play()

    (line,) = (each for each in caplog.records if each.message == "job-refused")
    assert said in vars(line)["advice"]
    assert ("model_not_found", "r1") == (vars(line)["cause"], vars(line)["run_id"])
    assert 2 == harness.books("r1")["released"]
    status = operations.status(harness.backend, "r1")
    assert status.details
    assert said in status.details.refusal
    assert said in " ".join(" ".join(status_lines(status)).split())


def test_a_reprocessing_with_such_a_model_is_refused_too(make_harness: MakeHarness) -> None:
    """The model of the request decides, not that of the run before."""
    harness = make_harness(policy=Policy(vertex_location="europe-west4"))
    harness.load(calls(2))
    harness.publish(RunRequested(run_id="r1"))
    harness.play()
    ids = [each for (each,) in harness.sql("SELECT record_id FROM processed_records")]
    harness.sql("DELETE FROM processed_records")

    with pytest.raises(InvalidOperation, match="`troupe publish reprocess-requested`"):
        reprocess(harness.backend, {"record_ids": ids, "model": MODEL}, allow_empty=True)
