"""Permissions that a handler needs on Google Cloud, derived from its code by static analysis.

From a function to the functions that it names, from those to the queries and transactions of
`tracking/`, and from their SQL to the tables. A dependency is recognised by its parameter name.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cache

from analysis import Analyses
from events import ids
from tracking import EventLog, Redaction, Source, Tracking
from tracking.statements import fragment, query, transaction
from tracking.tables import layouts

SOURCE, STAGED = "source", "staged"
"""Placeholders for the user's table, and for the private tables of the staging dataset."""

_WRITTEN = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO)\s+`?(\w+)")
_READ = re.compile(r"\b(?:FROM|JOIN)\s+`?(\w+)")
_COMMENT = re.compile(r"--.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """Resources that a function uses, itself or through functions that it calls."""

    reads: frozenset[str] = frozenset()
    """Names of tables, and `source`."""
    writes: frozenset[str] = frozenset()
    transactions: frozenset[str] = frozenset()
    stages: bool = False
    """Whether it loads staging tables, and reads them."""
    reads_output: bool = False
    """Whether it reads Vertex's output files."""
    folders: frozenset[str] = frozenset()
    """Folders of the bucket that it writes to."""
    vertex: bool = False
    """Whether it calls Vertex AI."""

    def __or__(self, other: "Permissions") -> "Permissions":
        return Permissions(
            **{f.name: getattr(self, f.name) | getattr(other, f.name) for f in _PARTS}
        )


_PARTS = fields(Permissions)


def permissions_of(functions: Iterable[Callable[..., object]]) -> Permissions:
    """Return the permissions that these functions need together."""
    permissions = Permissions()
    for function in functions:
        permissions |= _of_all_reached(function)
    return permissions


def permissions_of_transactions(*names: str) -> Permissions:
    """Return the permissions that these transactions need together."""
    permissions = Permissions()
    for name in names:
        permissions |= _statement("transaction", name)
    return permissions


@cache
def _of_all_reached(first: Callable[..., object]) -> Permissions:
    """Of the function and all of `handlers` that it names, directly or through others."""
    permissions, waiting, seen = Permissions(), [first], set[Callable[..., object]]()
    while waiting:
        function = inspect.unwrap(waiting.pop())
        if function not in seen:
            seen.add(function)
            permissions |= _of_function(function)
            known = inspect.getmodule(function).__dict__
            waiting += [known[name] for name in _names_in(function) if _is_ours(known.get(name))]
    return permissions


@cache
def _names_in(function: Callable[..., object]) -> list[str]:
    return sorted({node.id for node in ast.walk(_code(function)) if isinstance(node, ast.Name)})


@cache
def _of_function(function: Callable[..., object]) -> Permissions:
    """Return the permissions of the calls that stand in the function itself."""
    permissions = Permissions()
    for node in ast.walk(_code(function)):
        for dependency, method, call in _uses(node):
            permissions |= _permissions(dependency, method, call)
    return permissions


def _is_ours(thing: object) -> bool:
    return callable(thing) and str(getattr(thing, "__module__", "")).startswith("handlers.")


@cache
def _code(thing: Callable[..., object]) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(thing)))


