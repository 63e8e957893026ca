"""Columns whose values did not fit the schema as they were written: how often, and what was written."""

import json
import re
from collections import Counter, defaultdict
from typing import Any

import msgspec

from analysis import Analysis
from tracking import Tracking
from tracking.statements import fragment, table_name

_EXAMPLES = 5
_NOT_PERSONAL = re.compile(r"[^\W\d_]{1,20}([ _/-][^\W\d_]{1,20}){0,2}")
"""One to three words, as the values of closed sets are: no digits, no address, no sentence."""


class ChangedField(msgspec.Struct, frozen=True, kw_only=True):
    """One column of the stored rows of a run."""

    column: str
    """`*` stands for the whole answer, which was wrapped."""
    normalised: int
    """Rows in which its value became its equivalent."""
    nulled: int
    """Rows in which it is null, because its value did not fit or was absent."""
    refused: int = 0
    """Answers without a row because of this column."""
    is_frequent: bool
    """Some batch has it in a larger share of its rows than the analysis' `notice_share`."""
    examples: list[str] = []
    """What the model wrote, the most frequent first: closed sets only, and twice at least."""
    equivalents: str | None = None
    """A line for `equivalents` of analysis.json, which lists the examples."""


class _FieldCount(msgspec.Struct, frozen=True, kw_only=True):
    field: str
    normalised: int
    nulled: int
    largest_share: float | None


class _RefusedCount(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    answers: int


class _RawCount(msgspec.Struct, frozen=True, kw_only=True):
    field: str
    raw: str
    records: int


def changed_fields(
    tracking: Tracking, analysis: Analysis, here: dict[str, Any]
) -> list[ChangedField]:
    """Read which columns of a run were normalised or left null, the most frequent first."""
    output = table_name(analysis.table)
    counts = tracking.rows("changed_fields", _FieldCount, here, output=output)
    closed = [c.field for c in counts if c.field in analysis.closed_columns]
    examples = defaultdict[str, list[str]](list)
    if closed:
        parts = (_raw_counts(field, output) for field in closed)
        raw_counts = "\nUNION ALL\n".join(parts)
        for row in tracking.rows("raw_values", _RawCount, here, raw_counts=raw_counts):
            if _NOT_PERSONAL.fullmatch(row.raw) and len(examples[row.field]) < _EXAMPLES:
                examples[row.field].append(row.raw)
    refused = _refused(tracking, analysis, here)
    counts += [
        _FieldCount(field=column, normalised=0, nulled=0, largest_share=None)
        for column in sorted(refused.keys() - {each.field for each in counts})
    ]
    found = [
        _changed(each, analysis, examples[each.field], refused.get(each.field, 0))
        for each in counts
    ]
    return sorted(
        found, key=lambda each: (-each.refused, -each.nulled, -each.normalised, each.column)
    )


def _refused(tracking: Tracking, analysis: Analysis, here: dict[str, Any]) -> dict[str, int]:
    """Count the answers that gave no row, by the column that did not fit."""
    by_path = {path: column for column, path in analysis.columns.items()}
    rows = tracking.rows("refused_fields", _RefusedCount, {"run_id": here["run_id"]})
    counts = Counter[str]()
    for row in rows:
        path = row.path.partition("[]")[0]
        counts[by_path.get(path, path)] += row.answers
    return counts


def _changed(
    count: _FieldCount, analysis: Analysis, examples: list[str], refused: int
) -> ChangedField:
    line = None
    if count.nulled and examples:
        line = json.dumps({count.field: dict.fromkeys(examples)}, ensure_ascii=False)[1:-1]
    return ChangedField(
        column=count.field,
        normalised=count.normalised,
        nulled=count.nulled,
        refused=refused,
        is_frequent=(count.largest_share or 0) > analysis.notice_share,
        examples=examples,
        equivalents=line,
    )


def _raw_counts(field: str, output: str) -> str:
    # The field is a column of the analysis: lower-case letters, digits and _.
    return fragment("count_raw_values", field=f"'{field}'", path=f"'$.{field}'", output=output)
