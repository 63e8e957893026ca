"""The files that are meant: names, patterns and folders."""

from pathlib import Path

import pytest

from troupe.transcript_files.errors import BadFile
from troupe.transcript_files.find import find_files


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "b.jsonl",
        "a.csv.gz",
        "sub/c.PARQUET",
        "notes.txt",
        ".hidden.csv",
        "sub/.d/e.csv",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_stands_for_the_files_below_it(folder: Path) -> None:
    """In order; what is left out is named. Hidden files and state folders do not count."""
    found, left_out = find_files(["."])

    assert [str(folder / name) for name in ("a.csv.gz", "b.jsonl", "sub/c.PARQUET")] == found
    assert ["notes.txt"] == left_out


def test_a_pattern_stands_for_the_files_that_match(folder: Path) -> None:
    """Where no shell has done it; a file of that very name is that file."""
    assert ([str(folder / "a.csv.gz"), str(folder / "b.jsonl")], []) == find_files(["*.[cj]s*"])
    assert [str(folder / "sub/c.PARQUET")] == find_files([f"{folder}/**/c.*"])[0]
    (folder / "[1].csv").write_text("")
    assert [str(folder / "[1].csv")] == find_files(["[1].csv"])[0]


def test_a_file_that_is_named_twice_is_read_once(folder: Path) -> None:
    assert [str(folder / "b.jsonl"), "-"] == find_files(
        ["b.jsonl", "./b.jsonl", "-", "*.jsonl", "-"]
    )[0]


def test_a_pattern_or_folder_without_files_is_named(folder: Path) -> None:
    """And a file that is missing is named when it is opened."""
    (folder / "empty").mkdir()
    with pytest.raises(BadFile, match="empty: this is a directory without a file such as"):
        find_files(["empty"])
    with pytest.raises(BadFile, match="no file matches this pattern"):
        find_files(["x*.csv"])
    assert [str(folder / "nowhere.csv")] == find_files(["nowhere.csv"])[0]
