"""The columns of an analysis in the types and modes of BigQuery's table schemas."""

from collections.abc import Iterable, Sequence

from analysis import Analysis, AnalysisError
from analysis import Column as AnswerColumn
from tracking.statements import reserved_tables
from tracking.tables import Column, output_columns

_TYPES = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN"}


def answer_columns(analysis: Analysis) -> tuple[Column, ...]:
    """Return the columns that an answer fills, in the order of the table."""
    columns = analysis.output_columns
    return tuple(_column(column, analysis.record_fields(column.name)) for column in columns)


def output_tables(analyses: Sequence[Analysis]) -> dict[str, tuple[Column, ...]]:
    """Return the columns of each analysis' output table.

    The summary column is required. Raises `AnalysisError` for a table name that is reserved.
    """
    for each in analyses:
        if each.table in reserved_tables():
            raise AnalysisError(f"{each.name}: the table {each.table} is Troupe's; rename it")
    return {each.table: output_columns(_required(each)) for each in analyses}


def _required(analysis: Analysis) -> tuple[Column, ...]:
    summary = analysis.contract.summary
    return tuple(
        Column(name=c.name, type=c.type, mode="REQUIRED") if c.name == summary else c
        for c in answer_columns(analysis)
    )


def _column(column: AnswerColumn, fields: Iterable[AnswerColumn]) -> Column:
    return Column(
        name=column.name,
        type=_TYPES.get(column.type, column.type),
        mode=column.mode,
        fields=tuple(_column(each, ()) for each in fields),
    )
