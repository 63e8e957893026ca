"""The analyses that a run can use: those that are shipped, and those that users add."""

from analysis.analysis_files import Files, load_analysis, shipped_analyses
from analysis.definition import Analysis
from analysis.errors import AnalysisError


class Analyses:
    """Analyses by name. Two of them share an output table only if it has equal columns."""

    def __init__(self) -> None:
        """Begin with the shipped analyses."""
        self._shipped = dict[str, Analysis]()
        self._added = dict[str, Analysis]()

    def add(self, name: str, files: Files, source: str = "") -> Analysis:
        """Add the analysis that these files define, and return it.

        `source`, e.g. a folder's path, is named when the name is taken. Raises `AnalysisError`, and
        then the collection is unchanged.
        """
        if name in self.names:
            raise AnalysisError(f"{source or name}: an analysis of this name exists; rename one")
        added = load_analysis(name, files)
        for other in map(self.load, self.names):
            if other.table == added.table and _layout(other) != _layout(added):
                raise AnalysisError(
                    f"{added.name} and {other.name} write to the table {added.table} "
                    "with different columns; give one of them a table of its own"
                )
        self._added[name] = added
        return added

    def replace(self, name: str, files: Files) -> Analysis:
        """Load an added analysis again, of which only the redaction rules are others."""
        self._added[name] = load_analysis(name, files)
        return self._added[name]

    @property
    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted([*shipped_analyses(), *self._added])

    @property
    def tables(self) -> list[str]:
        """The output tables, sorted, each once."""
        return sorted({self.load(name).table for name in self.names})

    @property
    def own(self) -> list[Analysis]:
        """The analyses that are not shipped, in the order in which they were added."""
        return [*self._added.values()]

    def load(self, name: str) -> Analysis:
        """Return the analysis of this name. Raises `AnalysisError` when there is none."""
        if name in self._added:
            return self._added[name]
        if name not in self._shipped:
            if name not in shipped_analyses():
                raise AnalysisError(f"unknown analysis {name}: use one of {', '.join(self.names)}")
            self._shipped[name] = load_analysis(name)
        return self._shipped[name]


def _layout(analysis: Analysis) -> tuple[object, ...]:
    """Return what defines the output table: columns, fields of records, and the required column."""
    columns = analysis.output_columns
    fields = [analysis.record_fields(column.name) for column in columns]
    return columns, fields, analysis.contract.summary
