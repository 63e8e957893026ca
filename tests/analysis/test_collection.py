"""Analyses that share a table must fill it alike."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis import Analyses, AnalysisError
from tests.analysis.own import folder_of

PROPERTIES = {
    "more": {"type": "STRING"},
    "things": {
        "type": "ARRAY",
        "items": {"type": "OBJECT", "properties": {"name": {"type": "STRING"}}},
    },
}


def next_version(folder: Path, file: str, change: Callable[[Any], object]) -> Path:
    """The same analysis under the next number, with one file changed."""
    other = folder.with_name(folder.name.replace("_v1", "_v2"))
    other.mkdir()
    for each in folder.iterdir():
        (other / each.name).write_bytes(each.read_bytes())
    for name, act in (("analysis.json", lambda told: told.update(name=other.name)), (file, change)):
        told = json.loads((other / name).read_text())
        act(told)
        (other / name).write_text(json.dumps(told))
    return other


def renamed_field(schema: Any) -> None:
    schema["properties"]["things"]["items"]["properties"] = {"title": {"type": "STRING"}}


def another_summary(settings: Any) -> None:
    settings["summary"] = "more"


@pytest.mark.parametrize(
    ("file", "change"), [("schema.json", renamed_field), ("analysis.json", another_summary)]
)
def test_a_version_whose_table_would_look_otherwise_needs_one_of_its_own(
    tmp_path: Path, file: str, change: Callable[[Any], object]
) -> None:
    """Fields of a record and the required column belong to the table too."""
    first = folder_of(tmp_path, PROPERTIES)
    analyses = Analyses([first])

    with pytest.raises(AnalysisError, match="with different columns"):
        analyses.add(next_version(first, file, change))


def test_versions_that_differ_in_their_words_share_a_table(tmp_path: Path) -> None:
    """A better prompt is a new version of the same table."""
    first = folder_of(tmp_path, PROPERTIES)
    analyses = Analyses([first])

    analyses.add(next_version(first, "schema.json", lambda schema: schema.update(description="x")))

    assert ["of_any_kind"] == [table for table in analyses.tables if "any" in table]
