"""What a handler can reach in the cloud, read from its code: nothing of this is written by hand.

From a function to the functions it names, from those to the queries and transactions of `tracking/`,
and from their SQL to the tables. A tool is known by its name, as everywhere in this room.
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
from tracking import EventLog, Source, Tracking
from tracking.statements import fragment, query, transaction
from tracking.tables import layouts

SOURCE, STAGED = "source", "staged"
"""Stand for the table of the user, and for the private tables of the staging dataset."""

_WRITTEN = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO)\s+`?(\w+)")
_READ = re.compile(r"\b(?:FROM|JOIN)\s+`?(\w+)")
_COMMENT = re.compile(r"--.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What a function touches, itself or through what it calls."""

    reads: frozenset[str] = frozenset()
    """Tables, and `source`."""
    writes: frozenset[str] = frozenset()
    transactions: frozenset[str] = frozenset()
    stages: bool = False
    """Loads private tables, and reads them back."""
    reads_output: bool = False
    """Reads what Vertex wrote."""
    folders: frozenset[str] = frozenset()
    """Of the bucket, that it writes into."""
    vertex: bool = False

    def __or__(self, other: "Permissions") -> "Permissions":
        return Permissions(
            **{f.name: getattr(self, f.name) | getattr(other, f.name) for f in _PARTS}
        )


_PARTS = fields(Permissions)


def permissions_of(functions: Iterable[Callable[..., object]]) -> Permissions:
    """Everything that these functions reach together."""
    found = Permissions()
    for tree in _reached(functions):
        for node in ast.walk(tree):
            for tool, verb, call in _uses(node):
                found |= _permissions(tool, verb, call)
    return found


def _reached(functions: Iterable[Callable[..., object]]) -> list[ast.AST]:
    """The code of the functions and of everything in this room that it names."""
    waiting, seen = list(functions), dict[Callable[..., object], ast.AST]()
    while waiting:
        function = inspect.unwrap(waiting.pop())
        if function in seen:
            continue
        tree = seen[function] = _code(function)
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        known = inspect.getmodule(function).__dict__
        waiting += [known[name] for name in sorted(names) if _is_ours(known.get(name))]
    return list(seen.values())


def _is_ours(thing: object) -> bool:
    return callable(thing) and str(getattr(thing, "__module__", "")).startswith("handlers.")


@cache
def _code(thing: Callable[..., object]) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(thing)))


def _uses(node: ast.AST) -> Iterator[tuple[str, str, ast.Call]]:
    """`tracking.plan_of(…)` and `tools.event_log.record_deliveries(…)`: tool, verb and call."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        holder = node.func.value
        if isinstance(holder, ast.Name):
            yield holder.id, node.func.attr, node
        elif isinstance(holder, ast.Attribute) and ast.unparse(holder.value) == "dependencies":
            yield holder.attr, node.func.attr, node


def _permissions(tool: str, verb: str, call: ast.Call) -> Permissions:
    if tool == "tracking" and verb == "query":
        return _statement("query", _literal(call))
    if tool in _ROOMS:
        return _of_method(tool, verb)
    if tool == "bucket":
        folder = frozenset({_object_folder(call)} if verb == "write_once" else ())
        return Permissions(folders=folder, reads_output=verb in ("list", "read"))
    return Permissions(vertex=tool == "job_service")


_ROOMS: dict[str, type] = {"tracking": Tracking, "event_log": EventLog}


@cache
def _of_method(tool: str, verb: str) -> Permissions:
    """The statements behind one method, and those behind the methods that it calls."""
    found = Permissions()
    for node in ast.walk(_code(getattr(_ROOMS[tool], verb))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("query", "transaction") and isinstance(node.args[0], ast.Constant):
                found |= _statement(node.func.id, _literal(node))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            holder, name = ast.unparse(node.func.value), node.func.attr
            if holder == "self._warehouse" and name == "append":
                found |= Permissions(writes=frozenset({_literal(node)}))
            elif holder == "self._warehouse" and name == "load":
                found |= Permissions(stages=True)
            elif holder == "self":
                found |= _of_method(tool, name)
    return found


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
    """The text that the first argument begins with, which has to be written out."""
    given = call.args[0]
    start = given.values[0] if isinstance(given, ast.JoinedStr) else given
    if not isinstance(start, ast.Constant) or not isinstance(start.value, str):
        raise ValueError(f"{ast.unparse(call)}: its first words are no text that can be read here")
    return start.value


def _statement(kind: str, name: str) -> Permissions:
    names = _NAMES | {"counts": fragment("count_values", at="0", column="x", output=_OUTPUT)}
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
_NAMES = Source(table=SOURCE).names() | {
    "output": _OUTPUT,
    "staged": STAGED,
    **dict.fromkeys(("answer_columns", "c_answer_columns", "summary", "row"), "x"),
    **dict.fromkeys(("cost_of_a", "cost_of_c"), "0"),
}


def _named(tables: set[str]) -> frozenset[str]:
    """With the tables of every analysis in place of `output`."""
    outputs = set(Analyses().tables) if _OUTPUT in tables else set()
    return frozenset(tables - {_OUTPUT, STAGED} | outputs)
