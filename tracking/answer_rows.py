"""What `answers_daily` and the drift count of each stored row: its SQL, for the columns of an analysis."""

import re
from collections.abc import Iterator, Sequence

from .attributes import path_of, values_of
from .statements import column_name, fragment, table_name

MEASURES = {
    "grounding": "t.grounding",
    "cost": "t.cost",
    "prompt_tokens": "t.prompt_tokens",
    "thoughts_tokens": "t.thoughts_tokens",
    "output_tokens": "t.output_tokens",
}
"""Figures of a row, by the name of the column; `answers_daily` sums them."""
VIEW_DAYS = 90
_ALL_RECORDS = "STRUCT(CAST(NULL AS STRING) AS attribute, CAST(NULL AS STRING) AS value)"
_OF_ANY_TABLE = re.compile(r"\b(FROM|JOIN) (error_tracking|batch_records|`\w+`)")
_ANALYSIS = re.compile(r"[a-z][a-z0-9_]*_v[0-9]+")


def counted_of(
    closed: Sequence[str], columns: Sequence[str], *, with_measures: bool = False
) -> str:
    """Write what is counted of a row `t` as elements of an array, for `UNNEST`.

    `closed` are the columns whose values are counted, `columns` all columns of the answer, whose
    marks are counted.
    """
    return ",\n  ".join(_elements(closed, columns, with_measures=with_measures))


def columns_read(closed: Sequence[str], *, with_measures: bool = False) -> str:
    """Write the columns of a row `s` by which equal rows are counted together."""
    names = ["grade", *closed, *(MEASURES if with_measures else ())]
    return ", ".join(f"s.{column_name(name)}" for name in names)


def attributes_read(attributes: Sequence[str]) -> str:
    """Write the attributes of a row `s` that are grouped by, as one JSON object; no other is read."""
    values = ", ".join(
        f"JSON_VALUE(s.attributes, {path_of(name)}) AS {column_name(name)}" for name in attributes
    )
    return f"TO_JSON_STRING(STRUCT({values}))" if values else "CAST(NULL AS STRING)"


def grouping(attributes: Sequence[str]) -> str:
    """Write the groups of a row `r` as elements of an array: all records, and each attribute."""
    return ", ".join([_ALL_RECORDS, *filter(None, [values_of(attributes, "r")])])


def daily_view(
    analysis: str,
    table: str,
    closed: Sequence[str],
    columns: Sequence[str],
    attributes: Sequence[str],
) -> str:
    """Write the view `answers_daily` of one analysis; `{dataset}` stands before each table."""
    if not _ANALYSIS.fullmatch(analysis):
        raise ValueError(f"invalid analysis {analysis!r}: use a name such as compliance_check_v1")
    body = fragment(
        "answers_daily",
        output=table_name(table),
        counted_analysis=f"'{analysis}'",
        counted_since=f"DATE_SUB(CURRENT_DATE(), INTERVAL {VIEW_DAYS} DAY)",
        counted_of_t=counted_of(closed, columns, with_measures=True),
        attributes_of_r=grouping(attributes),
        attributes_of_s=attributes_read(attributes),
        columns_of_s=columns_read(closed, with_measures=True),
    )
    return _OF_ANY_TABLE.sub(r"\1 {dataset}\2", body) + "\n"


def _elements(
    closed: Sequence[str], columns: Sequence[str], *, with_measures: bool
) -> Iterator[str]:
    yield (
        "STRUCT('error' AS kind, 'error_type' AS column_name, CAST(NULL AS STRING) AS value, "
        "CAST(NULL AS FLOAT64) AS amount)"
    )
    yield "STRUCT('grade', 'grade', t.grade, NULL)"
    for column in closed:
        yield f"STRUCT('answer', '{column}', CAST(t.{column_name(column)} AS STRING), NULL)"
    for column in columns:
        column_name(column)
        yield (
            f"STRUCT('mark', '{column}', CASE WHEN STRPOS(t.normalised, ',{column},') > 0 THEN "
            f"'normalised' WHEN STRPOS(t.nulled, ',{column},') > 0 THEN 'nulled' END, NULL)"
        )
    if with_measures:
        for name, value in MEASURES.items():
            yield (
                f"STRUCT('sum', '{name}', IF({value} IS NULL, NULL, 'known'), "
                f"CAST({value} AS FLOAT64))"
            )
