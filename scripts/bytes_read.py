"""Compute which statements read more from BigQuery when a run or the history grows.

    python -m scripts.bytes_read     a Markdown table of the statements that grow

BigQuery bills the columns that a statement names, over the partitions and clustered blocks that
constant filters leave. Both follow from the SQL and from `tracking/schemas/tables.json`; what a
local database reads says nothing about it. Sizes are counted in units: the rows that one batch has
in a table, or the one row that a run has in it.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import sqlglot
from sqlglot import exp

from events import EVENTS, topic_of
from tracking import Redaction, Source
from tracking.answer_rows import attributes_read, columns_read, counted_of, grouping
from tracking.attributes import as_structs, values_of
from tracking.comparison import Compared, comparison_names, record_names, rows_of_run
from tracking.found_records import Search, counted_names, found_names
from tracking.golden_sets import answers_of_tables
from tracking.statements import fragment, query, statement_names, transaction
from tracking.tables import OUTPUT, Layout, columns_of, layouts

BATCH_COLUMNS = frozenset({"batch", "event_id", "record_id"})
"""A constant for one of these picks the rows of one batch, or fewer."""
RUN_COLUMNS = frozenset({"run_id", "first_processed_execution_id"})
TOPICS_OF_BATCHES = frozenset(
    topic_of(kind) for kind in EVENTS if "batch" in kind.__struct_fields__
)
"""An event of any other topic is recorded once or twice in a run."""
ROW_A_RUN = frozenset({"run_plans", "run_reports", "history_clearings"})
"""Tables that have one row for a run, not rows for each batch."""
_COMPARED = [Compared("call_tone", "closed"), Compared("call_summary", "text")]
_SIDES = (rows_of_run("a", OUTPUT, _COMPARED), rows_of_run("b", OUTPUT, _COMPARED))
_NAMES = Source().names() | Redaction().names(Source().names()) | {
    "output": OUTPUT, "staged": "staged", "counts": fragment("count_values", at="0", column="call_tone", output=OUTPUT), "cost_of_a": "0",
    "cost_of_c": "0", "delete_rows_of_person": fragment("delete_rows_of_person", output=OUTPUT),
    "answer_columns": "call_tone", **dict.fromkeys(("c_answer_columns", "summary"), "c.call_tone"),
    "s_answer_columns": "s.call_tone",
    "raw_counts": fragment("count_raw_values", field="''", path="'$.call_tone'", output=OUTPUT),
    **dict.fromkeys(("before", "after"), "call_tone"), "path": "'$.x'", "answers_of_t": as_structs(["call_tone"]),
    "attributes_of_r": grouping(["x"]), "counted_of_t": counted_of(["call_tone"], ["call_tone"]),
    "attributes_of_s": attributes_read(["x"]), "columns_of_s": columns_read(["call_tone"]),
    "counted_analysis": "@analysis", "counted_since": "@since",
    "attributes_of_m": values_of(["x"], "m"), "attributes_of_t": values_of(["x"], "t"),
    "stratum": "t.call_tone", "priority": "t.grounding", "t_answer_columns": "t.call_tone",
    "joined": fragment("other_rows", o_columns="o.call_tone", other_output=OUTPUT),
    "golden_answers_of_tables": answers_of_tables({OUTPUT: ["call_tone"]}),
    **comparison_names(*_SIDES, _COMPARED), **record_names(*_SIDES, _COMPARED),
    "attribute_values": "TO_JSON_STRING(STRUCT(provider AS x))",
    **found_names(Search(), OUTPUT, ["call_tone"], ["call_summary"]), **counted_names(["call_tone"]),
    "of_this_call": "s.interaction_id = @interaction_id",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much there is: days of history with one run each, and batches of every run."""

    days: int
    batches: int
    days_of_run: int = 2
    look_back: int = 14
    window: int = 8


