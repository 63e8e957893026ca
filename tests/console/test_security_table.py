"""The table of attacks names tests that exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"\| `(tests/[\w/]+\.py)::(test_\w+)` \|$", re.MULTILINE)


def test_each_row_of_the_table_names_a_test() -> None:
    """By its file and name."""
    text = (ROOT / "docs" / "console-security.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if re.match(r"\| (?!attack)", line)]
    rows = ROW.findall(text)

    assert len(rows) == len(lines) > 20
    tests = {file: names_in(ROOT / file) for file, _ in rows}
    assert [] == [f"{file}::{name}" for file, name in rows if name not in tests[file]]


def names_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}
