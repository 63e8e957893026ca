"""The operations `list_analyses` and `show_analysis`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.analysis.own import files_of
from tests.console.prepared import COLUMNS, OWN, opened
from tests.harness import LocalHarness, call, id_of
from troupe.backends.local.operations import add_analysis
from troupe.operations.analyses import list_analyses, show_analysis
from troupe.operations.backend import InvalidOperation
from troupe.operations.quality.golden_add import add_golden


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHarness]:
    """A prepared folder, which the tests of this module only read."""
    made = opened("searched", tmp_path_factory.mktemp("searched") / "home")
    yield made
    made.close()


def test_installed_analyses_are_listed_with_their_runs(searched: LocalHarness) -> None:
    found = {each.name: each for each in list_analyses(searched.backend).analyses}

    assert {"call_review_v1", OWN} == found.keys()
    assert (2, 27) == (found[OWN].runs, found[OWN].records)
    assert (0, 0, None) == (
        found["call_review_v1"].runs, found["call_review_v1"].records,
        found["call_review_v1"].last_planned_at,
    )  # fmt: skip
    assert (["queue", "agent"], ["queue"]) == (found[OWN].attributes, found[OWN].grouped)


def test_an_analysis_shows_what_it_asks_and_stores(searched: LocalHarness) -> None:
    found = show_analysis(searched.backend, OWN)

    assert ["verdict", *COLUMNS] == [each.name for each in found.columns]
    assert {"queue": "text", "agent": "text"} == found.attributes
    assert ["queue"] == found.prompt_attributes
    assert (
        COLUMNS["mood"]["enum"]
        == json.loads(found.files["schema.json"])["properties"]["mood"]["enum"]
    )
    ((prompt, runs),) = [(each.prompt_fingerprint, each.runs) for each in found.prompts]
    assert (found.prompt_fingerprint, 2) == (prompt, runs)
    assert [] == found.accuracy


def test_versions_of_one_name_belong_together_and_others_do_not(
    searched: LocalHarness, tmp_path: Path
) -> None:
    """By their number: 10 is newer than 9. Each tells what runs of any version asked."""
    harness = opened("searched", tmp_path / "home")
    family = OWN.removesuffix("_v1")
    for name in (f"{family}_v10", f"{family}_v9", f"{family}_other_v1"):
        folder = tmp_path / name
        folder.mkdir()
        for file, text in files_of(COLUMNS, name=name, table=f"{name}s").items():
            (folder / file).write_text(text, encoding="utf-8")
        add_analysis(harness.backend, str(folder))

    found = show_analysis(harness.backend, f"{family}_v9")
    harness.close()

    assert [f"{family}_v10", f"{family}_v9", OWN] == found.versions
    assert [OWN] == [each.analysis for each in found.prompts]


def test_a_golden_set_tells_how_right_each_version_was(
    searched: LocalHarness, tmp_path: Path
) -> None:
    """Over all runs. Call 6 is bad, and one of the two labels says so."""
    harness = opened("searched", tmp_path / "home")
    file = tmp_path / "moods.csv"
    file.write_text(f"record_id,mood\n{id_of(call(6))},bad\n{id_of(call(9))},good\n")
    add_golden(harness.backend, golden="moods", analysis=OWN, file=str(file))

    (accuracy,) = show_analysis(harness.backend, OWN).accuracy
    harness.close()

    assert ("moods", 1, 2) == (accuracy.golden, accuracy.version, accuracy.labelled)
    (version,) = accuracy.history
    (column,) = version.columns
    assert (OWN, "mood", 2, 1) == (version.analysis, column.column, column.judged, column.right)


@pytest.mark.parametrize("name", ["nothing_v1", "", "../call_review_v1", "ü" * 100])
def test_an_unknown_analysis_is_refused(searched: LocalHarness, name: str) -> None:
    with pytest.raises(InvalidOperation, match="unknown analysis"):
        show_analysis(searched.backend, name)
