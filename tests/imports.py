"""The import graph of the project's packages, read from the source without importing it."""

import ast
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.files import files_in

REPO = Path(__file__).parent.parent
PACKAGES = ("events", "analysis", "tracking", "handlers", "troupe")


@dataclass(frozen=True, slots=True)
class Import:
    """One module that a file imports."""

    file: str
    line: int
    module: str
    """A module of the project by its full name; of other packages as it is written."""
    in_function: bool


def modules() -> dict[str, Path]:
    """Every module of the packages, by its dotted name."""
    files = (file for package in PACKAGES for file in files_in(REPO / package, "**/*.py"))
    return {_name(file): file for file in files}


@cache
def imports() -> tuple[tuple[str, Import], ...]:
    """Every import of every module, also inside functions and behind TYPE_CHECKING."""
    return tuple(_imports(modules()))


def _imports(known: dict[str, Path]) -> Iterator[tuple[str, Import]]:
    for name, file in known.items():
        for node, inner in _nodes(ast.parse(file.read_text(encoding="utf-8"))):
            for target in _targets(node, name, file, known):
                where = str(file.relative_to(REPO))
                yield name, Import(where, getattr(node, "lineno", 0), target, inner)


def _nodes(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """Yield each node, and whether it is in a function."""
    left: deque[tuple[ast.AST, bool]] = deque([(tree, False)])
    while left:
        node, inner = left.popleft()
        yield node, inner
        inner = inner or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        left.extend((child, inner) for child in ast.iter_child_nodes(node))


def circles() -> list[list[str]]:
    """Groups of modules that import each other, directly or through others."""
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for name, each in imports():
        if each.module in graph and each.module != name:
            graph[name].add(each.module)
    return _strongly_connected(graph)


def _name(file: Path) -> str:
    return ".".join(file.relative_to(REPO).with_suffix("").parts).removesuffix(".__init__")


def _targets(node: ast.AST, name: str, file: Path, known: dict[str, Path]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        package = name if file.name == "__init__.py" else name.rpartition(".")[0]
        parts = package.split(".")
        above = parts[: len(parts) - node.level + 1] if node.level else []
        base = ".".join([*above, *([node.module] if node.module else [])])
        for alias in node.names:
            inner = f"{base}.{alias.name}"
            yield inner if inner in known else base
    elif isinstance(node, ast.Call) and _called(node).endswith("import_module"):
        yield from (str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant))


def _called(call: ast.Call) -> str:
    """Return the last name of what is called; the empty text for the result of an expression."""
    return getattr(call.func, "attr", "") or getattr(call.func, "id", "")


def _strongly_connected(graph: dict[str, set[str]]) -> list[list[str]]:
    """Tarjan's algorithm; components of one module are left out."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 4 * len(graph)))

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            component = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(component) > 1:
                found.append(sorted(component))

    for node in graph:
        if node not in index:
            visit(node)
    return found
