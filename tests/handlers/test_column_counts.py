"""The columns of any analysis, counted in one query."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handlers.summary.column_counts import column_counts
from tests.analysis.own import NAME, folder_of
from tests.analysis.test_charts import KINDS
from tests.harness import Stage
from tracking import Row
from troupe.backends.local.operations import add_analysis

Staged = Callable[..., Stage]


@pytest.fixture
def stage(staged: Staged, tmp_path: Path) -> Stage:
    """With a table for answers of every kind."""
    made = staged()
    add_analysis(made.backend, str(folder_of(tmp_path, KINDS)))
    return made


def stored(stage: Stage, **columns: list[Any]) -> None:
    """One row for each value of the columns; what every row must have is made up."""
    given = {"said": "x", "run_id": "r1"}
    fields = stage.sql("SELECT name, type FROM pragma_table_info('of_any_kind') WHERE \"notnull\"")
    filled = {name: _FILL[kind] for name, kind in fields if name not in given}
    names = ", ".join([*filled, *given, *columns])
    marks = ", ".join([*filled.values(), *("?" * (len(given) + len(columns)))])
    for values in zip(*columns.values(), strict=True):
        stage.sql(
            f"INSERT INTO of_any_kind ({names}) VALUES ({marks})",  # noqa: S608
            *given.values(), *values,
        )  # fmt: skip


_FILL = {"VARCHAR": "'x'", "BIGINT": "1", "TIMESTAMP": "now()"}


def seen(stage: Stage, column: str) -> list[tuple[Any, ...]]:
    """Value, detail and records of one column."""
    return [
        (r["value"], r["detail"], r["records"]) for r in _glance(stage)[0] if r["kind"] == column
    ]


def _glance(stage: Stage) -> tuple[list[Row], Row]:
    analysis = stage.backend.analyses.load(NAME)
    return column_counts(stage.backend.dependencies.tracking, analysis, {"run_id": "r1"})


def median(stage: Stage, column: str) -> float | None:
    (found,) = [each for each in _glance(stage)[1]["charts"] if each["column"] == column]
    value: float | None = found["median"]
    return value


def test_values_are_counted_and_absent_ones_too(stage: Stage) -> None:
    """The most frequent first."""
    stored(stage, risk=["low", "high", "low", None], checked=[True, False, None, True])

    assert ("low", None, 2) == seen(stage, "risk")[0]
    assert {("high", None, 1), (None, None, 1)} == set(seen(stage, "risk")[1:])
    assert {("true", None, 2), ("false", None, 1), (None, None, 1)} == set(seen(stage, "checked"))


def test_entries_of_lists_are_counted_and_lists_by_their_length(stage: Stage) -> None:
    """Nothing of what they say."""
    stored(stage, labels=[["a", "b"], ["a"], []], notes=[["Anna called"], [], []])

    assert [("a", None, 2), ("b", None, 1)] == seen(stage, "labels")
    assert [("0", "1", 2), ("1", "2", 1)] == seen(stage, "notes")
    assert "Anna" not in str(_glance(stage))


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
    stage: Stage, numbers: list[int | None], expected: list[tuple[Any, ...]]
) -> None:
    """1, 2 or 5, and zeros; never a part of one."""
    stored(stage, score=numbers)

    assert expected == sorted(seen(stage, "score"), key=lambda row: float(row[0] or "inf"))


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
    stage: Stage, numbers: list[float], first: tuple[str, str, int]
) -> None:
    """A report must not fail over an answer."""
    stored(stage, share=numbers)
    found = seen(stage, "share")

    assert first in found
    assert len(numbers) == sum(row[2] for row in found)
    assert len(found) <= 12


def test_the_median_is_told(stage: Stage) -> None:
    """Of numbers and of lengths; of nothing there is none."""
    stored(stage, score=[1, 2, 90], notes=[[], ["a"], ["a", "b"]])

    assert (2, 1, None) == (median(stage, "score"), median(stage, "notes"), median(stage, "risk"))


def test_before_anything_is_stored_there_is_nothing_to_see(stage: Stage) -> None:
    """And what would be shown is known."""
    rows, about = _glance(stage)

    assert [] == rows
    assert {"said", "account"} == {each["column"] for each in about["left_out"]}
