"""The names of log lines in the code and in docs/reference/logs.md are the same."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.files import files_in

ROOT = Path(__file__).parents[2]
PACKAGES = ("events", "analysis", "tracking", "handlers", "troupe")
PAGE = (ROOT / "docs" / "reference" / "logs.md").read_text(encoding="utf-8")
SEVERITIES = {"exception": "error"}
"""Severity of a logging method that has another name."""


class Line(NamedTuple):
    """Name, severity and logger of a log line."""

    event: str
    severity: str
    logger: str


def logged_lines() -> Iterator[tuple[str, Line | None]]:
    """Yield place and line of each call; None where its arguments are not a literal name."""
    for file in (f for package in PACKAGES for f in files_in(ROOT / package, "**/*.py")):
        text = file.read_text(encoding="utf-8")
        logger = _logger_of(text)
        for node in ast.walk(ast.parse(text)) if "LOG." in text else ():
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="LOG"), attr=method)):
                    where = f"{file.relative_to(ROOT)}:{node.lineno}"
                    yield where, _line(node, method, logger)


def _logger_of(text: str) -> str:
    match = re.search(r'^LOG = logging\.getLogger\("([\w.]+)"\)$', text, re.M)
    return match[1] if match else ""


def _line(call: ast.Call, method: str, logger: str) -> Line | None:
    match call.args:
        case [ast.Constant(value=str(event))]:
            return Line(event, SEVERITIES.get(method, method), logger)
    return None


def documented_lines() -> set[Line]:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| `([\w.]+)` \|", PAGE, re.M)
    return {Line(*row) for row in rows}


@cache
def logged() -> list[tuple[str, Line | None]]:
    return list(logged_lines())


def test_every_log_line_has_a_literal_name() -> None:
    """Lower-case words with hyphens; variable parts are fields: `%s` would give each value a name."""
    invalid = [
        where
        for where, line in logged()
        if line is None or not re.fullmatch(r"[a-z]+(-[a-z]+)*", line.event) or not line.logger
    ]

    assert [] == invalid
    assert len(logged()) > 10


def test_every_name_in_the_code_is_documented_with_its_severity_and_logger() -> None:
    """And no other name is documented."""
    assert documented_lines() == {line for _, line in logged() if line}


def test_log_based_metrics_count_lines_that_are_written() -> None:
    """A renamed line would disable its alert."""
    files = files_in(ROOT / "infra" / "terraform", "*.tf")
    texts = "\n".join(file.read_text(encoding="utf-8") for file in files)
    counted = set(re.findall(r'jsonPayload\.message=\\"([a-z-]+)\\"', texts))
    counted |= set(re.findall(r'\bevent = "([a-z-]+)"', texts))

    assert counted
    assert counted <= {line.event for _, line in logged() if line}
