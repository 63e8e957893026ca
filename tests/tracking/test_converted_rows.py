"""Rows of queries as Structs: what fits is converted, what does not is an error with its name."""

import msgspec
import pytest

from tracking import ColumnMismatch, convert_rows


class _Counted(msgspec.Struct, frozen=True, kw_only=True):
    records: int
    cost: float | None


def test_columns_that_the_struct_lacks_are_ignored() -> None:
    """Whole numbers are read as floats where the field is one."""
    rows = convert_rows([{"records": 2, "cost": 1, "other": "x"}], _Counted, "counted")

    assert [_Counted(records=2, cost=1.0)] == rows


@pytest.mark.parametrize("row", [{"record": 2, "cost": None}, {"records": "two", "cost": None}])
def test_a_misspelt_or_ill_typed_column_names_query_and_column(row: dict[str, object]) -> None:
    """It would be an empty cell otherwise."""
    with pytest.raises(
        ColumnMismatch, match=r"queries/counted\.sql does not fit _Counted: .*records"
    ):
        convert_rows([row], _Counted, "counted")
