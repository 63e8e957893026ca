"""Translation of GoogleSQL to DuckDB's dialect."""

from dataclasses import dataclass
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.dialects.bigquery import BigQuery

from .list_translation import of_lists, unnest_in_select


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement in DuckDB's dialect, its parameters, and the temporary table it creates."""

    sql: str
    parameters: frozenset[str]
    temp_table: str | None = None
    """BigQuery drops it at the end of the script."""


@cache
def translate(sql: str) -> tuple[Statement, ...]:
    """Translate a script; BEGIN and COMMIT are left out, because the warehouse runs them."""
    parsed = sqlglot.parse(sql, read=BigQuery)
    return tuple(
        _statement(each)
        for each in parsed
        if each is not None and not isinstance(each, exp.Transaction | exp.Commit)
    )


def _statement(parsed: exp.Expr) -> Statement:
    changed = _adapted(parsed)
    names = frozenset(p.name for p in changed.find_all(exp.Parameter))
    temp = None
    if isinstance(changed, exp.Create):
        temp = changed.this.name
    sql = changed.sql(dialect="duckdb", comments=False, copy=False)
    return Statement(sql=sql, parameters=names, temp_table=temp)


def _adapted(tree: exp.Expr) -> exp.Expr:
    """Adapt children before their parents, so that a replaced node holds adapted children."""
    for node in reversed(list(tree.walk())):
        changed = _adapt(node)
        if changed is not node:
            if node is tree:
                tree = changed
            else:
                node.replace(changed)
    return tree


def _adapt(node: exp.Expr) -> exp.Expr:
    """Replace a node that means something else in DuckDB."""
    if isinstance(node, exp.DataType) and node.this == exp.DataType.Type.TIMESTAMPTZ:
        # Times are kept in UTC without a zone: DuckDB's zoned type needs a zone database.
        return exp.DataType.build("TIMESTAMP", dialect="duckdb")
    if isinstance(node, exp.Timestamp):
        return exp.cast(node.this, "TIMESTAMP")
    if isinstance(node, exp.CurrentTimestamp):
        return exp.Parameter(this=exp.Var(this="now"))
    if isinstance(node, exp.CurrentDate):
        return exp.cast(exp.Parameter(this=exp.Var(this="now")), "DATE")
    if isinstance(node, exp.IntDiv) and not isinstance(node.expression, exp.Paren):
        # As an operator, the division would bind tighter than the operators in its operands.
        return exp.IntDiv(this=exp.paren(node.this), expression=exp.paren(node.expression))
    if isinstance(node, exp.DateSub):
        # A day less an interval is a time there, and no zone map of days is compared with a time.
        return exp.cast(node.copy(), "DATE")
    if isinstance(node, exp.CountIf):
        # DuckDB's count_if gives NULL where there are no rows; BigQuery's COUNTIF gives 0.
        return exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=node.this))
    if isinstance(node, exp.Subquery | exp.Array | exp.IgnoreNulls | exp.GroupConcat):
        return of_lists(node) or node
    if isinstance(node, exp.Select):
        unnest_in_select(node)
    if isinstance(node, exp.Normalize) and node.text("form") == "NFC":
        return exp.func("nfc_normalize", node.this)
    if isinstance(node, exp.ByteLength):
        return exp.func("strlen", node.this)
    if isinstance(node, exp.JSONFormat):
        if isinstance(node.this, exp.Struct):
            return exp.cast(exp.Anonymous(this="to_json", expressions=[node.this]), "VARCHAR")
        name = "json_strings" if isinstance(node.this, exp.Array) else "json_text"
        return exp.Anonymous(this=name, expressions=[node.this])
    return node
