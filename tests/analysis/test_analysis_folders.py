"""Reading analyses from folders on disk."""

from pathlib import Path

import pytest

from analysis import ANALYSIS_FILES, AnalysisError
from tests.analysis.own import NAME, files_of, folder_of
from troupe.analysis_folders import load_folder, load_folders, problems_of_folder, read_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a valid analysis."""
    return folder_of(tmp_path, {})


def test_a_folder_is_read_as_its_four_files(folder: Path) -> None:
    """Other files in it are not part of the analysis."""
    (folder / "notes.txt").write_text("x", encoding="utf-8")

    assert files_of({}) == read_folder(folder)
    assert NAME == load_folder(folder).name
    assert [] == problems_of_folder(folder)


@pytest.mark.parametrize("file", ANALYSIS_FILES)
def test_a_file_that_is_not_utf8_is_named(folder: Path, file: str) -> None:
    """The message has a remedy."""
    (folder / file).write_bytes(b"\xff")
    message = f"{NAME}/{file} is not UTF-8: save it as UTF-8"

    with pytest.raises(AnalysisError, match=message):
        load_folder(folder)
    assert [message] == problems_of_folder(folder)


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    """A directory in its place, for example."""
    (folder / "user.md").unlink()
    (folder / "user.md").mkdir()

    with pytest.raises(AnalysisError, match=f"{NAME}/user.md cannot be read: Is a directory"):
        load_folder(folder)


def test_a_folder_may_be_an_analysis_or_contain_several(folder: Path) -> None:
    """The shipped analyses are always there."""
    for given in (folder, folder.parent):
        assert ["call_review_v1", NAME] == load_folders([given]).names


def test_two_folders_of_one_name_are_refused(folder: Path, tmp_path: Path) -> None:
    """The message has the path of the second one."""
    other = folder_of(tmp_path / "other", {})

    with pytest.raises(AnalysisError, match=f"{other}: an analysis of this name exists"):
        load_folders([folder, other])


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nowhere", "there is no such folder"),
        (".", "neither it nor a folder in it has an analysis.json"),
    ],
)
def test_a_folder_without_an_analysis_is_named(tmp_path: Path, name: str, problem: str) -> None:
    """The message has its path."""
    folder = tmp_path / name

    with pytest.raises(AnalysisError, match=f"{folder}: {problem}"):
        load_folders([folder])
