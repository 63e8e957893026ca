"""Check that tables can store an answer: names of table and columns, and types of the schema.

Most rules are BigQuery's, which ignores case in the names of columns and fields. The others come
from the statements that store and count answers: they use further columns beside the answer's.
"""

import re
from collections.abc import Iterator

from analysis.schema import Node

_TABLE = re.compile(r"[a-z][a-z0-9_]{0,127}")
_COLUMN = re.compile(r"[a-z][a-z0-9_]{1,127}")
DEEPEST_GROUP = 13
"""Of the fifteen levels of RECORD, a staged answer is one, and a list of objects another."""
LINEAGE = frozenset(
    {
        "phone_number_token", "referenceid", "interactionid", "event_timestamp", "record_id",
        "run_id", "batch", "attempt", "model", "analysis", "prompt_fingerprint",
        "reader_fingerprint", "grounding", "cost", "analysed_at", "line", "error_type", "detail",
        "parse_method", "repair_grade", "grade", "normalised_fields", "nulled_fields", "raw_values",
        "finish_reason", "model_version", "prompt_tokens", "cached_tokens", "thoughts_tokens",
        "output_tokens", "text_fingerprint", "attributes",
    }
)  # fmt: skip
"""Columns that every output table or staging table has, in lower case."""
_USED_BY_STATEMENTS = frozenset(
    {
        "job", "error", "copies", "is_requested", "word", "value", "is_proved", "own_error",
        "answer_json", "grade_rank", "is_repeated", "changed_field",
    }
)  # fmt: skip
"""Columns that statements add to an answer's while they stage, store and count it."""


def table_problems(table: str) -> Iterator[str]:
    """Yield the problems of the name of an output table."""
    if not _TABLE.fullmatch(table):
        yield (
            f"invalid table {table!r}: use lower-case letters, digits and _, a letter first, "
            "at most 128 characters"
        )


def column_problems(column: str) -> Iterator[str]:
    """Yield the problems of the name of a column."""
    if not _COLUMN.fullmatch(column):
        # Statements use single letters as table aliases; BigQuery reserves several names with a
        # leading _.
        yield (
            f"invalid column {column!r}: use lower-case letters, digits and _, a letter first, "
            "2 to 128 characters"
        )
    elif column in LINEAGE:
        yield f"the column {column!r} has the name of a column that every row has; rename it"
    elif column in _USED_BY_STATEMENTS:
        yield f"the column {column!r} has a name that Troupe's own statements use; rename it"


def shape_problems(node: Node, level: int = 0) -> Iterator[str]:
    """Yield the parts of a schema that no table can store."""
    yield from _case_conflicts(node)
    if level > DEEPEST_GROUP:
        yield (
            f"{node.path}: more than {DEEPEST_GROUP} objects inside each other, and BigQuery stores "
            "no more; put its properties beside the others"
        )
        return
    for child in (node.properties or {}).values():
        if child.kind == "object":
            yield from shape_problems(child, level + 1)
        elif child.items:
            yield from _element_problems(child.items)


def _case_conflicts(node: Node) -> Iterator[str]:
    first: dict[str, str] = {}
    for name in node.properties or {}:
        other = first.setdefault(name.lower(), name)
        if other != name:
            yield (
                f"{node.path or 'the schema'}: {other!r} and {name!r} differ only in case, "
                "which BigQuery ignores; rename one"
            )


def _element_problems(element: Node) -> Iterator[str]:
    """Yield what a REPEATED column, of scalars or of records, cannot store."""
    if element.optional:
        yield f"{element.path}: BigQuery stores no null in a list; remove nullable"
    if element.kind == "array":
        yield f"{element.path}: BigQuery stores no list in a list; make it one list"
    yield from _case_conflicts(element)
    for field in (element.properties or {}).values():
        if field.kind == "object" or (field.items and field.items.kind == "object"):
            yield (
                f"{field.path}: an object inside the objects of a list cannot be stored; "
                "put its properties beside the others"
            )
        elif field.items:
            yield from _element_problems(field.items)
