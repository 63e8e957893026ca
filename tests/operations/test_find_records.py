"""The operation `find_records`: what fits a search, page by page."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.console.prepared import OWN, opened
from tests.harness import LocalHarness, call, calls, id_of
from troupe.backends.local.backend import LocalSettings
from troupe.operations.backend import InvalidOperation
from troupe.operations.find_records import FoundRecord, FoundRecords, find_records
from troupe.standin.corrupt import Corruption


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHarness]:
    """A prepared folder, which the tests of this module only read."""
    made = opened("searched", tmp_path_factory.mktemp("searched") / "home")
    yield made
    made.close()


def searching(harness: LocalHarness, **search: Any) -> FoundRecords:
    return find_records(harness.backend, **({"analysis": OWN} | search))


def all_pages(harness: LocalHarness, most: int, **search: Any) -> list[FoundRecord]:
    page = searching(harness, most=most, **search)
    records = [*page.records]
    while page.after:
        page = searching(harness, most=most, after=page.after, **search)
        assert page.counts is None
        assert page.records[0] not in records
        records += page.records
    return records


def test_every_record_of_a_run_is_found_once_with_its_state(searched: LocalHarness) -> None:
    """The counts are those of the totals, which are recounted another way."""
    totals = searched.books("r1")
    page = searching(searched, run_id="r1", most=200)

    assert page.counts == {
        name: totals[name] for name in ("analysed", "failed", "released") if totals[name]
    }
    assert page.counts["failed"] > 0
    assert 24 == page.total == len(page.records) == len({each.record_id for each in page.records})
    assert Counter(page.counts) == Counter(each.state for each in page.records)


def test_members_of_a_run_that_is_not_completed_are_open(searched: LocalHarness) -> None:
    page = searching(searched, states=["open"])

    assert {"open": 3} == page.counts
    assert {("r2", "open")} == {(each.run_id, each.state) for each in page.records}
    assert {id_of(row) for row in calls(3, 24)} == {each.record_id for each in page.records}


@pytest.mark.parametrize("most", [1, 5, 26])
def test_pages_hold_every_record_once_in_one_order(searched: LocalHarness, most: int) -> None:
    """Rows, errors and open members are mixed; the newest comes first."""
    whole = searching(searched, most=200).records

    assert whole == all_pages(searched, most)
    times = [each.happened_at for each in whole]
    assert times == sorted(times, reverse=True)


def test_a_closed_value_is_found_and_returned(searched: LocalHarness) -> None:
    """Moods are bad in the queue for bills alone."""
    page = searching(searched, values={"mood": "bad"}, most=200)

    assert page.counts is not None
    assert {"analysed"} == page.counts.keys()
    assert {"bad"} == {each.values["mood"] for each in page.records}
    assert 0 < len(page.records) <= 8
    assert [] == searching(searched, values={"mood": "bad", "mood_after": "bad"}).records
    truths = searching(searched, values={"settled": "true"}).records
    assert truths
    assert {"true"} == {each.values["settled"] for each in truths}


def test_no_value_is_a_value(searched: LocalHarness) -> None:
    """None asks for rows whose answer has none."""
    every = searching(searched, states=["analysed"], most=200).records
    expected = [each for each in every if each.values["mood"] is None]

    assert expected == searching(searched, values={"mood": None}, most=200).records


@pytest.mark.parametrize(
    ("queue", "states"), [("billing", ["analysed"]), ("billing", ["failed"]), ("sales", ["open"])]
)
def test_a_call_attribute_is_found_in_every_state(
    searched: LocalHarness, queue: str, states: list[str]
) -> None:
    """It stands in rows and in the plan's members."""
    page = searching(searched, attributes={"queue": queue}, states=states, most=200)
    of_queue = {
        record
        for (record,) in searched.sql(
            "SELECT record_id FROM batch_records WHERE attributes ->> '$.queue' = ?", queue
        )
    }
    every = searching(searched, states=states, most=200).records

    assert page.records == [each for each in every if each.record_id in of_queue]
    assert 0 < len(page.records) < len(every)


@pytest.mark.parametrize("name", ["interactionId", "referenceId", "phone_number_token"])
def test_an_id_of_the_source_system_leads_to_its_records(searched: LocalHarness, name: str) -> None:
    """Two calls have one phone number token."""
    row = call(4)
    page = searching(searched, id=row[name])

    expected = [call(4), call(5)] if name == "phone_number_token" else [call(4)]
    assert {id_of(each) for each in expected} == {each.record_id for each in page.records}


def test_a_record_id_is_found_as_well_and_an_unknown_id_is_not(searched: LocalHarness) -> None:
    record = id_of(call(4))

    assert [record] == [each.record_id for each in searching(searched, id=record).records]
    nothing = searching(searched, id="int-4 ")
    assert ([], {}, []) == (nothing.records, nothing.counts, nothing.unplanned)


def test_an_id_that_no_run_selected_is_found_in_the_source(harness: LocalHarness) -> None:
    """By the id of its source system."""
    harness.load(calls(2))

    page = find_records(harness.backend, id="int-1")

    assert ([], [id_of(call(1))]) == (page.records, page.unplanned)


def test_an_error_is_found_by_its_type_and_by_the_cause_behind_it(searched: LocalHarness) -> None:
    failed = searching(searched, states=["failed"], most=200).records
    names = {each.error_type for each in failed} | {each.cause for each in failed if each.cause}

    assert len(names) > 1
    for name in names:
        expected = [each for each in failed if name in (each.error_type, each.cause)]
        assert expected == searching(searched, error_type=name, most=200).records


