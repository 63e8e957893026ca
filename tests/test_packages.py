"""The house: five rooms, who may enter which, and what may not lie about in any of them."""

import ast
import fnmatch
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from troupe.deployment import catalogue

HOUSE = Path(__file__).parent.parent
ROOMS = ("events", "analysis", "tracking", "handlers", "troupe")
MAY_ENTER = {
    "events": {"events"},
    "analysis": {"analysis"},
    "tracking": {"tracking", "events"},
    "handlers": {"handlers", "events", "analysis", "tracking"},
    "troupe": set(ROOMS),
}
LONGEST = 400


def python_files(*rooms: str) -> list[Path]:
    return sorted(file for room in rooms for file in (HOUSE / room).rglob("*.py"))


def imported_by(file: Path) -> Iterator[str]:
    """Every module that the file names, also inside its functions."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module if node.level == 0 and node.module else file.parent.name
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (str(ast.literal_eval(each)) for each in node.args[:1])


def texts_in(file: Path) -> Iterator[str]:
    """The strings of a file that are no docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    told = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_it_may_enter(room: str) -> None:
    """Import direction is the architecture."""
    trespasses = [
        f"{file.relative_to(HOUSE)}: {name}"
        for file in python_files(room)
        for name in imported_by(file)
        if name.partition(".")[0] in {*ROOMS, "tests"} - MAY_ENTER[room]
    ]

    assert [] == trespasses


@pytest.mark.parametrize("room", ["events", "analysis", "tracking", "handlers"])
def test_a_relative_import_stays_inside_its_room(room: str) -> None:
    """`from ...troupe import x` is no way around."""
    strays = [
        str(file.relative_to(HOUSE))
        for file in python_files(room)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level >= len(file.relative_to(HOUSE).parts)
    ]

    assert [] == strays


def test_analysis_and_events_do_no_input_or_output() -> None:
    """What can be pure is pure; only the package's own files are read."""
    doors = {
        "duckdb",
        "socket",
        "subprocess",
        "urllib",
        "http",
        "shutil",
        "tempfile",
        "os",
        "time",
    }
    open_doors = [
        f"{file.relative_to(HOUSE)}: {name}"
        for file in python_files("events", "analysis")
        for name in imported_by(file)
        if name.partition(".")[0] in doors
    ]

    assert [] == open_doors


LIGHT = [
    "events",
    "analysis",
    "tracking",
    "handlers",
    "troupe.cli",
    "troupe.backends.local.backend",
]


@pytest.mark.parametrize("module", LIGHT)
def test_the_laptop_imports_nothing_of_the_cloud(module: str) -> None:
    """Neither Google's clients nor a web server; also not when every file below is imported."""
    look = (
        "import importlib, pkgutil, sys\n"
        "before = set(sys.modules)  # a namespace package may load itself at every start\n"
        f"named = importlib.import_module({module!r})\n"
        "below = pkgutil.walk_packages(getattr(named, '__path__', []), named.__name__ + '.')\n"
        "for each in below:\n"
        "    importlib.import_module(each.name)\n"
        "heavy = ('google', 'grpc', 'starlette', 'uvicorn', 'vertexai')\n"
        "print(sorted(n for n in sys.modules.keys() - before if n.partition('.')[0] in heavy))\n"
    )

    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", look],
        cwd=HOUSE, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert "[]" == told.stdout.strip()


def test_the_first_four_rooms_never_load_the_laptop() -> None:
    """A handler in the cloud carries no DuckDB and no sqlglot."""
    look = (
        "import sys, handlers, handlers.dispatch.deliver\n"
        "print(sorted({n.partition('.')[0] for n in sys.modules} "
        "& {'duckdb', 'sqlglot', 'troupe', 'rich', 'typer'}))\n"
    )

    told = subprocess.run(
        [sys.executable, "-c", look], cwd=HOUSE, capture_output=True, text=True, check=True
    )

    assert "[]" == told.stdout.strip()


def test_no_sql_is_written_in_python_outside_of_troupe() -> None:
    """A foreign language gets its own file."""
    sql = re.compile(
        r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s.+\sSET|DELETE\s+FROM|MERGE\s+INTO)\b", re.S
    )
    found = [
        f"{file.relative_to(HOUSE)}: {text[:60]}"
        for file in python_files("events", "analysis", "handlers", "tracking")
        for text in texts_in(file)
        if sql.search(text)
    ]

    assert [] == found


def shipped_texts() -> list[Path]:
    kinds = {".py", ".sql", ".json", ".md", ".toml", ".tf", ".css", ".html", ".txt", ".yaml"}
    found = (f for room in ROOMS for f in (HOUSE / room).rglob("*"))
    loose = [HOUSE / name for name in ("pyproject.toml", "README.md", "Makefile")]
    return [*loose, *sorted(f for f in found if f.suffix in kinds and f.is_file())]


def test_nothing_names_a_person_s_folder_or_machine() -> None:
    """What is shipped could have been written anywhere."""
    personal = re.compile(
        r"(/home/\w+|/Users/\w+|[A-Z]:\\\\?Users|/root/|/tmp/|/work/)"
        r"|\b[\w-]+\.(local|internal|corp|lan)\b(?!\.)(?=[:/\"'])"
    )
    found = [
        f"{file.relative_to(HOUSE)}: {hit.group()}"
        for file in shipped_texts()
        for hit in personal.finditer(file.read_text(encoding="utf-8"))
    ]

    assert [] == found


def test_no_file_is_longer_than_a_reader_s_patience() -> None:
    """Longer ones are two files."""
    long = {
        str(file.relative_to(HOUSE)): lines
        for file in python_files(*ROOMS)
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > LONGEST
    }

    assert {} == long


def test_every_module_opens_with_a_docstring() -> None:
    """One line says what it is for."""
    silent = [
        str(file.relative_to(HOUSE))
        for file in python_files(*ROOMS)
        if file.stat().st_size
        and not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    ]

    assert [] == silent


def test_the_catalogue_is_the_one_of_the_code() -> None:
    """`make catalogue` renews it."""
    assert catalogue.text() == (HOUSE / "infra" / "catalogue.json").read_text(encoding="utf-8")


def test_every_file_that_the_rooms_read_is_in_the_wheel() -> None:
    """Everything in a package is packed with it, except unversioned files."""
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    ignored = [
        line.strip("/")
        for line in (HOUSE / ".gitignore").read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith(("#", "!"))
    ]

    assert sorted(ROOMS) == sorted(wheel["packages"])
    data = [f for room in ROOMS for f in (HOUSE / room).rglob("*")
            if f.suffix in {".sql", ".json", ".md", ".toml", ".css", ".html"}]  # fmt: skip
    assert {".sql", ".json", ".md"} <= {f.suffix for f in data}
    left_out = [
        str(f.relative_to(HOUSE))
        for f in data
        if any(
            fnmatch.fnmatch(part, pattern)
            for part in f.relative_to(HOUSE).parts
            for pattern in ignored
        )
    ]
    assert [] == left_out


def test_every_statement_and_schema_can_be_read_from_the_package() -> None:
    """Through importlib.resources, as an installed wheel does."""
    from tracking.statements import statement_names
    from tracking.tables import columns_of, layouts

    on_disk = {
        folder: sorted(f.stem for f in (HOUSE / "tracking" / folder).glob("*.sql"))
        for folder in ("queries", "transactions", "fragments")
    }

    assert on_disk == {folder: statement_names(folder) for folder in on_disk}
    assert all(columns_of(table) for table in layouts())
