"""Read analyses from folders on disk: a folder has the name of the analysis and its files."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from analysis import ALL_FILES, Analyses, Analysis, AnalysisError, load_analysis, problems_of
from analysis.analysis_files import SETTINGS_FILE


def read_folder(folder: Path) -> dict[str, str]:
    """Read the files of an analysis; missing files are left out.

    Raises `AnalysisError` for a file that cannot be read as UTF-8.
    """
    files = dict[str, str]()
    for name in ALL_FILES:
        try:
            files[name] = (folder / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
        except UnicodeError as error:
            raise AnalysisError(f"{folder.name}/{name} is not UTF-8: save it as UTF-8") from error
        except OSError as error:
            raise AnalysisError(f"{folder.name}/{name} cannot be read: {error.strerror}") from error
    return files


def load_folder(folder: Path) -> Analysis:
    """Load the analysis of a folder. Raises `AnalysisError`."""
    return load_analysis(folder.name, read_folder(folder))


def load_folders(folders: Iterable[Path]) -> Analyses:
    """Return the shipped analyses and those of these folders.

    Each folder is one analysis, or contains several. Raises `AnalysisError` for the first that is
    not valid, and for a folder without any.
    """
    analyses = Analyses()
    for folder in _analysis_folders(folders):
        analyses.add(folder.name, read_folder(folder), str(folder))
    return analyses


def problems_of_folder(folder: Path) -> list[str]:
    """Return every problem of an analysis' folder; empty if the analysis is valid."""
    if not folder.is_dir():
        return [f"{folder.name} is not an analysis: there is no such folder"]
    try:
        files = read_folder(folder)
    except AnalysisError as error:
        return [str(error)]
    return problems_of(folder.name, files)


def _analysis_folders(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        if (folder / SETTINGS_FILE).is_file():
            yield folder.resolve()
            continue
        if not folder.is_dir():
            raise AnalysisError(f"{folder}: there is no such folder")
        below = sorted(file.parent for file in folder.glob(f"*/{SETTINGS_FILE}"))
        if not below:
            raise AnalysisError(f"{folder}: neither it nor a folder in it has an {SETTINGS_FILE}")
        yield from (each.resolve() for each in below)
