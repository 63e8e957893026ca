"""A request that would select no record is not made; the reason and what helps are said."""

import pytest

from handlers.summary.run_summary import SKIPPED
from tests.harness import LocalHarness, calls, ran
from troupe import operations
from troupe.operations.empty_request import WHY, Nothing
from troupe.operations.reprocess import reprocess
from troupe.operations.reread import reread
from troupe.operations.run_requests import Preview, Requested


@pytest.fixture
def finished(harness: LocalHarness) -> LocalHarness:
    """A run that analysed the whole source."""
    harness.begin_after(ran, 3)
    return harness


def nothing(harness: LocalHarness, **request: object) -> Nothing:
    """What an empty request gives; nothing may be published by it."""
    before = harness.backend.bus.sent
    answer = operations.request(harness.backend, request)
    assert isinstance(answer, Nothing)
    assert before == harness.backend.bus.sent
    assert [] == operations.status(harness.backend).requests
    return answer


def commands(answer: Nothing | None) -> list[str]:
    assert answer is not None
    return [step.command for step in answer.next]


def test_an_empty_source_asks_for_a_file(harness: LocalHarness) -> None:
    """The first command of somebody who forgot to load."""
    answer = nothing(harness)

    assert "the source table is empty" == answer.why
    assert ["troupe load FILE"] == commands(answer)


def test_a_finished_source_says_that_all_is_analysed(finished: LocalHarness) -> None:
    """By which analysis."""
    answer = nothing(finished)

    assert "every record of the source (3) is analysed by call_review_v1 already" == answer.why
    assert {"processed": 3} == answer.skipped


def test_another_model_does_not_make_records_pending(finished: LocalHarness) -> None:
    """The name of the analysis decides, and the answer says so."""
    answer = nothing(finished, model="gemini-2.5-flash")

    assert "the name of the analysis decides" in answer.why
    assert "to ask gemini-2.5-flash as well" in answer.why
    assert "troupe analysis add FOLDER" == commands(answer)[0]


def test_a_filter_that_fits_nothing_is_the_reason(harness: LocalHarness) -> None:
    """Without it there would be records."""
    harness.load(calls(3))

    answer = nothing(harness, providers=["nobody"])

    assert "3 outside the filter of the request" in answer.why
    assert "troupe request --dry-run" == commands(answer)[0]


def test_records_of_an_open_run_are_held(harness: LocalHarness) -> None:
    """The command shows that run."""
    harness.load(calls(3))
    harness.request("open")
    harness.backend.deliver_next()

    answer = nothing(harness)

    assert "3 held by an open run" in answer.why
    assert "troupe status open" == commands(answer)[0]


def test_every_reason_of_a_plan_has_its_words() -> None:
    """Only the limit is none: it leaves out records where others are taken."""
    assert {*SKIPPED} - {"beyond_limit"} == {*WHY}


def test_an_empty_run_is_made_where_the_user_wants_one(harness: LocalHarness) -> None:
    """As a message that requests a run makes one, also on Google Cloud."""
    answer = operations.request(harness.backend, {"run_id": "r1"}, allow_empty=True)
    harness.play()

    assert isinstance(answer, Requested)
    outcome = operations.report(harness.backend, "r1").outcome
    assert ("empty", 0) == (outcome.word, outcome.exit_code())
    assert ["troupe load FILE"] == [step.command for step in outcome.next]


def test_a_preview_of_nothing_says_why(harness: LocalHarness) -> None:
    """The same as the request would."""
    preview = operations.request(harness.backend, {}, dry_run=True)

    assert isinstance(preview, Preview)
    assert preview.nothing == nothing(harness)


def test_a_reprocessing_without_failed_records_is_not_made(finished: LocalHarness) -> None:
    """Nor one of records that have a row, or are held."""
    before = finished.backend.bus.sent

    answer = reprocess(finished.backend, {"of_run": "r1"})
    selected = reprocess(finished.backend, {"of_run": "r1", "error_types": ["blocked"]})

    assert answer.run_id is None
    assert before == finished.backend.bus.sent
    assert answer.nothing is not None
    assert "no record of run r1 failed or was released" == answer.nothing.why
    assert selected.nothing is not None
    assert selected.nothing.why.endswith(", as selected")
    assert ["troupe status r1"] == commands(answer.nothing)
    assert (
        "again"
        == reprocess(finished.backend, {"of_run": "r1", "run_id": "again"}, allow_empty=True).run_id
    )


def test_a_rereading_without_refused_answers_is_not_made(finished: LocalHarness) -> None:
    """Every record has a row."""
    answer = reread(finished.backend, "r1")

    assert answer.run_id is None
    assert answer.nothing is not None
    assert "every record of run r1 has a row" == answer.nothing.why
    assert reread(finished.backend, "r1", dry_run=True).new_rows == 0
    assert "a1" == reread(finished.backend, "r1", run_id="a1", allow_empty=True).run_id


@pytest.mark.parametrize("model", ["gpt-4", "gemini-9"])
def test_a_model_without_a_price_is_accepted_with_a_warning(
    harness: LocalHarness, model: str
) -> None:
    """Whether it exists is known to the service alone."""
    harness.load(calls(3))

    answer = operations.request(harness.backend, {"model": model})

    assert isinstance(answer, Requested)
    (warning,) = answer.warnings
    assert f"no price of the model {model} is known" in warning
    assert "gemini-2.5-flash" in warning


def test_a_model_with_a_price_brings_no_warning(harness: LocalHarness) -> None:
    """Nor the analysis' own."""
    harness.load(calls(3))

    for request in ({}, {"model": "gemini-2.5-flash"}):
        preview = operations.request(harness.backend, request, dry_run=True)
        assert [] == preview.warnings
