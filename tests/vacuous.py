"""Find tests that cannot fail, by reading their source.

Three kinds are found: an assertion that holds whatever the product does, a test whose every
assertion is inside a loop that may run zero times, and a search for files that may find none.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

DISPLAYS = (ast.Tuple, ast.List, ast.Set)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef
WRAPPERS = {"enumerate", "zip", "sorted", "reversed", "list", "tuple", "set", "product", "dict"}
"""Functions that return as many elements as they are given."""
VIEWS = {"items", "keys", "values"}
PURE = WRAPPERS | {"len", "str", "repr", "sum", "min", "max"}
"""Functions that give the same result for the same argument; a comparison with itself is no test
of them."""
SEARCHES = {"glob", "rglob", "iterdir"}
EXPECT = {"raises", "warns", "fail", "deprecated_call"}
"""What pytest offers beside `assert`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place, and why it shows nothing."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


def asserting_functions(trees: Iterable[ast.Module]) -> frozenset[str]:
    """Return the names of the helpers that assert something at each call, outside of loops."""
    return frozenset(
        function.name
        for tree in trees
        for known in [_constants(tree.body)]
        for function in _functions(tree)
        if not function.name.startswith("test_")
        and any(not in_loop for _, in_loop in _assertions(function, frozenset(), known))
    )


def findings(file: str, tree: ast.Module, helpers: frozenset[str]) -> Iterator[Finding]:
    """Yield what is wrong in one module. `helpers` are names of functions that assert."""
    functions = list(_functions(tree))
    yield from (
        Finding(file, line, reason)
        for line, reason in (
            *_cannot_fail(tree, functions),
            *_only_in_loops(tree, functions, helpers),
            *(_may_find_nothing(list(ast.walk(tree))) if _is_of_tests(file) else ()),
        )
    )


def _is_of_tests(file: str) -> bool:
    """Whether the module holds tests or fixtures; a helper may look for what is perhaps missing."""
    name = file.rpartition("/")[2]
    return name.startswith("test_") or name == "conftest.py"


# Assertions that cannot fail


def _cannot_fail(tree: ast.Module, functions: list[Function]) -> Iterator[tuple[int, str]]:
    shared = _constants(tree.body)
    for function in functions:
        asserts = [node for node in _statements(function) if isinstance(node, ast.Assert)]
        own: dict[str, ast.expr] = {}
        if any(isinstance(node.test, ast.Name | ast.BoolOp) for node in asserts):
            own = {**shared, **_constants(function.body)}
            for name in _changed(function):
                own.pop(name, None)
        for node in asserts:
            if _is_always_true(node.test, own):
                yield node.lineno, f"`{ast.unparse(node)[:60]}` cannot fail"


def _is_always_true(node: ast.expr, known: dict[str, ast.expr]) -> bool:
    if isinstance(node, ast.Compare):
        return _compares_with_itself(node) or _is_any_length(node)
    if isinstance(node, ast.BoolOp):
        every = all if isinstance(node.op, ast.And) else any
        return every(_is_always_true(each, known) for each in node.values)
    if isinstance(node, ast.Name) and node.id in known:
        node = known[node.id]
    return _is_constant_true(node)


