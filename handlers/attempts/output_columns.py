"""The columns of an analysis, as its tables have them."""

from collections.abc import Iterable, Sequence

from analysis import Analysis, AnalysisError
from analysis import Column as Told
from tracking.statements import reserved_tables
from tracking.tables import Column, output_columns

_TYPES = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN"}


def answer_columns(analysis: Analysis) -> tuple[Column, ...]:
    """Those that an answer fills; without the summary there is no row."""
    columns = analysis.output_columns
    return tuple(_column(column, analysis.record_fields(column.name)) for column in columns)


def output_tables(analyses: Sequence[Analysis]) -> dict[str, tuple[Column, ...]]:
    """The output table of each analysis. Raises `AnalysisError` for a name of another table."""
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


def _column(told: Told, fields: Iterable[Told]) -> Column:
    return Column(
        name=told.name,
        type=_TYPES.get(told.type, told.type),
        mode=told.mode,
        fields=tuple(_column(each, ()) for each in fields),
    )
