"""Subqueries over one array: DuckDB's functions of lists give what BigQuery's subqueries give."""

import duckdb
import pytest
from sqlglot.dialects.bigquery import BigQuery
from sqlglot.parsers.bigquery import BigQueryParser

from troupe.backends.local.sql_translation import translate

LISTS = "SELECT ['a', 'b', 'b', NULL] AS l, ['b', 'c'] AS m, CAST(NULL AS ARRAY<STRING>) AS n"


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("(SELECT COUNT(DISTINCT x) FROM UNNEST(t.l) AS x)", 2),
        ("(SELECT COUNT(DISTINCT x) FROM UNNEST(t.n) AS x)", 0),
        ("(SELECT COUNT(DISTINCT x) FROM UNNEST(t.l) AS x WHERE x IN UNNEST(t.m))", 1),
        ("(SELECT COUNT(DISTINCT x) FROM UNNEST(t.m) AS x WHERE x IN UNNEST(t.n))", 0),
        ("ARRAY(SELECT UPPER(x) FROM UNNEST(t.m) AS x)", ["B", "C"]),
    ],
)
def test_a_subquery_over_one_array_becomes_a_function(sql: str, value: object) -> None:
    """An absent list has no entries, and null is none."""
    (statement,) = translate(f"SELECT {sql} AS found FROM ({LISTS}) AS t")  # noqa: S608

    assert "UNNEST" not in statement.sql
    assert [(value,)] == duckdb.execute(statement.sql).fetchall()


@pytest.mark.parametrize(
    "sql",
    [
        "(SELECT COUNT(*) FROM UNNEST(t.l) AS x)",
        "(SELECT COUNT(DISTINCT UPPER(x)) FROM UNNEST(t.l) AS x)",
        "(SELECT COUNT(DISTINCT x) FROM UNNEST(t.l) AS x WHERE x = 'a')",
        "ARRAY(SELECT x FROM UNNEST(t.l) AS x WHERE x = 'b')",
        "ARRAY(SELECT x FROM UNNEST(t.l) AS x ORDER BY x)",
    ],
)
def test_any_other_subquery_stays_one(sql: str) -> None:
    """Its meaning is another."""
    (statement,) = translate(f"SELECT {sql} AS found FROM ({LISTS}) AS t")  # noqa: S608

    assert "UNNEST" in statement.sql


def test_the_first_values_of_a_group_are_its_least_ones() -> None:
    """Without nulls, in order, and no more than asked for."""
    values = "UNNEST(['c', 'a', NULL, 'b'])"
    (statement,) = translate(
        f"SELECT ARRAY_AGG(x IGNORE NULLS ORDER BY x LIMIT 2) AS found FROM {values} AS x"  # noqa: S608
    )

    assert [(["a", "b"],)] == duckdb.execute(statement.sql).fetchall()


def test_a_list_of_a_with_item_is_unnested_without_a_join() -> None:
    """DuckDB would join the rows with themselves on all their lists."""
    (statement,) = translate(
        "WITH made AS (SELECT 1 AS id, [STRUCT('a' AS v), STRUCT('b')] AS pairs) "
        "SELECT u.id, p.v FROM made AS u CROSS JOIN UNNEST(u.pairs) AS p WHERE p.v <> 'a'"
    )

    assert "CROSS JOIN" not in statement.sql
    assert [(1, "b")] == duckdb.execute(statement.sql).fetchall()


def test_translations_need_no_dialect_of_our_own() -> None:
    """Where `sqlglot[c]` is installed, its classes are compiled and cannot be subclassed."""
    translate("SELECT 1 AS a")
    derived = [*BigQuery.__subclasses__(), *BigQueryParser.__subclasses__()]

    assert [] == [each for each in derived if not each.__module__.startswith("sqlglot")]
