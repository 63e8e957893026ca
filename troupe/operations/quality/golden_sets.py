"""Golden sets by name and version: which there are, and what their labels look like."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any

import msgspec

from events.commands import EXPECTED
from events.ids import RUN_ID
from tracking.golden_sets import GoldenVersion
from troupe.operations.backend import Backend, InvalidOperation
from troupe.quality.label_values import (
    NOT,
    OTHER_THAN,
    LabelColumn,
    is_exclusion,
    is_rejection,
)

NONE = "none"
"""How the label null is written beside other labels."""
MOST_VALUES = 20
"""Values of a column that are counted by name."""


class ColumnLabels(msgspec.Struct, frozen=True, kw_only=True):
    """The labels of one column."""

    column: str
    labels: int
    rejections: int
    """Labels that only say which value is wrong."""
    values: dict[str, int]
    """Labels by value, the most frequent first; empty for a column of texts or lists."""


class GoldenSet(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a golden set."""

    golden: str
    version: int
    analysis: str
    """The analysis whose schema the labels were checked against."""
    records: int
    columns: list[str]
    """Columns that have labels."""
    added_at: datetime | None


class GoldenSets(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `list_golden`."""

    sets: list[GoldenSet]


def list_golden(backend: Backend, golden: str | None = None) -> GoldenSets:
    """List the newest version of each set, or all versions of one. Raises `InvalidOperation`."""
    if golden is not None:
        name, version = split_name(golden)
        find_version(backend, golden)
    versions = backend.dependencies.tracking.golden_sets.versions()
    if golden is None:
        chosen = newest(versions)
    else:
        chosen = [v for v in versions if v.golden == name and version in (None, v.version)]
    return GoldenSets(sets=[golden_set(each) for each in chosen])


def golden_set(version: GoldenVersion) -> GoldenSet:
    """Return a version as users see it."""
    return msgspec.convert(version, GoldenSet, from_attributes=True)


def newest(versions: Iterable[GoldenVersion]) -> list[GoldenVersion]:
    """Return the newest version of each set."""
    by_name: dict[str, GoldenVersion] = {}
    for each in versions:
        known = by_name.setdefault(each.golden, each)
        if each.version > known.version:
            by_name[each.golden] = each
    return [*by_name.values()]


def split_name(text: str) -> tuple[str, int | None]:
    """Split `NAME` or `NAME@VERSION`. Raises `InvalidOperation`."""
    name, at, version = text.partition("@")
    if not re.match(RUN_ID, name):
        raise InvalidOperation(f"invalid golden set {text!r}: use {EXPECTED[RUN_ID]}")
    if at and not re.fullmatch(r"[1-9][0-9]{0,8}", version, re.ASCII):
        raise InvalidOperation(
            f"invalid golden set {text!r}: use NAME or NAME@VERSION, such as {name}@2"
        )
    return name, int(version) if at else None


def find_version(backend: Backend, text: str) -> GoldenVersion:
    """Return the version that `NAME` or `NAME@VERSION` names. Raises `InvalidOperation`."""
    name, number = split_name(text)
    versions = backend.dependencies.tracking.golden_sets.versions(name)
    for each in versions:
        if number in (None, each.version):
            return each
    if versions:
        raise InvalidOperation(
            f"golden set {name} has the versions 1 to {versions[0].version}, and no version {number}"
        )
    names = [each.golden for each in backend.dependencies.tracking.golden_sets.versions()]
    like = get_close_matches(name, names, n=1, cutoff=0.6)
    meant = f": did you mean {like[0]}?" if like else ";"
    raise InvalidOperation(
        f"there is no golden set {name}{meant} `troupe golden list` lists the sets, and "
        "`troupe golden add` adds one"
    )


def encode_labels(values: Mapping[str, Any]) -> str:
    """Return labels as they are stored: equal labels have an equal text."""
    return json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def count_labels(
    rows: Iterable[Mapping[str, Any]], columns: Mapping[str, LabelColumn]
) -> list[ColumnLabels]:
    """Count the labels of each column, in the order of the table; texts are not shown."""
    labels, rejections = Counter[str](), Counter[str]()
    values: dict[str, Counter[str]] = {}
    for row in rows:
        for column, label in row.items():
            labels[column] += 1
            if is_rejection(label):
                rejections[column] += 1
            known = columns.get(column)
            if known is not None and known.is_counted:
                values.setdefault(column, Counter())[shown_label(label)] += 1
    order = [*columns, *sorted(labels.keys() - columns.keys())]
    return [
        ColumnLabels(
            column=column,
            labels=labels[column],
            rejections=rejections[column],
            values=dict(values.get(column, Counter[str]()).most_common(MOST_VALUES)),
        )
        for column in order
        if labels[column]
    ]


def shown_label(label: Any) -> str:
    """Return a label of a column with few values as text."""
    if is_rejection(label):
        return f"not {shown_label(label[NOT])}"
    if is_exclusion(label):
        return f"other than {shown_label(label[OTHER_THAN])}"
    if label is None:
        return NONE
    return label if isinstance(label, str) else json.dumps(label)