SMALL = Scale(days=30, batches=10)
LONG = Scale(days=3_000, batches=10)
LARGE = Scale(days=30, batches=1_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One table that a statement reads, and what limits the scan."""

    statement: str
    table: str
    columns: int
    partitions: str
    """`one`, `since the plan`, `look-back` or `all`."""
    rows: str
    """What the clustering leaves: `every run`, `a run`, `a window`, or `a batch` and less."""

    def units(self, scale: Scale) -> int:
        """Columns times units of rows."""
        days = {
            "one": 1,
            "since the plan": scale.days_of_run,
            "look-back": min(scale.look_back, scale.days),
            "all": scale.days,
        }[self.partitions]
        of_run = 1 if self.table in ROW_A_RUN else scale.batches
        rows = {
            "a batch": 1,
            "a window": min(scale.window, of_run),
            "a run": of_run,
            "every run": of_run * days,
        }[self.rows]
        return self.columns * rows

    @property
    def grows_with(self) -> tuple[str, ...]:
        """`history`, `batches`, both or neither."""
        small = self.units(SMALL)
        larger = {"history": LONG, "batches": LARGE}
        return tuple(name for name, scale in larger.items() if self.units(scale) > small)


def reads() -> list[Read]:
    """Every table that every statement reads, in the order of the statements."""
    return [
        read
        for make, folder in ((query, "queries"), (transaction, "transactions"))
        for name in statement_names(folder)
        for read in reads_of(name, make(name, **_NAMES))
    ]


@cache
def reads_of(name: str, text: str) -> tuple[Read, ...]:
    """The tables that one statement or script reads."""
    statements = sqlglot.parse(text, read="bigquery")
    found = (each for tree in statements if tree is not None for each in _tables(tree))
    return tuple(_read(name, table) for table in found)


def _tables(tree: exp.Expr) -> Iterator[exp.Table]:
    for table in tree.find_all(exp.Table):
        # The planning lock has one row.
        if table.name in layouts() and table.name != "planning_lock" and not _is_target(table):
            yield table


def _is_target(table: exp.Table) -> bool:
    return isinstance(table.parent, exp.Schema)


def _read(name: str, table: exp.Table) -> Read:
    scope = table.find_ancestor(exp.Select, exp.Delete, exp.Update)
    layout = layouts()[table.name]
    filters = list(_filters(table, scope)) if scope else []
    return Read(
        statement=name,
        table=table.name,
        columns=_columns(table, scope),
        partitions=_partitions(layout, filters),
        rows=_rows(layout, filters),
    )


Filter = tuple[str, type[exp.Expr], str]
"""A column, how it is compared, and the constant as SQL."""


def _filters(table: exp.Table, scope: exp.Expr) -> Iterator[Filter]:
    """The comparisons of the table's columns with constants that limit its scan."""
    names = {column.name for column in columns_of(table.name)}
    for part in _conditions(table, scope):
        column = part.this
        if not isinstance(column, exp.Column) or column.name not in names:
            continue
        if column.table and column.table != table.alias_or_name:
            continue
        others = [value for key, value in part.args.items() if key != "this" and value]
        constants = [
            each for value in others for each in (value if isinstance(value, list) else [value])
        ]
        if all(_is_constant(each) for each in constants if isinstance(each, exp.Expr)):
            yield column.name, type(part), " ".join(str(each) for each in constants)


def _conditions(table: exp.Table, scope: exp.Expr) -> Iterator[exp.Expr]:
    where = scope.args.get("where")
    trees = [where.this] if where else []
    trees += [
        join.args["on"]
        for join in scope.args.get("joins") or []
        if join.args.get("on") is not None and (not join.side or join.this is table)
    ]
    for tree in trees:
        for part in tree.flatten() if isinstance(tree, exp.And) else [tree]:
            yield from _given(part)


def _given(part: exp.Expr) -> Iterator[exp.Expr]:
    """Take `@p IS NULL OR …` as given: a batch gives it, and the tick reads all open runs at once."""
    part = part.unnest()
    if isinstance(part, exp.Or) and isinstance(part.left, exp.Is):
        rest = part.right.unnest()
        yield from rest.flatten() if isinstance(rest, exp.And) else [rest]
    else:
        yield part


def _is_constant(tree: exp.Expr) -> bool:
    return not isinstance(tree, exp.Query) and not any(tree.find_all(exp.Column, exp.Query))


def _partitions(layout: Layout, filters: list[Filter]) -> str:
    """Which partitions the filters leave."""
    found = "all"
    for column, kind, constant in filters:
        if column != layout.partition:
            continue
        if kind is exp.EQ:
            return "one"
        if kind in (exp.GTE, exp.GT, exp.Between):
            found = "since the plan" if "planned_on" in constant else "look-back"
    return found


def _rows(layout: Layout, filters: list[Filter]) -> str:
    """What the clustering leaves: its columns prune from the first one on."""
    pinned = {column for column, kind, _ in filters if kind in (exp.EQ, exp.In)}
    ranged = {column for column, kind, _ in filters if kind in (exp.GT, exp.GTE, exp.Between)}
    topics = {text for column, _, text in filters if column == "topic"}
    left = "every run"
    for column in layout.cluster:
        if column in pinned and column in BATCH_COLUMNS:
            return "a batch"
        if left == "a run" and column == "topic" and column in pinned and not _of_batches(topics):
            return "a batch"
        if left == "a run" and column == "batch" and column in ranged:
            return "a window"
        if column not in pinned:
            break
        left = "a run" if column in RUN_COLUMNS else left
    return left


def _of_batches(topics: set[str]) -> bool:
    """Whether one of these constants names a topic with events for each batch."""
    return any(f"'{topic}'" in text for topic in TOPICS_OF_BATCHES for text in topics)


def _columns(table: exp.Table, scope: exp.Expr | None) -> int:
    """How many columns are named at most: all of them for a star."""
    known = {column.name for column in columns_of(table.name)}
    if scope is None:
        return len(known)
    aliases = (table.alias_or_name, "")
    if any(star for star in scope.find_all(exp.Star) if not isinstance(star.parent, exp.Count)):
        return len(known)
    named = {c.name for c in scope.find_all(exp.Column) if c.table in aliases}
    return len(known & named) or 1


def growing() -> Iterator[Read]:
    """The reads that grow, the most columns first within a statement."""
    yield from (read for read in dict.fromkeys(reads()) if read.grows_with)


def table() -> Iterator[str]:
    """The lines of a Markdown table."""
    yield "| statement | table | columns | partitions | rows | grows with |"
    yield "|---|---|---|---|---|---|"
    for each in growing():
        yield (
            f"| `{each.statement}` | `{each.table}` | {each.columns} | {each.partitions} "
            f"| {each.rows} | {', '.join(each.grows_with)} |"
        )


def main() -> int:
    sys.stdout.writelines(f"{line}\n" for line in table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
