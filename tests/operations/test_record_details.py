"""The operation `record_details`: one record with its text, its answers and its history."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.console.prepared import MIXED, OWN, opened
from tests.harness import LocalHarness, call, calls, id_of
from troupe.backends.local.backend import LocalSettings
from troupe.operations.backend import InvalidOperation
from troupe.operations.record_details import record_details


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHarness]:
    """A prepared folder, which the tests of this module only read."""
    made = opened("searched", tmp_path_factory.mktemp("searched") / "home")
    yield made
    made.close()


def test_the_text_that_was_sent_stands_beside_the_answer(searched: LocalHarness) -> None:
    details = record_details(searched.backend, id_of(call(6)))

    (text,), (answer,) = details.texts, details.answers
    assert call(6)["transcript"] == text.transcript
    assert ("int-6", "REF-6", "r1") == (text.interaction_id, text.reference_id, text.run_id)
    assert "The line is broken, says Zanzibar." == answer.values["verdict"]
    assert ("bad", "good", False) == tuple(
        answer.values[name] for name in ("mood", "mood_after", "settled")
    )
    assert ["verdict"] == [each.name for each in answer.columns if each.is_summary]
    assert ("r1", 1, "exact", OWN) == (
        answer.row.run_id, answer.row.attempt, answer.row.grade, answer.row.analysis,
    )  # fmt: skip
    assert answer.grounding is not None
    assert details.history.plans[0].attributes == {"queue": "billing", "agent": "Agent 6"}


def test_a_changed_value_keeps_what_the_model_wrote(searched: LocalHarness) -> None:
    (normalised,) = record_details(searched.backend, id_of(call(1))).answers
    (partial,) = record_details(searched.backend, id_of(call(2))).answers

    assert (["mood"], "good", "GOOD") == (
        normalised.row.normalised_fields, normalised.values["mood"], normalised.raw_values["mood"],
    )  # fmt: skip
    assert (["mood"], None, MIXED) == (
        partial.row.nulled_fields, partial.values["mood"], partial.raw_values["mood"],
    )  # fmt: skip


def test_a_record_without_a_row_has_its_errors_and_its_text(searched: LocalHarness) -> None:
    details = record_details(searched.backend, id_of(call(4)))

    assert [] == details.answers
    assert call(4)["transcript"] == details.texts[0].transcript
    assert "attempts_exhausted" in {each.error_type for each in details.history.errors}


def test_without_texts_nothing_of_a_person_is_returned(searched: LocalHarness) -> None:
    """No transcript, no text of an answer, no raw value and no attribute."""
    for number in (2, 4, 6):
        details = record_details(searched.backend, id_of(call(number)), texts=False)
        written = msgspec.json.encode(details).decode()

        for text in ("CUSTOMER", "broken", "Zanzibar", "alert", f"Agent {number}", "tok_"):
            assert text not in written, (number, text)
    assert {"mood", "mood_after", "settled"} == record_details(
        searched.backend, id_of(call(6)), texts=False
    ).answers[0].values.keys()


def test_a_record_that_was_asked_again_has_both_answers_the_newest_first(
    searched: LocalHarness, tmp_path: Path
) -> None:
    """Each with the columns of its own analysis."""
    harness = opened("searched", tmp_path / "home")
    harness.play()
    harness.restart(answerer=LocalSettings().answerer)
    harness.clock.pass_(60)
    asked = [id_of(call(6))]
    harness.complete("r3", analysis="call_review_v1", mode="single", record_ids=asked)

    details = record_details(harness.backend, id_of(call(6)))
    harness.close()

    assert ["r3", "r1"] == [each.row.run_id for each in details.answers]
    assert "call_tone" in details.answers[0].values
    assert "mood" in details.answers[1].values


def test_a_record_that_no_run_selected_is_known_from_the_source(harness: LocalHarness) -> None:
    harness.load(calls(1))

    details = record_details(harness.backend, id_of(call(0)))

    assert 1 == details.history.source.rows_in_source
    assert ([], []) == (details.texts, details.answers)


@pytest.mark.parametrize("record_id", ["0" * 32, "r1", "x", "", "0" * 10_000, "ABCDEF" * 6])
def test_an_unknown_record_is_refused(searched: LocalHarness, record_id: str) -> None:
    with pytest.raises(InvalidOperation, match=r"no record"):
        record_details(searched.backend, record_id)


def test_the_source_counts_the_rows_of_the_record_alone(harness: LocalHarness) -> None:
    """Calls of one person share a phone number token; a copy of the call is one more row."""
    harness.load([*calls(2), call(0)])
    harness.request("r1")
    harness.play_until("run-planned")

    assert 2 == record_details(harness.backend, id_of(call(0))).history.source.rows_in_source
    assert 1 == record_details(harness.backend, id_of(call(1))).history.source.rows_in_source