def _is_constant_true(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return bool(node.value)
    return _has_elements(node, {}) or isinstance(node, ast.Lambda)


def _compares_with_itself(node: ast.Compare) -> bool:
    sides = [node.left, *node.comparators]
    if not all(isinstance(op, ast.Eq | ast.Is | ast.LtE | ast.GtE) for op in node.ops):
        return False
    calls = [each for side in sides for each in ast.walk(side) if isinstance(each, ast.Call)]
    return len({ast.dump(side) for side in sides}) == 1 and all(
        isinstance(call.func, ast.Name) and call.func.id in PURE for call in calls
    )


def _is_any_length(node: ast.Compare) -> bool:
    """Whether this is `len(…) >= 0`."""
    return (
        isinstance(node.left, ast.Call)
        and ast.unparse(node.left.func) == "len"
        and isinstance(node.ops[0], ast.GtE)
        and ast.unparse(node.comparators[0]) == "0"
    )


def _constants(body: Iterable[ast.stmt]) -> dict[str, ast.expr]:
    """Return the values of names that are assigned once, at the top of this body."""
    values: dict[str, ast.expr] = {}
    again: set[str] = set()
    for statement in body:
        target, value = None, None
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, value = statement.targets[0], statement.value
        elif isinstance(statement, ast.AnnAssign):
            target, value = statement.target, statement.value
        if isinstance(target, ast.Name) and value is not None:
            again |= {target.id} & values.keys()
            values[target.id] = value
    return {name: value for name, value in values.items() if name not in again}


def _changed(function: ast.AST) -> Iterator[str]:
    """Yield the names of collections from which this function may take elements, or adds to."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in {"pop", "remove", "clear", "discard", "popleft", "popitem"}:
                yield ast.unparse(node.func.value)
        elif isinstance(node, ast.Delete):
            yield from (ast.unparse(target).partition("[")[0] for target in node.targets)


# Tests that assert in loops alone


def _only_in_loops(
    tree: ast.Module, functions: list[Function], helpers: frozenset[str]
) -> Iterator[tuple[int, str]]:
    known = _constants(tree.body)
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    for test in functions:
        if test.name.startswith("test_"):
            own = {**known, **_constants(test.body), **dict.fromkeys(classes, ast.Tuple([_ONE]))}
            found = list(_assertions(test, helpers, own))
            if found and all(in_loop for _, in_loop in found):
                yield test.lineno, f"{test.name} asserts only in loops that may be empty"


_ONE = ast.Constant(1)


def _assertions(
    function: ast.AST, helpers: frozenset[str], known: dict[str, ast.expr]
) -> Iterator[tuple[int, bool]]:
    """Yield the line of each assertion, and whether it is in a loop that may be empty."""

    def visit(node: ast.AST, in_loop: bool) -> Iterator[tuple[int, bool]]:
        if isinstance(node, ast.Assert):
            yield node.lineno, in_loop or _is_all_of_maybe_nothing(node.test, known)
        elif _is_assertion(node, helpers):
            yield getattr(node, "lineno", 0), in_loop
        for child in ast.iter_child_nodes(node):
            inner = in_loop
            if isinstance(node, LOOPS) and child in node.body:
                inner = in_loop or not _loops_at_least_once(node, known)
            elif isinstance(child, (*FUNCTIONS, ast.Lambda)):
                continue  # Called later, or never.
            yield from visit(child, inner)

    yield from visit(function, in_loop=False)


def _is_assertion(node: ast.AST, helpers: frozenset[str]) -> bool:
    if isinstance(node, ast.Raise):
        return "AssertionError" in ast.unparse(node)
    if not isinstance(node, ast.Call):
        return False
    name = _called(node)
    return name in EXPECT or name in helpers


def _called(call: ast.Call) -> str:
    """Return the name of a function or method; the empty text for the result of an expression."""
    func = call.func
    return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")


def _is_all_of_maybe_nothing(node: ast.expr, known: dict[str, ast.expr]) -> bool:
    """Whether this is `all(… for … in …)`, which is true of no element."""
    return (
        isinstance(node, ast.Call)
        and ast.unparse(node.func) == "all"
        and isinstance(node.args[0], ast.GeneratorExp)
        and not all(_has_elements(part.iter, known) for part in node.args[0].generators)
    )


def _loops_at_least_once(node: ast.AST, known: dict[str, ast.expr]) -> bool:
    if isinstance(node, ast.While):
        return isinstance(node.test, ast.Constant) and bool(node.test.value)
    return isinstance(node, ast.For | ast.AsyncFor) and _has_elements(node.iter, known)


def _has_elements(node: ast.expr, known: dict[str, ast.expr]) -> bool:
    """Whether this expression certainly has an element."""
    if isinstance(node, ast.Name) and node.id in known:
        return _has_elements(known[node.id], {k: v for k, v in known.items() if k != node.id})
    if isinstance(node, DISPLAYS):
        return any(
            not isinstance(each, ast.Starred) or _has_elements(each.value, known)
            for each in node.elts
        )
    if isinstance(node, ast.Dict):
        return any(key is not None for key in node.keys)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str | bytes) and bool(node.value)
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(each, ast.Constant) and each.value for each in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _has_elements(node.left, known) or _has_elements(node.right, known)
    return isinstance(node, ast.Call) and _call_has_elements(node, known)


def _call_has_elements(call: ast.Call, known: dict[str, ast.expr]) -> bool:
    if isinstance(call.func, ast.Attribute) and call.func.attr in VIEWS:
        return _has_elements(call.func.value, known)
    name = _called(call)
    if name == "range":
        return _is_filled_range(call.args, known)
    return (
        name in WRAPPERS
        and bool(call.args)
        and all(_has_elements(each, known) for each in call.args)
    )


def _is_filled_range(args: list[ast.expr], known: dict[str, ast.expr]) -> bool:
    values = []
    for each in args:
        value = known.get(each.id) if isinstance(each, ast.Name) else each
        if not isinstance(value, ast.Constant) or not isinstance(value.value, int):
            return False
        values.append(value.value)
    return len(range(*values)) > 0


# Searches for files that may find none


def _may_find_nothing(nodes: list[ast.AST]) -> Iterator[tuple[int, str]]:
    searches = [
        node
        for node in nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in SEARCHES
    ]
    if not searches:
        return
    allowed = {
        id(call)
        for node in nodes
        if isinstance(node, ast.Assert) or _unpacks(node)
        for call in ast.walk(node)
    }
    for node in searches:
        if id(node) not in allowed:
            yield (
                node.lineno,
                (f"`{ast.unparse(node)[:60]}` may find nothing: use tests.files.files_in"),
            )


def _unpacks(node: ast.AST) -> bool:
    """Whether this is `(one,) = …`, which fails for another number of elements."""
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple)


def _functions(tree: ast.Module) -> Iterator[Function]:
    """Yield every function and method, also those inside of others."""
    for statement in _statements(tree):
        if isinstance(statement, FUNCTIONS):
            yield statement
            yield from _functions(ast.Module(statement.body, []))


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements of a node, those inside functions left out. Expressions hold none."""
    for field in ("body", "handlers", "orelse", "finalbody", "cases"):
        for each in getattr(node, field, ()):
            if isinstance(each, ast.stmt):
                yield each
            if not isinstance(each, FUNCTIONS):
                yield from _statements(each)