def _uses(node: ast.AST) -> Iterator[tuple[str, str, ast.Call]]:
    """Yield dependency, method and call of `tracking.plan_of(…)` or `dependencies.event_log.load(…)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        holder = node.func.value
        if isinstance(holder, ast.Name):
            yield holder.id, node.func.attr, node
        elif isinstance(holder, ast.Attribute) and ast.unparse(holder.value) == "dependencies":
            yield holder.attr, node.func.attr, node
        elif isinstance(holder, ast.Attribute) and ast.unparse(holder.value) in _CLASSES:
            # Its permissions would be missed.
            raise TypeError(f"{ast.unparse(node.func)}: call a method of the dependency itself")


def _permissions(dependency: str, method: str, call: ast.Call) -> Permissions:
    if dependency == "tracking" and method in ("query", "rows", "row"):
        return _statement("query", _literal(call))
    if dependency in _CLASSES:
        return _of_method(dependency, method)
    if dependency == "bucket":
        folder = frozenset({_object_folder(call)} if method == "write_once" else ())
        return Permissions(folders=folder, reads_output=method in ("list", "read"))
    return Permissions(vertex=dependency == "job_service")


_CLASSES: dict[str, type] = {"tracking": Tracking, "event_log": EventLog}


@cache
def _of_method(dependency: str, method: str) -> Permissions:
    """Return the permissions of a method's statements, and of the methods that it calls."""
    permissions = Permissions()
    for node in ast.walk(_code(getattr(_CLASSES[dependency], method))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("query", "transaction") and isinstance(node.args[0], ast.Constant):
                permissions |= _statement(node.func.id, _literal(node))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            holder, name = ast.unparse(node.func.value), node.func.attr
            if holder == "self._warehouse" and name == "append":
                permissions |= Permissions(writes=frozenset({_literal(node)}))
            elif holder == "self._warehouse" and name == "load":
                permissions |= Permissions(stages=True)
            elif holder == "self":
                permissions |= _permissions(dependency, name, node)
    return permissions


def _object_folder(call: ast.Call) -> str:
    """Return the first folder of the object that the call writes, whose name `events.ids` builds."""
    name = call.args[0]
    is_call = isinstance(name, ast.Call) and isinstance(name.func, ast.Name)
    builder = getattr(ids, ast.unparse(name).partition("(")[0], None) if is_call else None
    if builder is None:
        raise ValueError(f"{ast.unparse(call)}: the name must come from a function of events.ids")
    (returned,) = (node for node in ast.walk(_code(builder)) if isinstance(node, ast.Return))
    return str(ast.unparse(returned).partition("'")[2].partition("/")[0])


def _literal(call: ast.Call) -> str:
    """Return the literal text at the start of the first argument. Raises `ValueError`."""
    argument = call.args[0]
    start = argument.values[0] if isinstance(argument, ast.JoinedStr) else argument
    if not isinstance(start, ast.Constant) or not isinstance(start.value, str):
        raise ValueError(
            f"{ast.unparse(call)}: the first argument must begin with a literal string"
        )
    return start.value


def _statement(kind: str, name: str) -> Permissions:
    names = _NAMES | {
        "counts": fragment("count_values", at="0", column="x", output=_OUTPUT),
        "raw_counts": fragment("count_raw_values", field="''", path="'$.x'", output=_OUTPUT),
    }
    text = _COMMENT.sub(
        "", transaction(name, **names) if kind == "transaction" else query(name, **names)
    )
    tables = {*layouts(), SOURCE, STAGED, _OUTPUT}
    reads, writes = (set(p.findall(text)) & tables for p in (_READ, _WRITTEN))
    return Permissions(
        reads=_named(reads),
        writes=_named(writes),
        transactions=frozenset({name} if kind == "transaction" else ()),
        stages=STAGED in reads,
    )


_OUTPUT = "output"
_SOURCE = Source(table=SOURCE).names()
_NAMES = (
    _SOURCE
    | Redaction().names(_SOURCE)
    | {
        "output": _OUTPUT,
        "staged": STAGED,
        **dict.fromkeys(
            (
                "answer_columns",
                "c_answer_columns",
                "s_answer_columns",
                "summary",
                "row",
                "before",
                "after",
            ),
            "x",
        ),
        **dict.fromkeys(("cost_of_a", "cost_of_c"), "0"),
        **dict.fromkeys(
            (
                "attributes_of_m",
                "attributes_of_r",
                "attributes_of_t",
                "answers_of_t",
                "counted_of_t",
            ),
            "STRUCT(0)",
        ),
        **dict.fromkeys(
            ("attributes_of_s", "columns_of_s", "counted_analysis", "counted_since"), "x"
        ),
    }
)


def _named(tables: set[str]) -> frozenset[str]:
    """Replace the placeholder `output` by the tables of every shipped analysis."""
    outputs = set(Analyses().tables) if _OUTPUT in tables else set()
    return frozenset(tables - {_OUTPUT, STAGED} | outputs)
