"""The columns of any analysis, counted in one query."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handlers.summary.column_counts import ColumnCounts, column_counts
from tests.analysis.own import NAME, folder_of
from tests.analysis.test_charts import KINDS
from tests.harness import LocalHarness, ran
from troupe.backends.local.operations import add_analysis

MakeHarness = Callable[..., LocalHarness]


@pytest.fixture
def harness(make_harness: MakeHarness, tmp_path: Path) -> LocalHarness:
    """With a table for answers of every kind."""
    made = make_harness()
    add_analysis(made.backend, str(folder_of(tmp_path, KINDS)))
    return made


def stored(harness: LocalHarness, **columns: list[Any]) -> None:
    """One row for each value of the columns; what every row must have is made up."""
    given = {"verdict": "x", "run_id": "r1"}
    fields = harness.sql(
        "SELECT name, type FROM pragma_table_info('of_any_kind') WHERE \"notnull\""
    )
    filled = {name: _FILL[kind] for name, kind in fields if name not in given}
    names = ", ".join([*filled, *given, *columns])
    marks = ", ".join([*filled.values(), *("?" * (len(given) + len(columns)))])
    for values in zip(*columns.values(), strict=True):
        harness.sql(
            f"INSERT INTO of_any_kind ({names}) VALUES ({marks})",  # noqa: S608
            *given.values(), *values,
        )  # fmt: skip


_FILL = {"VARCHAR": "'x'", "BIGINT": "1", "TIMESTAMP": "now()"}


def seen(harness: LocalHarness, column: str) -> list[tuple[Any, ...]]:
    """Value, upper edge and records of one column."""
    return [
        (row.value, row.below, row.records)
        for chart in counted(harness).charts
        if chart.column == column
        for row in chart.counts
    ]


def counted(harness: LocalHarness) -> ColumnCounts:
    analysis = harness.backend.analyses.load(NAME)
    return column_counts(harness.backend.dependencies.tracking, analysis, {"run_id": "r1"})


def median(harness: LocalHarness, column: str) -> float | None:
    (chart,) = [each for each in counted(harness).charts if each.column == column]
    return chart.median


def test_values_are_counted_and_absent_ones_too(harness: LocalHarness) -> None:
    """The most frequent first."""
    stored(harness, risk=["low", "high", "low", None], checked=[True, False, None, True])

    assert ("low", None, 2) == seen(harness, "risk")[0]
    assert {("high", None, 1), (None, None, 1)} == set(seen(harness, "risk")[1:])
    assert {("true", None, 2), ("false", None, 1), (None, None, 1)} == set(seen(harness, "checked"))


def test_entries_of_lists_are_counted_and_lists_by_their_length(harness: LocalHarness) -> None:
    """Their texts are not counted."""
    stored(harness, labels=[["a", "b"], ["a"], []], notes=[["Anna called"], [], []])

    assert [("a", None, 2), ("b", None, 1)] == seen(harness, "labels")
    assert [("0", "1", 2), ("1", "2", 1)] == seen(harness, "notes")
    assert "Anna" not in str(counted(harness))


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([7], [("7", "8", 1)]),
        ([0, 1, 2, 2], [("0", "1", 1), ("1", "2", 1), ("2", "3", 2)]),
        ([3, 14, 96, None], [("0", "10", 1), ("10", "20", 1), ("90", "100", 1), (None, None, 1)]),
        ([0, 15], [("0", "2", 1), ("14", "16", 1)]),
    ],
)
def test_whole_numbers_stand_in_steps_that_people_count_in(
    harness: LocalHarness, numbers: list[int | None], expected: list[tuple[Any, ...]]
) -> None:
    """1, 2 or 5, and zeros; never a part of one."""
    stored(harness, score=numbers)

    assert expected == sorted(seen(harness, "score"), key=lambda row: float(row[0] or "inf"))


@pytest.mark.parametrize(
    ("numbers", "first"),
    [
        ([0.31, 0.34, 0.42], ("0.3", "0.32", 1)),
        ([-1.5, 2.5], ("-1.5", "-1", 1)),
        ([0.5], ("0", "1", 1)),
        ([1e308, -1e308], ("-1e+100", "-8e+99", 1)),
        ([5e-324, 0.0], ("0", "1", 2)),
        ([1e15, 1e15 + 1], ("1e+15", "1e+15", 1)),
    ],
)
def test_other_numbers_may_be_of_any_size(
    harness: LocalHarness, numbers: list[float], first: tuple[str, str, int]
) -> None:
    """A report must not fail over an answer."""
    stored(harness, share=numbers)
    found = seen(harness, "share")

    assert first in found
    assert len(numbers) == sum(row[2] for row in found)
    assert len(found) <= 12


def test_the_median_is_reported(harness: LocalHarness) -> None:
    """Of numbers and of lengths; of nothing there is none."""
    stored(harness, score=[1, 2, 90], notes=[[], ["a"], ["a", "b"]])

    assert (2, 1, None) == (
        median(harness, "score"),
        median(harness, "notes"),
        median(harness, "risk"),
    )


def test_before_anything_is_stored_there_is_nothing_to_see(harness: LocalHarness) -> None:
    """And what would be shown is known."""
    counts = counted(harness)

    assert [] == [row for chart in counts.charts for row in chart.counts]
    assert {"verdict", "account"} == {each.column for each in counts.left_out}


def test_two_columns_of_one_object_with_the_same_values_are_a_flow(
    make_harness: MakeHarness,
) -> None:
    """Of the shipped analysis: sentiment before and after. Each pair counts its records."""
    harness = make_harness()
    harness.begin_after(ran, 12)
    analysis = harness.backend.analyses.load("call_review_v1")

    counts = column_counts(harness.backend.dependencies.tracking, analysis, {"run_id": "r1"})

    (flow,) = counts.flows
    assert ("call_sentiment_incoming", "call_sentiment_outgoing") == (flow.before, flow.after)
    assert 12 == sum(row.records for row in flow.counts)
    assert {flow.before, flow.after}.isdisjoint(chart.column for chart in counts.charts)


def test_languages_and_product_names_of_the_shipped_analysis_are_counted(
    make_harness: MakeHarness,
) -> None:
    """`shown` of analysis.json names them: a text column, and a field of a repeated record."""
    harness = make_harness()
    harness.begin_after(ran, 12)
    analysis = harness.backend.analyses.load("call_review_v1")

    counts = column_counts(harness.backend.dependencies.tracking, analysis, {"run_id": "r1"})

    charts = {chart.column: chart for chart in counts.charts}
    products = harness.one(
        "SELECT coalesce(sum(len(products)), 0) FROM transcription_analyzed_transcripts"
    )
    assert 12 == sum(row.records for row in charts["language_code"].counts)
    assert products == sum(row.records for row in charts["products"].counts)
    assert "free text" in {each.why for each in counts.left_out}
    assert not {"language_code", "products"} & {each.column for each in counts.left_out}
