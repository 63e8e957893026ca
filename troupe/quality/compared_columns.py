"""Which columns two analyses have in common, and how each is compared."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from analysis import Analysis
from analysis.schema import Node
from tracking.comparison import Compared

NEAR_SHARE = 0.05
"""Numbers are near each other up to this share of their range, or of the larger one."""
_ENTRY = "name"
"""The field by which the records of a list are compared, where they have it."""
WORDS = {"closed": "closed set", "number": "number", "text": "text", "list": "list"}


class NotCompared(msgspec.Struct, frozen=True, kw_only=True):
    """A column that a comparison leaves out."""

    column: str
    why: str


def comparable(analysis: Analysis) -> dict[str, Compared]:
    """Return how each column of an analysis is compared, by name, in the order of the table."""
    return {name: _compared(name, node, analysis.shown) for name, node in analysis.nodes.items()}


def in_common(
    a: Mapping[str, Compared], b: Mapping[str, Compared], names: tuple[str, str]
) -> tuple[list[Compared], list[NotCompared]]:
    """Return the columns that both have in a comparable form, and the others with the reason.

    `names` are what the reasons call the sides.
    """
    compared, left_out = list[Compared](), list[NotCompared]()
    for name in [*a, *(name for name in b if name not in a)]:
        why = _difference(a.get(name), b.get(name), names)
        if why:
            left_out.append(NotCompared(column=name, why=why))
        else:
            compared.append(_wider(a[name], b[name]))
    return compared, left_out


def chosen(columns: Sequence[Compared], wanted: Sequence[str] | None) -> Iterator[Compared]:
    """Yield the columns of `--columns`, or all of them."""
    return (each for each in columns if not wanted or each.name in wanted)


def _compared(name: str, node: Node, shown: Collection[str]) -> Compared:
    if node.kind == "array":
        fields = (node.items.properties or {}) if node.items else {}
        field = _ENTRY if _ENTRY in fields else next(iter(fields), None)
        entry = fields[field] if field else node.items
        is_shown = f"{name}.{field}" in shown or name in shown
        is_shown = is_shown or (entry is not None and entry.names_no_person)
        return Compared(name, "list", field=field, is_shown=is_shown)
    if node.kind in ("integer", "number"):
        # An integer without a maximum may be an account, as in the charts of a report.
        is_shown = node.kind == "number" or node.most is not None
        least, most = node.least, node.most
        near = NEAR_SHARE * (most - least) if least is not None and most is not None else None
        return Compared(name, "number", is_shown=is_shown, near=near)
    if node.names_no_person or name in shown:
        return Compared(name, "closed", is_shown=True)
    return Compared(name, "text")


def _difference(a: Compared | None, b: Compared | None, names: tuple[str, str]) -> str | None:
    if a is None or b is None:
        return f"only {names[0] if b is None else names[1]} has it"
    if a.kind != b.kind:
        return f"{WORDS[a.kind]} in {names[0]}, {WORDS[b.kind]} in {names[1]}"
    if a.field != b.field:
        return f"its entries have other fields: {a.field or 'none'} and {b.field or 'none'}"
    return None


def _wider(a: Compared, b: Compared) -> Compared:
    """Numbers of other ranges are near each other by their own size."""
    return replace(a, near=a.near if a.near == b.near else None, is_shown=a.is_shown and b.is_shown)