def test_a_grade_is_found_in_rows_alone(searched: LocalHarness) -> None:
    every = searching(searched, states=["analysed"], most=200).records
    assert {"exact", "normalised", "partial"} == {each.grade for each in every}
    for grade in ("exact", "normalised", "partial"):
        expected = [each for each in every if each.grade == grade]
        assert expected == searching(searched, grade=grade, most=200).records


def test_days_are_those_of_the_call(searched: LocalHarness) -> None:
    """All calls were made on the first of March, and analysed on the second."""
    assert 27 == searching(searched, since="2026-03-01", until="2026-03-01").total
    assert 0 == searching(searched, since="2026-03-02").total
    assert 0 == searching(searched, until="2026-02-28").total


@pytest.mark.parametrize("damaged", [0.0, 1.0])
def test_a_call_without_a_time_or_in_the_future_is_of_the_day_of_its_end(
    tmp_path: Path, damaged: float
) -> None:
    """Rows and failures alike; an earlier call is of its own day."""
    settings = LocalSettings(corruption=Corruption(share=damaged, seed=5), deployment="d1")
    harness = LocalHarness(tmp_path / "home", settings)
    times: list[dict[str, Any]] = [
        {"event_timestamp": None}, {"event_timestamp": "2999-01-01T00:00:00Z"}, {},
    ]  # fmt: skip
    harness.load([call(number, **time) for number, time in enumerate(times)])
    harness.request("r1", max_attempts=1)
    harness.play()
    today = str(harness.clock().date())
    found = find_records(harness.backend, since=today, until=today)
    earlier = find_records(harness.backend, since="2026-03-01", until="2026-03-01")
    harness.close()

    late = {id_of(call(0)), id_of(call(1))}
    assert late == {each.record_id for each in found.records}
    assert {"failed" if damaged else "analysed": 2} == found.counts
    assert [id_of(call(2))] == [each.record_id for each in earlier.records]


def test_words_are_found_in_transcripts_and_answers_in_any_case(searched: LocalHarness) -> None:
    """Of one run, because they are read there."""
    in_text = searching(searched, run_id="r1", words="MY LINE 7 is", most=200)
    in_answer = searching(searched, run_id="r1", words="zanzibar", most=200)

    assert [id_of(call(7))] == [each.record_id for each in in_text.records]
    assert {"analysed"} == {each.state for each in in_answer.records}
    assert in_answer.total == searching(searched, run_id="r1", states=["analysed"]).total
    assert 0 == searching(searched, run_id="r1", words="%").total


def test_words_are_found_in_all_runs_where_reading_costs_nothing(
    searched: LocalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BigQuery bills what a query reads, so there a run is needed."""
    every = searching(searched, words="is broken", most=200)
    assert (27, None) == (len(every.records), every.counts)
    assert [id_of(call(25))] == [
        each.record_id for each in searching(searched, words="line 25 ").records
    ]

    monkeypatch.setattr(type(searched.backend), "bills_reads", True)
    with pytest.raises(InvalidOperation, match="needs a run here"):
        searching(searched, words="is broken")
    assert 24 == searching(searched, words="is broken", run_id="r1").total


def test_a_record_that_was_cleared_is_neither_analysed_nor_failed(
    searched: LocalHarness, tmp_path: Path
) -> None:
    from troupe.operations.clear_history import clear_history

    harness = opened("searched", tmp_path / "home")
    record = searching(harness, run_id="r1", states=["analysed"]).records[0].record_id
    clear_history(harness.backend, analysis=OWN, record_ids=[record], reason="test", sure=True)

    cleared = searching(harness, run_id="r1", states=["cleared"], most=200)
    totals = harness.books("r1")
    harness.close()

    assert [record] == [each.record_id for each in cleared.records]
    assert totals["cleared"] == cleared.total


@pytest.mark.parametrize(
    ("search", "says"),
    [
        ({"states": ["lost"]}, "invalid state 'lost': use analysed, failed"),
        ({"grade": "good"}, "invalid grade 'good'"),
        ({"values": {"verdict": "x"}}, "invalid column 'verdict'"),
        ({"values": {"mood`; DROP TABLE x; --": "x"}}, "invalid column"),
        ({"values": {"mood": "x" * 201}}, "at most 200 characters"),
        ({"attributes": {"team": "x"}}, "invalid attribute 'team'.*queue, agent"),
        ({"since": "soon"}, "invalid since 'soon': use a day"),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "2026-03-02 is after 2026-03-01"),
        ({"id": "x" * 201}, "invalid id: use 1 to 200 characters"),
        ({"most": 0}, "a page has 1 to 200 records"),
        ({"most": 10**6}, "a page has 1 to 200 records"),
        ({"after": "x"}, "this page of the search is unknown"),
        ({"after": "W10="}, "this page of the search is unknown"),
        ({"after": "é"}, "this page of the search is unknown"),
        ({"analysis": "nothing_v1"}, "unknown analysis nothing_v1"),
        ({"run_id": "r9"}, "run r9 is not planned here"),
        ({"run_id": "r1", "analysis": "call_review_v1"}, "run r1 is of of_any_kind_v1"),
    ],
)
def test_what_cannot_be_searched_is_refused(
    searched: LocalHarness, search: dict[str, Any], says: str
) -> None:
    """The message names the field, and what to do."""
    with pytest.raises(InvalidOperation, match=says):
        searching(searched, **search)


def test_without_an_analysis_it_is_that_of_the_newest_run(searched: LocalHarness) -> None:
    assert OWN == find_records(searched.backend).analysis
    assert OWN == find_records(searched.backend, run_id="r1").analysis


def test_an_empty_folder_has_no_record(harness: LocalHarness) -> None:
    page = find_records(harness.backend)

    assert ([], {}, None) == (page.records, page.counts, page.after)
    assert "call_tone" in page.columns
