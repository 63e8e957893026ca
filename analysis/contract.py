"""What an answer must be, and the columns that it becomes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.reading.fast_path import TypedReader, Values, typed_reader
from analysis.schema import Mismatch, Node, check, has_unknown, leaves


class Unfit(Exception):
    """A well-formed answer is no row. Carries the error type, and a detail without content."""

    def __init__(self, error_type: str, detail: str) -> None:
        self.error_type = error_type
        self.detail = detail
        super().__init__(f"{error_type}: {detail}")


@dataclass(frozen=True, slots=True)
class Contract:
    """The schema, and the column that each of its leaves goes to."""

    root: Node
    columns: Mapping[str, str]
    """Column to path, in the order of the table."""
    summary: str
    """The column without which there is no row."""
    lists: frozenset[str] = frozenset()
    """Repeated columns: these are empty where others are null."""
    typed: TypedReader | None = None
    at_summary: int = 0
    """Where the summary stands among the columns."""

    @classmethod
    def of(cls, root: Node, columns: Mapping[str, str], summary: str) -> "Contract":
        """The contract with everything that can be prepared for a million answers."""
        kinds = {leaf.path: leaf.kind for leaf in leaves(root)}
        lists = frozenset(column for column, path in columns.items() if kinds[path] == "array")
        at_summary = list(columns).index(summary)
        return cls(root, columns, summary, lists, typed_reader(root, columns), at_summary)

    def from_text(self, text: str) -> Values | None:
        """The columns of an answer that needs no second look; None: take the longer way."""
        values = self.typed(text) if self.typed else None
        summary = values[self.at_summary] if values else None
        return values if summary and summary.strip() else None

    def from_value(self, value: object, *, as_asked: bool = False) -> Values:
        """The columns of a parsed answer, in the order of the table. Raises `Unfit`.

        `as_asked` refuses unknown properties, which are left out otherwise: after a repair, one
        may be a damaged name, and what stands under it would be lost.
        """
        if as_asked and has_unknown(self.root, value):
            raise Unfit("repaired_lossy", "a property that nobody asked for, after a repair")
        try:
            answer = check(self.root, value)
        except Mismatch as mismatch:
            if mismatch.path == self.columns[self.summary] and mismatch.missing:
                raise Unfit("missing_summary", str(mismatch)) from None
            raise Unfit("schema_mismatch", str(mismatch)) from None
        row = {column: _at(answer, path) for column, path in self.columns.items()}
        row.update((column, []) for column in self.lists if row[column] is None)
        summary = row[self.summary]
        if not summary or not summary.strip():
            raise Unfit("missing_summary", f"{self.columns[self.summary]}: blank")
        return tuple(row.values())


def _at(answer: Any, path: str) -> Any:
    for name in path.split("."):
        if answer is None:
            return None
        answer = answer[name]
    return answer
