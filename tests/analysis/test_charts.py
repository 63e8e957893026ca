"""Which columns of an analysis are counted for the report, and which are left out."""

from dataclasses import replace
from typing import Any

from analysis import charts_of
from tests.analysis.own import EXAMPLE, analysis_of
from troupe.analysis_folders import load_folder

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


def test_enums_booleans_numbers_and_lists_are_counted() -> None:
    """Each has a chart of its kind, in the order of the table."""
    counted = charts_of(analysis_of(KINDS))

    assert [
        ("risk", "values"), ("checked", "values"), ("score", "numbers"), ("share", "numbers"),
        ("labels", "items"), ("findings", "lengths"), ("notes", "lengths"),
    ] == [(chart.column, chart.shows) for chart in counted.charts]  # fmt: skip


def test_columns_that_may_identify_a_person_are_left_out() -> None:
    """Text, and integers without a maximum: they could be account or telephone numbers."""
    counted = charts_of(analysis_of(KINDS))

    assert [("verdict", "free text"), ("account", "whole numbers without a maximum")] == [
        (each.column, each.why) for each in counted.left_out
    ]


def test_text_is_counted_only_where_the_analysis_shows_it() -> None:
    """A column of text, or one field of a repeated record."""
    analysis = analysis_of(KINDS)
    found = charts_of(replace(analysis, shown=("verdict", "findings.rule")))

    assert [("verdict", "values", None), ("findings", "items", "rule")] == [
        (chart.column, chart.shows, chart.field)
        for chart in found.charts
        if chart.column in ("verdict", "findings")
    ]


def test_no_more_than_twelve_columns_are_counted() -> None:
    """That bounds the size of the query and of the page."""
    counted = charts_of(analysis_of({f"c{n}": {"type": "BOOLEAN"} for n in range(20)}))

    assert 12 == len(counted.charts)
    left_out = [each.column for each in counted.left_out]
    assert ["verdict", *(f"c{n}" for n in range(12, 20))] == left_out
    assert "beyond the first twelve" == counted.left_out[-1].why


def test_the_example_is_counted_as_its_page_in_the_documentation_shows() -> None:
    """Two enums, a number and a list."""
    counted = charts_of(load_folder(EXAMPLE))

    assert ["values", "values", "numbers", "lengths"] == [chart.shows for chart in counted.charts]
