"""Translation of GoogleSQL's subqueries over one array, and of joined values, to functions of lists.

DuckDB would run such a subquery as a join with all rows of the query: a million rows of short lists
need a hundred times the time and memory of a function.
"""

from sqlglot import exp


def of_lists(node: exp.Expr) -> exp.Expr | None:
    """Return the function that does the same in DuckDB; None for what is no such expression."""
    if isinstance(node, exp.Subquery):
        return _distinct_count(node.this)
    if isinstance(node, exp.Array) and len(node.expressions) == 1:
        return _each(node.expressions[0])
    if isinstance(node, exp.IgnoreNulls) and isinstance(node.this, exp.ArrayAgg):
        return _first(node.this.this)
    if isinstance(node, exp.GroupConcat) and isinstance(node.this, exp.Order):
        return _joined(node.this, node.args["separator"])
    return None


def _joined(values: exp.Order, separator: exp.Expr) -> exp.Expr | None:
    """`STRING_AGG(DISTINCT x, s ORDER BY x)`: DuckDB would sort, and group once more for DISTINCT."""
    distinct, order = values.this, values.expressions
    if not isinstance(distinct, exp.Distinct) or len(order) != 1 or order[0].args.get("desc"):
        return None
    (value,) = distinct.expressions
    if order[0].this != value:
        return None
    known = exp.Where(this=exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null())))
    found = exp.Filter(this=_call("list", value.copy()), expression=known)
    return _call(
        "array_to_string", _call("list_sort", _call("list_distinct", found)), separator.copy()
    )


def unnest_in_select(select: exp.Select) -> None:
    """Unnest `FROM x AS t CROSS JOIN UNNEST(t.l) AS e` in the SELECT of a subquery, in place.

    Only for an `x` of the same statement, whose columns are known to have other names than `e`.
    """
    source, joins = select.args.get("from_"), select.args.get("joins") or []
    table = source.this if source is not None else None
    unnest = joins[0].this if len(joins) == 1 else None
    if not isinstance(table, exp.Table) or not isinstance(unnest, exp.Unnest):
        return
    (values, *more), alias = unnest.expressions, unnest.args.get("alias")
    is_of_table = isinstance(values, exp.Column) and values.table == table.alias
    if more or not is_of_table or alias is None or not _is_with_item(select, table.name):
        return
    star = exp.Column(this=exp.Star(), table=exp.to_identifier(table.alias))
    entry = exp.alias_(_call("unnest", values), alias.columns[0].name)
    inner = exp.Select(expressions=[star, entry]).from_(table.copy())
    select.set("joins", [])
    select.set("from_", exp.From(this=inner.subquery(table.alias)))


def _is_with_item(select: exp.Select, name: str) -> bool:
    root = select.root()
    return any(item.alias == name for item in root.find_all(exp.CTE))


def _distinct_count(select: exp.Expr) -> exp.Expr | None:
    """`(SELECT COUNT(DISTINCT x) FROM UNNEST(l) AS x [WHERE x IN UNNEST(m)])`."""
    found = _from_one_list(select)
    if found is None:
        return None
    name, values, selected = found
    counted = selected.this if isinstance(selected, exp.Count) else None
    if not isinstance(counted, exp.Distinct) or counted.expressions != [exp.column(name)]:
        return None
    where = select.args.get("where")
    if where is None:
        return _size(_call("list_distinct", values))
    within = where.this.args.get("unnest") if isinstance(where.this, exp.In) else None
    if within is None or where.this.this != exp.column(name) or len(within.expressions) != 1:
        return None
    return _size(_call("list_intersect", values, within.expressions[0]))


def _each(select: exp.Expr) -> exp.Expr | None:
    """`ARRAY(SELECT f(x) FROM UNNEST(l) AS x)`."""
    found = _from_one_list(select)
    if found is None or select.args.get("where"):
        return None
    name, values, selected = found
    each = exp.Lambda(this=selected.copy(), expressions=[exp.to_identifier(name)])
    return _call("list_transform", values, each)


def _first(limit: exp.Expr) -> exp.Expr | None:
    """`ARRAY_AGG(x IGNORE NULLS ORDER BY x LIMIT n)`: the n least values."""
    order = limit.this if isinstance(limit, exp.Limit) else None
    if not isinstance(order, exp.Order) or len(order.expressions) != 1:
        return None
    (by,) = order.expressions
    if by.this != order.this or by.args.get("desc"):
        return None
    return _call("min", order.this, limit.expression)


def _from_one_list(select: exp.Expr) -> tuple[str, exp.Expr, exp.Expr] | None:
    """Return alias, list and expression of `SELECT … FROM UNNEST(list) AS alias`."""
    if not isinstance(select, exp.Select) or len(select.expressions) != 1:
        return None
    if {name for name, value in select.args.items() if value} - {
        "expressions",
        "from_",
        "where",
        "kind",
    }:
        return None
    source = select.args.get("from_")
    unnest = source.this if source is not None else None
    if not isinstance(unnest, exp.Unnest) or len(unnest.expressions) != 1:
        return None
    alias = unnest.args.get("alias")
    if alias is None or len(alias.columns) != 1:
        return None
    return alias.columns[0].name, unnest.expressions[0], select.expressions[0]


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[each.copy() for each in arguments])


def _size(values: exp.Expr) -> exp.Expr:
    """An absent list has no entries."""
    return exp.Coalesce(this=_call("len", values), expressions=[exp.Literal.number(0)])
