"""The columns of an answer as a review page needs them, and which of them can be strata."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from analysis import Analysis


class ReviewColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column that a reviewer judges."""

    name: str
    description: str
    schema: dict[str, Any]
    """Its part of the schema, as Vertex AI takes it: what a correction is checked against."""
    nullable: bool
    """Whether "none" may be right: it, or an object around it, is optional."""
    is_summary: bool
    """Whether the grounding is that of this column."""


def review_columns(analysis: Analysis) -> list[ReviewColumn]:
    """Return the columns in the order of the table."""
    found = {path: (raw, nullable) for path, raw, nullable in _leaves(analysis.schema)}
    return [
        ReviewColumn(
            name=name,
            description=str(found[path][0].get("description", "")),
            schema=dict(found[path][0]),
            nullable=found[path][1],
            is_summary=name == analysis.contract.summary,
        )
        for name, path in analysis.columns.items()
    ]


def strata_columns(analysis: Analysis) -> list[str]:
    """Return the columns with few values: closed ones, and texts that `shown` names."""
    return [
        name
        for name, node in analysis.nodes.items()
        if node.names_no_person or (node.kind == "string" and name in analysis.shown)
    ]


def _leaves(
    raw: Mapping[str, Any], path: str = "", *, nullable: bool = False
) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Yield path, schema and whether it may be null of everything below that is no object."""
    for name, child in raw["properties"].items():
        may_be_null = (
            nullable or name not in raw.get("required", ()) or child.get("nullable", False)
        )
        where = f"{path}.{name}" if path else name
        if str(child["type"]).lower() == "object":
            yield from _leaves(child, where, nullable=may_be_null)
        else:
            yield where, child, may_be_null
