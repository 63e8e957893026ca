"""The analyses that can be asked for: those that are shipped, and those of your own folders."""

from collections.abc import Iterable
from pathlib import Path

from analysis.definition import SETTINGS_FILE, Analysis, analyses, load_analysis
from analysis.errors import AnalysisError


class Analyses:
    """Found by name. Every analysis has a table of its own, or shares one of equal columns."""

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        """Each folder is one analysis, or holds several. Raises `AnalysisError` for any of them."""
        self._folders = dict[str, Path]()
        self._loaded = dict[str, Analysis]()
        for folder in _each(folders):
            self.add(folder)

    def add(self, folder: Path) -> Analysis:
        """One more. Raises `AnalysisError`, and then knows what it knew."""
        if folder.name in self.names:
            raise AnalysisError(f"{folder}: there is another analysis of this name; rename one")
        added = load_analysis(folder.name, folder)
        for other in map(self.load, self.names):
            if other.table == added.table and _layout(other) != _layout(added):
                raise AnalysisError(
                    f"{added.name} and {other.name} write to the table {added.table} "
                    "with different columns; give one of them a table of its own"
                )
        self._folders[folder.name], self._loaded[folder.name] = folder, added
        return added

    @property
    def names(self) -> list[str]:
        return sorted([*analyses(), *self._folders])

    @property
    def tables(self) -> list[str]:
        """The output tables, each once."""
        return sorted({self.load(name).table for name in self.names})

    @property
    def own(self) -> list[Analysis]:
        """Those that are not shipped."""
        return [self.load(name) for name in self._folders]

    def load(self, name: str) -> Analysis:
        """Raises `AnalysisError` when there is none of this name."""
        if name not in self._loaded:
            if name not in self._folders and name not in analyses():
                known = ", ".join(self.names)
                raise AnalysisError(f"there is no analysis {name}: choose from {known}")
            self._loaded[name] = load_analysis(name, self._folders.get(name))
        return self._loaded[name]


def _layout(analysis: Analysis) -> tuple[object, ...]:
    """What its table looks like: the columns, their fields, and the one that no row is without."""
    columns = analysis.output_columns
    fields = [analysis.record_fields(column.name) for column in columns]
    return columns, fields, analysis.contract.summary


def _each(folders: Iterable[Path]) -> Iterable[Path]:
    for folder in folders:
        if (folder / SETTINGS_FILE).is_file():
            yield folder.resolve()
            continue
        if not folder.is_dir():
            raise AnalysisError(f"{folder}: there is no such folder")
        found = sorted(file.parent for file in folder.glob(f"*/{SETTINGS_FILE}"))
        if not found:
            raise AnalysisError(f"{folder}: no {SETTINGS_FILE} here, nor in the folders below")
        yield from (each.resolve() for each in found)
