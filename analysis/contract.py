"""The answer's contract: its schema, and the column that each leaf of the schema goes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.reading.fast_path import TypedReader, Values, typed_reader
from analysis.schema import Mismatch, Node, check, has_unknown, leaves


class RejectedAnswer(Exception):
    """An answer that becomes an error instead of a row.

    `error_type` is a name from `ERRORS`; `detail` holds field names and rules, never content.
    """

    def __init__(self, error_type: str, detail: str) -> None:
        self.error_type = error_type
        self.detail = detail
        super().__init__(f"{error_type}: {detail}")


@dataclass(frozen=True, slots=True)
class Contract:
    """The schema of an answer and its columns, prepared once for all answers of an analysis."""

    root: Node
    columns: Mapping[str, str]
    """Column name to path in the answer, in the order of the table."""
    summary: str
    """The required column: an answer without it gives no row."""
    lists: frozenset[str] = frozenset()
    """Columns of mode REPEATED: an absent value is the empty list, not null."""
    typed: TypedReader | None = None
    """The fast path; None when the schema is outside of what it supports."""
    summary_index: int = 0
    """Position of `summary` among the columns."""

    @classmethod
    def of(cls, root: Node, columns: Mapping[str, str], summary: str) -> "Contract":
        """Build the contract with its fast path."""
        kinds = {leaf.path: leaf.kind for leaf in leaves(root)}
        lists = frozenset(column for column, path in columns.items() if kinds[path] == "array")
        summary_index = list(columns).index(summary)
        return cls(root, columns, summary, lists, typed_reader(root, columns), summary_index)

    def from_text(self, text: str) -> Values | None:
        """Return the column values by the fast path, or None to use `from_value` instead."""
        values = self.typed(text) if self.typed else None
        summary = values[self.summary_index] if values else None
        return values if summary and summary.strip() else None

    def from_value(self, value: object, *, reject_unknown: bool = False) -> Values:
        """Return the column values of a parsed answer, in order. Raises `RejectedAnswer`.

        Unknown properties are ignored, unless `reject_unknown` is set: after a repair, an unknown
        property may be a damaged name, and its value would be lost.
        """
        if reject_unknown and has_unknown(self.root, value):
            raise RejectedAnswer("repaired_lossy", "unknown property after a repair")
        try:
            answer = check(self.root, value)
        except Mismatch as mismatch:
            if mismatch.path == self.columns[self.summary] and mismatch.missing:
                raise RejectedAnswer("missing_summary", str(mismatch)) from None
            raise RejectedAnswer("schema_mismatch", str(mismatch)) from None
        row = {column: _at(answer, path) for column, path in self.columns.items()}
        row.update((column, []) for column in self.lists if row[column] is None)
        summary = row[self.summary]
        if not summary or not summary.strip():
            raise RejectedAnswer("missing_summary", f"{self.columns[self.summary]}: blank")
        return tuple(row.values())


def _at(answer: Any, path: str) -> Any:
    for name in path.split("."):
        if answer is None:
            return None
        answer = answer[name]
    return answer
