"""What of an analysis is shown at a glance, and what is not."""

from pathlib import Path
from typing import Any

from analysis import charts_of, load_analysis
from tests.analysis.own import EXAMPLE, analysis_of

KINDS: dict[str, Any] = {
    "risk": {"type": "STRING", "enum": ["low", "high"]},
    "checked": {"type": "BOOLEAN"},
    "score": {"type": "INTEGER", "minimum": 0, "maximum": 100},
    "account": {"type": "INTEGER"},
    "share": {"type": "NUMBER"},
    "labels": {"type": "ARRAY", "items": {"type": "STRING", "enum": ["a", "b"]}},
    "findings": {
        "type": "ARRAY",
        "items": {"type": "OBJECT", "properties": {"rule": {"type": "STRING"}}},
    },
    "notes": {"type": "ARRAY", "items": {"type": "STRING"}},
}


def test_closed_sets_truths_numbers_and_lists_are_shown(tmp_path: Path) -> None:
    """Each in its way, in the order of the table."""
    found = charts_of(analysis_of(tmp_path, KINDS))

    assert [
        ("risk", "values"), ("checked", "values"), ("score", "numbers"), ("share", "numbers"),
        ("labels", "items"), ("findings", "lengths"), ("notes", "lengths"),
    ] == [(chart.column, chart.shows) for chart in found.charts]  # fmt: skip


def test_what_may_name_somebody_is_left_out(tmp_path: Path) -> None:
    """Text, and whole numbers that could be those of accounts or telephones."""
    found = charts_of(analysis_of(tmp_path, KINDS))

    assert [("said", "free text"), ("account", "whole numbers without a maximum")] == [
        (each.column, each.why) for each in found.left_out
    ]


def test_no_more_than_twelve_are_shown(tmp_path: Path) -> None:
    """The query has a bound, and so has the page."""
    found = charts_of(analysis_of(tmp_path, {f"c{n}": {"type": "BOOLEAN"} for n in range(20)}))

    assert 12 == len(found.charts)
    assert ["said", *(f"c{n}" for n in range(12, 20))] == [each.column for each in found.left_out]
    assert "beyond the first twelve" == found.left_out[-1].why


def test_the_example_has_something_of_each_kind() -> None:
    """As its page in the documentation shows."""
    found = charts_of(load_analysis(EXAMPLE.name, EXAMPLE))

    assert ["values", "values", "numbers", "lengths"] == [chart.shows for chart in found.charts]
