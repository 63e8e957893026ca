"""The operation `answers`: closed values over time, by call attribute, and from column to column."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.console.prepared import OWN, opened
from tests.harness import LocalHarness
from tests.tracking.answers import history, noon, store
from troupe.operations.answers import Answers, answers
from troupe.operations.backend import InvalidOperation
from troupe.operations.find_records import find_records

SUNDAY = date(2026, 3, 1)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHarness]:
    """A prepared folder, which the tests of this module only read."""
    made = opened("searched", tmp_path_factory.mktemp("searched") / "home")
    yield made
    made.close()


def counts(found: Answers, column: str) -> dict[str | None, int]:
    (named,) = [each for each in found.columns if each.column == column]
    return {each.value: each.records for each in named.values}


def test_values_are_counted_by_week_up_to_the_newest_call(harness: LocalHarness) -> None:
    """A call without a time counts on the day of its analysis."""
    days = [SUNDAY, SUNDAY - timedelta(days=6), SUNDAY - timedelta(days=7), None]
    store(
        harness,
        ["angry", "angry", "calm", None],
        at=[noon(day) if day else None for day in days],
        analysed_at=noon(SUNDAY),
    )

    found = answers(harness.backend)

    assert (SUNDAY, 7, 13) == (found.until, found.days, len(found.steps))
    assert [SUNDAY - timedelta(days=13), SUNDAY - timedelta(days=6)] == found.steps[-2:]
    assert [1, 3] == found.records[-2:]
    assert 4 == found.total
    (tones,) = [each for each in found.columns if each.column == "call_tone"]
    assert [("angry", [0, 2]), ("calm", [1, 0]), (None, [0, 1])] == [
        (each.value, each.steps[-2:]) for each in tones.values
    ]


def test_a_short_period_is_counted_by_day_from_its_first_to_its_last(
    harness: LocalHarness,
) -> None:
    """Calls outside are left out."""
    days = [SUNDAY - timedelta(days=back) for back in (0, 1, 1, 2, 3)]
    store(harness, ["calm"] * 5, at=[noon(day) for day in days], analysed_at=noon(SUNDAY))

    found = answers(harness.backend, since="2026-02-27", until="2026-02-28")

    assert (1, [1, 2], 3) == (found.days, found.records, found.total)
    assert [date(2026, 2, 27), date(2026, 2, 28)] == found.steps


def test_the_first_week_begins_with_the_period_also_if_it_is_cut(harness: LocalHarness) -> None:
    history(harness, SUNDAY, [0.5] * 6)

    found = answers(harness.backend, since="2026-01-22", until="2026-03-01")

    assert date(2026, 1, 22) == found.steps[0]
    assert date(2026, 1, 26) == found.steps[1]
    assert [4 * 40, *[7 * 40] * 5] == found.records


def test_counts_equal_what_a_search_finds(searched: LocalHarness) -> None:
    """Each value leads to its records."""
    found = answers(searched.backend, OWN)
    since, until = str(found.since), str(found.until)

    assert 22 == found.total
    assert {"exact": 20, "normalised": 1, "partial": 1} == counts(found, "grade")
    for column in ("mood", "mood_after", "settled"):
        for value, records in counts(found, column).items():
            search = find_records(
                searched.backend, OWN, values={column: value}, since=since, until=until
            )
            assert records == search.total, (column, value)


def test_rows_are_grouped_by_a_call_attribute_that_reports_may_show(
    searched: LocalHarness,
) -> None:
    """Without a value they are a group of their own; `agent` may name a person."""
    found = answers(searched.backend, OWN, by="queue")

    assert ["queue"] == found.attributes
    assert {"billing", "sales", None} == {each.value for each in found.groups}
    assert found.total == sum(each.records for each in found.groups)
    (billing,) = [each for each in found.groups if each.value == "billing"]
    assert {"bad": billing.records} == billing.columns["mood"]
    with pytest.raises(InvalidOperation, match="invalid --by 'agent'"):
        answers(searched.backend, OWN, by="agent")


def test_values_beyond_the_twelfth_are_counted_together(
    searched: LocalHarness, tmp_path: Path
) -> None:
    harness = opened("searched", tmp_path / "home")
    records = [row for (row,) in harness.sql("SELECT record_id FROM of_any_kind ORDER BY ALL")]
    for at, record in enumerate(records):
        harness.sql(
            "UPDATE of_any_kind SET attributes = ? WHERE record_id = ?",
            f'{{"queue": "q{at % 15:02d}"}}', record,
        )  # fmt: skip

    groups = answers(harness.backend, OWN, by="queue").groups
    harness.close()

    sizes = Counter(f"q{at % 15:02d}" for at in range(len(records)))
    named = {each.value: each.records for each in groups if not each.is_other}
    (other,) = [each for each in groups if each.is_other]
    assert 12 == len(named)
    assert named.items() <= sizes.items()
    assert len(records) - sum(named.values()) == other.records
    assert groups[-1] is other


def test_columns_with_the_same_values_are_a_flow(searched: LocalHarness) -> None:
    """Of one object of the answer; `call_review_v1` has one."""
    assert [] == answers(searched.backend, OWN).flows


def test_a_flow_counts_pairs_of_the_period(harness: LocalHarness) -> None:
    store(harness, ["calm"] * 3, at=[noon(SUNDAY)] * 3, analysed_at=noon(SUNDAY))
    harness.sql(
        "UPDATE transcription_analyzed_transcripts SET call_sentiment_incoming = 'negative', "
        "call_sentiment_outgoing = 'positive'"
    )

    (flow,) = answers(harness.backend).flows

    assert ("call_sentiment_incoming", "call_sentiment_outgoing") == (flow.before, flow.after)
    assert [("negative", "positive", 3)] == [
        (each.before, each.after, each.records) for each in flow.counts
    ]
    (earlier,) = answers(harness.backend, until="2026-02-28").flows
    assert [] == earlier.counts


def test_without_an_answer_nothing_is_counted(harness: LocalHarness) -> None:
    found = answers(harness.backend)

    assert (None, None, 0, []) == (found.since, found.until, found.total, found.columns)
    days = answers(harness.backend, since="2026-02-01", until="2026-02-02")
    assert [0, 0] == days.records
    assert [[]] * len(days.columns) == [each.values for each in days.columns]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"since": "soon"}, "invalid since 'soon'"),
        ({"until": "2026-02-30"}, "invalid until '2026-02-30'"),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "use a period of 1 to 370 days"),
        ({"since": "2020-01-01", "until": "2026-03-01"}, "use a period of 1 to 370 days"),
        ({"analysis": "nothing_v1"}, "unknown analysis nothing_v1"),
        ({"by": "queue"}, "invalid --by 'queue'.*no call attribute"),
    ],
)
def test_what_cannot_be_counted_is_refused(
    harness: LocalHarness, arguments: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidOperation, match=says):
        answers(harness.backend, **arguments)
