"""Analyses that write to one table must have the same columns."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from analysis import Analyses, AnalysisError
from tests.analysis.own import NAME, files_of

NEXT = NAME.replace("_v1", "_v2")
FILES = files_of(
    {
        "more": {"type": "STRING"},
        "things": {
            "type": "ARRAY",
            "items": {"type": "OBJECT", "properties": {"name": {"type": "STRING"}}},
        },
    }
)


def next_version(file: str, change: Callable[[Any], object]) -> dict[str, str]:
    """The same analysis under the next number, with one file changed."""
    copy = dict(FILES)
    for name, act in (
        ("analysis.json", lambda settings: settings.update(name=NEXT)),
        (file, change),
    ):
        content = json.loads(copy[name])
        act(content)
        copy[name] = json.dumps(content)
    return copy


def renamed_field(schema: Any) -> None:
    schema["properties"]["things"]["items"]["properties"] = {"title": {"type": "STRING"}}


def another_summary(settings: Any) -> None:
    settings["summary"] = "more"


@pytest.fixture
def analyses() -> Analyses:
    """The shipped analyses and the first version."""
    collection = Analyses()
    collection.add(NAME, FILES)
    return collection


@pytest.mark.parametrize(
    ("file", "change"), [("schema.json", renamed_field), ("analysis.json", another_summary)]
)
def test_a_version_with_another_table_layout_needs_a_table_of_its_own(
    analyses: Analyses, file: str, change: Callable[[Any], object]
) -> None:
    """Fields of a record and the required column are part of the layout."""
    with pytest.raises(AnalysisError, match="with different columns"):
        analyses.add(NEXT, next_version(file, change))

    assert [NAME] == [own.name for own in analyses.own]


def test_versions_that_differ_in_their_prompt_share_a_table(analyses: Analyses) -> None:
    """A better prompt is a new version that writes to the same table."""
    analyses.add(NEXT, next_version("schema.json", lambda schema: schema.update(description="x")))

    assert ["of_any_kind"] == [table for table in analyses.tables if "any" in table]
    assert ["call_review_v1", NAME, NEXT] == analyses.names


@pytest.mark.parametrize("name", [NAME, "call_review_v1"])
def test_a_name_that_is_taken_is_refused_with_its_source(analyses: Analyses, name: str) -> None:
    """Those of shipped analyses are taken from the start."""
    with pytest.raises(AnalysisError, match="/mine/x: an analysis of this name exists; rename"):
        analyses.add(name, FILES, "/mine/x")


def test_an_unknown_name_is_answered_with_the_known_names(analyses: Analyses) -> None:
    """Added analyses are among them."""
    with pytest.raises(AnalysisError, match=f"use one of call_review_v1, {NAME}"):
        analyses.load("nothing_v1")
