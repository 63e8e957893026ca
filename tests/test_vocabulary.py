"""None of the names that were replaced before the first release is left or comes back.

A name is searched for where it was one: as a class, a function, a module, a table or column, a
command-line flag or an environment variable. The same word is fine everywhere else.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.files import files_in
from tests.imports import PACKAGES, REPO

REPLACED: dict[str, set[str]] = {
    "class": {
        "Analyst",
        "BadHome",
        "BadQuestion",
        "Bookshelf",
        "CloudSettings",
        "CloudWorld",
        "Ending",
        "Fact",
        "FactSetAside",
        "Frame",
        "Handling",
        "Hopeless",
        "Journal",
        "KeptLetter",
        "Laboratory",
        "Laptop",
        "LaptopSettings",
        "Ledger",
        "LedgerStream",
        "Malformed",
        "NobodyThere",
        "Office",
        "Opened",
        "Patient",
        "Place",
        "Purse",
        "Reach",
        "Repeated",
        "Retell",
        "SetAside",
        "Sheet",
        "Sighting",
        "Stage",
        "Stranger",
        "Theatre",
        "Tools",
        "Troupe",
        "Unfit",
        "Unproven",
        "Verdict",
        "Wish",
        "World",
    },
    "function": {
        "_told",
        "ask_elsewhere",
        "buried",
        "coded",
        "contained",
        "deed",
        "found",
        "found_deployment",
        "glance",
        "glance_of",
        "left_behind",
        "look",
        "open_message",
        "place_of",
        "purse_of",
        "question",
        "reach_of",
        "recall",
        "remember",
        "retell",
        "say",
        "seal",
        "seal_wish",
        "told",
        "wish_of",
    },
    "module": {
        "actors",
        "arrivals",
        "asking",
        "bookshelf",
        "borders",
        "canvas",
        "codes",
        "contained",
        "desk",
        "echo",
        "elsewhere",
        "envelope",
        "facts",
        "feed",
        "glance",
        "homes",
        "identity",
        "journal",
        "ladder",
        "ledger",
        "looking",
        "mends",
        "office",
        "opening",
        "reach",
        "retelling",
        "salvage",
        "scene",
        "score",
        "sentinel",
        "sightings",
        "stage",
        "standing",
        "steering",
        "tale",
        "taxonomy",
        "verdict",
        "weather",
        "wishes",
        "working",
    },
    "folder": {"analyst", "bench", "chaos", "deeds", "desk", "questions", "tools"},
    "table or column": {
        "fact_id",
        "facts",
        "handlings",
        "planning_gate",
        "set_aside",
        "set_aside_at",
        "verdict",
    },
    "topic": {"fact-set-aside"},
    "flag": {"--damage", "--linger", "--world"},
    "environment": {"TROUPE_RETELL_AFTER_SECONDS", "TROUPE_WORLD"},
}
"""The replaced names, each in the scope that it had."""

FOLDERS = (*PACKAGES, "tests", "benchmarks", "scripts")
OF_USERS = {"docs/examples"}
"""Folders whose names belong to an example of a user's analysis."""


_DEFINITION = re.compile(r"^[ \t]*(?:async[ \t]+)?(class|def)[ \t]+(\w+)", re.M)


@cache
def definitions() -> tuple[tuple[str, str, str], ...]:
    """Classes and functions: keyword, name, file. Those in a text count, too."""
    return tuple(
        (kind, name, str(file.relative_to(REPO)))
        for file in python_files()
        for kind, name in _DEFINITION.findall(file.read_text(encoding="utf-8"))
    )


def python_files() -> Iterator[Path]:
    return (file for folder in FOLDERS for file in files_in(REPO / folder, "**/*.py"))


def defined(keyword: str) -> Iterator[tuple[str, str]]:
    return ((name, place) for kind, name, place in definitions() if kind == keyword)


def texts(*suffixes: str) -> Iterator[tuple[Path, str]]:
    places = (*FOLDERS, "docs", "infra", ".github")
    files = [file for place in places for file in files_in(REPO / place)]
    files += [REPO / name for name in ("Makefile", "README.md", "Dockerfile", "CONTRIBUTING.md")]
    for file in files:
        if file.suffix in suffixes and file != Path(__file__):
            yield file, file.read_text(encoding="utf-8")


def folder_names() -> Iterator[tuple[str, str]]:
    for folder in (REPO / name for name in FOLDERS):
        for each in sorted({parent for file in files_in(folder) for parent in file.parents}):
            if each.is_relative_to(folder) and each.name != "__pycache__":
                yield each.name, str(each.relative_to(REPO))


def tables_and_columns() -> Iterator[tuple[str, str]]:
    for file in files_in(REPO / "tracking" / "schemas", "*.json"):
        yield file.stem, str(file.relative_to(REPO))
        schema = json.loads(file.read_text(encoding="utf-8"))
        for column in schema if isinstance(schema, list) else []:
            yield column["name"], f"{file.relative_to(REPO)}: {column['name']}"
    for file in files_in(REPO / "tracking" / "views", "*.sql"):
        yield file.stem, str(file.relative_to(REPO))


def topics() -> Iterator[tuple[str, str]]:
    catalogue = json.loads((REPO / "infra" / "catalogue.json").read_text(encoding="utf-8"))
    for event in catalogue["events"]:
        yield event["topic"], "infra/catalogue.json"


def words(pattern: str, *suffixes: str) -> Iterator[tuple[str, str]]:
    for file, text in texts(*suffixes):
        for match in re.finditer(pattern, text):
            yield match.group(), str(file.relative_to(REPO))


NAMES: dict[str, Callable[[], Iterator[tuple[str, str]]]] = {
    "class": lambda: defined("class"),
    "function": lambda: defined("def"),
    "module": lambda: ((file.stem, str(file.relative_to(REPO))) for file in python_files()),
    "folder": folder_names,
    "table or column": tables_and_columns,
    "topic": topics,
    "flag": lambda: words(r"--[a-z][a-z-]*", ".py", ".md", ".tf", ".yml", ""),
    "environment": lambda: words(r"\bTROUPE_[A-Z_]+\b", ".py", ".md", ".tf", ".yml", ""),
}


@pytest.mark.parametrize("scope", REPLACED)
def test_a_replaced_name_is_gone(scope: str) -> None:
    """In its scope; the check fails as well where it looked at nothing."""
    names = list(NAMES[scope]())

    assert len(names) > 10
    assert [] == sorted({f"{where}: {name}" for name, where in names if name in REPLACED[scope]})
