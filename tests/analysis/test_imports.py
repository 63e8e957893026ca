"""The package `analysis` does no input or output."""

import ast
from collections.abc import Iterator
from pathlib import Path

import analysis
from tests.files import files_in

PACKAGE = Path(analysis.__file__).parent
FILES = files_in(PACKAGE, "**/*.py")
ALLOWED = {
    "analysis",
    "base64", "binascii", "collections", "contextlib", "dataclasses", "functools", "hashlib", "json", "math",
    "operator",
    "re", "secrets", "typing", "unicodedata",
    "json_repair", "msgspec",
}  # fmt: skip
READS_PACKAGE_DATA = {"analysis_files.py", "prices.py", "places.py"}


def imported_by(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_only_modules_without_input_or_output_are_imported() -> None:
    """Except `importlib.resources`, by three modules, for the package's own data files."""
    imported = {
        (file.name, name)
        for file in FILES
        for name in imported_by(file)
        if name.partition(".")[0] not in ALLOWED
    }

    assert {(file, "importlib.resources") for file in READS_PACKAGE_DATA} == imported


def test_no_file_is_opened() -> None:
    """`open` needs no import."""
    calls = [
        file.name
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "open"
    ]

    assert [] == calls
