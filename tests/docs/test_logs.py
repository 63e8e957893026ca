"""Every line of the log has a name that is documented, and nothing that is documented is gone."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
ROOMS = ("events", "analysis", "tracking", "handlers", "troupe")
PAGE = (ROOT / "docs" / "reference" / "logs.md").read_text(encoding="utf-8")
SEVERITIES = {"exception": "error"}
"""What a logging method writes, where it is not called so."""


class Line(NamedTuple):
    """One name, its severity and its logger."""

    event: str
    severity: str
    logger: str


def logged_lines() -> Iterator[tuple[str, Line | None]]:
    """Where, and what; None where the name is no plain string."""
    for file in sorted(f for room in ROOMS for f in (ROOT / room).rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        logger = _logger_of(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("LOG."):
                where = f"{file.relative_to(ROOT)}:{node.lineno}"
                yield where, _line(node, logger)


def _logger_of(tree: ast.Module) -> str:
    found = re.search(r"LOG = logging\.getLogger\('([\w.]+)'\)", ast.unparse(tree))
    return found[1] if found else ""


def _line(call: ast.Call, logger: str) -> Line | None:
    method = ast.unparse(call.func).removeprefix("LOG.")
    match call.args[:1]:
        case [ast.Constant(value=str(event))]:
            return Line(event, SEVERITIES.get(method, method), logger)
    return None


def documented_lines() -> set[Line]:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| `([\w.]+)` \|", PAGE, re.M)
    return {Line(*row) for row in rows}


LOGGED = list(logged_lines())


def test_every_line_is_written_under_a_plain_stable_name() -> None:
    """An event of the past in small letters; what varies stands in fields of its own."""
    odd = [
        where
        for where, line in LOGGED
        if line is None or not re.fullmatch(r"[a-z]+(-[a-z]+)*", line.event) or not line.logger
    ]

    assert [] == odd
    assert len(LOGGED) > 10


def test_every_name_in_the_code_is_documented_with_its_severity_and_logger() -> None:
    """And no other is."""
    assert documented_lines() == {line for _, line in LOGGED if line}


def test_no_line_formats_its_name_with_values() -> None:
    """`%s` in a name would make a new name of each value."""
    calls = [
        where
        for file in (f for room in ROOMS for f in (ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).startswith("LOG.")
        and len(node.args) != 1
        for where in [f"{file.relative_to(ROOT)}:{node.lineno}"]
    ]

    assert [] == calls


def test_metrics_of_the_cloud_count_lines_that_are_written() -> None:
    """A renamed event would leave an alert silent."""
    files = list((ROOT / "infra" / "terraform").glob("*.tf"))
    texts = "\n".join(file.read_text(encoding="utf-8") for file in files)
    counted = set(re.findall(r'jsonPayload\.message=\\"([a-z-]+)\\"', texts))
    counted |= set(re.findall(r'\bevent = "([a-z-]+)"', texts))

    assert counted
    assert counted <= {line.event for _, line in LOGGED if line}
