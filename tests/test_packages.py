"""Packages: what each may import, and what no file of them may contain."""

import ast
import fnmatch
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.files import files_in
from tests.imports import PACKAGES, REPO, circles, imports
from troupe.deployment import catalogue

_STANDARD = {
    "collections", "contextlib", "dataclasses", "datetime", "enum", "functools", "hashlib", "json", "math",
    "operator", "re", "typing", "unicodedata",
}  # fmt: skip
"""Modules of the standard library without input, output, time or chance."""

MAY_IMPORT: dict[str, set[str]] = {
    "events": {"events", "cloudevents", "msgspec"} | _STANDARD,
    # base64 decodes the key of an earlier system; secrets makes the fence around a transcript.
    "analysis": {"analysis", "json_repair", "msgspec", "base64", "binascii", "importlib", "secrets"}
    | _STANDARD,
    "tracking": {"tracking", "events", "msgspec", "importlib"} | _STANDARD,
    # inspect reads the parameters of a handler, which name its dependencies; statistics has the median.
    "handlers": {
        "handlers",
        "events",
        "analysis",
        "tracking",
        "msgspec",
        "inspect",
        "itertools",
        "logging",
        "statistics",
    }
    | _STANDARD,
}
"""Every top-level module that a package may import. `troupe` runs the others and may import all."""

READS_PACKAGE_DATA = {"analysis": "shipped analyses and prices", "tracking": "schemas and SQL"}
"""Packages that may use `importlib.resources`, and nothing else of `importlib`."""

IN_FUNCTIONS = {
    "troupe/cli/client.py": "the backend is chosen, and only the chosen one is imported",
    "troupe/cli/cloud_files.py": "Google's client is an optional extra",
    "troupe/cli/doctor.py": "Google's clients are an optional extra",
    "troupe/backends/gcp/backend.py": "a service loads the clients of its own handlers alone",
    "troupe/notifications/notifiers.py": "HTTP is imported only where a webhook is set",
    "troupe/transcript_files/excel_file.py": "the reader of Excel is an optional extra",
    "troupe/transcript_files/reader.py": "Parquet needs DuckDB, which the image of a service has not",
    "troupe/telemetry/setup.py": "OpenTelemetry is an optional extra",
    "troupe/report/live/progress.py": "rich is imported on terminals only; a pipe need not wait",
}
"""Files, or folders, that may import inside functions, and the reason of each."""
LONGEST = 400
TYPED = ("analysis", "benchmarks", "events", "handlers", "scripts", "tracking", "troupe", "tests")
LONG_FOR_A_REASON = {"ids.py": "ids are built and parsed in one place"}


def python_files(*packages: str) -> list[Path]:
    """Every Python file of the packages."""
    return [file for package in packages for file in files_in(REPO / package, "**/*.py")]


def texts_in(file: Path) -> Iterator[str]:
    """Yield the strings of a file that are no docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield from [node.value] if isinstance(node.value, str) else []


def test_a_package_imports_only_what_its_allow_list_names() -> None:
    """The direction of imports is the architecture; an unlisted module fails, whatever it is."""
    looked_at: dict[str, int] = defaultdict(int)
    wrong = []
    for name, each in imports():
        package = name.partition(".")[0]
        looked_at[package] += 1
        allowed = MAY_IMPORT.get(package)
        if allowed is not None and each.module.partition(".")[0] not in allowed:
            wrong.append(f"{each.file}:{each.line}: {each.module}")

    assert set(PACKAGES) == set(looked_at)
    assert min(looked_at.values()) > 20
    assert [] == wrong


def test_importlib_serves_package_data_alone() -> None:
    """`import_module` would get around every other check."""
    used = [(name, each) for name, each in imports() if each.module.startswith("importlib")]

    assert used
    wrong = [
        f"{each.file}:{each.line}: {each.module}"
        for name, each in used
        if name.partition(".")[0] in MAY_IMPORT
        if name.partition(".")[0] not in READS_PACKAGE_DATA
        or not each.module.startswith("importlib.resources")
    ]
    assert [] == wrong


def test_events_and_analysis_do_no_input_or_output() -> None:
    """Only shipped package data is read, through `importlib.resources.files`."""
    builtins, methods = {"open", "print", "input"}, {"write_text", "write_bytes", "mkdir", "unlink"}
    files = python_files("events", "analysis")
    nodes = [(f, n) for f in files for n in ast.walk(ast.parse(f.read_text(encoding="utf-8")))]
    calls = [(file, node) for file, node in nodes if isinstance(node, ast.Call)]

    assert len(calls) > 500
    wrong = [
        f"{file.relative_to(REPO)}:{node.lineno}: {ast.unparse(node.func)}"
        for file, node in calls
        if (isinstance(node.func, ast.Name) and node.func.id in builtins)
        or (isinstance(node.func, ast.Attribute) and node.func.attr in methods)
    ]
    assert [] == wrong


def test_no_modules_import_each_other() -> None:
    """Also not through others, inside functions, or for types alone."""
    assert [] == circles()


def test_imports_stand_at_the_top_of_a_file() -> None:
    """The exceptions are listed with their reasons, and each is still needed."""
    inner = [each for _, each in imports() if each.in_function]
    wrong = [
        f"{each.file}:{each.line}: {each.module}"
        for each in inner
        if not each.file.startswith(tuple(IN_FUNCTIONS))
    ]

    assert [] == wrong
    assert [] == [e for e in IN_FUNCTIONS if not any(i.file.startswith(e) for i in inner)]


def test_an_init_file_holds_no_logic() -> None:
    """Names are imported and listed there; `handlers/__init__.py` is empty."""
    files = [file for file in python_files(*PACKAGES) if file.name == "__init__.py"]
    allowed = (ast.Import, ast.ImportFrom, ast.Expr, ast.Assign)
    logic = [
        f"{file.relative_to(REPO)}:{node.lineno}"
        for file in files
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if not isinstance(node, allowed)
        or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) != "__all__")
    ]

    assert [] == logic
    assert "" == (REPO / "handlers" / "__init__.py").read_text(encoding="utf-8")


LIGHT = [
    "events",
    "analysis",
    "tracking",
    "handlers",
    "troupe.cli",
    "troupe.backends.local.backend",
]
"""The smallest first: what one imports is loaded for those after it."""


def test_the_laptop_imports_nothing_of_the_cloud() -> None:
    """Neither Google's clients nor a web server; also not when every file below is imported."""
    look = (
        "import importlib, pkgutil, sys\n"
        "before = set(sys.modules)  # a namespace package may load itself at every start\n"
        f"for name in {LIGHT!r}:\n"
        "    named = importlib.import_module(name)\n"
        "    below = pkgutil.walk_packages(getattr(named, '__path__', []), named.__name__ + '.')\n"
        "    for each in below:\n"
        "        importlib.import_module(each.name)\n"
        "    heavy = ('google', 'grpc', 'starlette', 'uvicorn', 'vertexai')\n"
        "    new = sys.modules.keys() - before\n"
        "    print(name, sorted(n for n in new if n.partition('.')[0] in heavy))\n"
    )

    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", look],
        cwd=REPO, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert [f"{name} []" for name in LIGHT] == finished.stdout.splitlines()


def test_a_type_that_is_ignored_has_its_reason_beside_it() -> None:
    """So that the next reader can tell whether it still holds."""
    bare = re.compile(r"# type: ignore\[[^]]+\](?! {1,2}# )")
    files = [file for folder in TYPED for file in files_in(REPO / folder, "**/*.py")]
    lines = [
        f"{file.relative_to(REPO)}: {line.strip()}"
        for file in files
        for line in file.read_text(encoding="utf-8").splitlines()
        if bare.search(line)
    ]

    assert [] == lines
    assert len(files) > 900


def test_the_first_four_packages_never_load_the_laptop() -> None:
    """A handler in the cloud carries no DuckDB and no sqlglot."""
    look = (
        "import sys, handlers, handlers.dispatch.deliver\n"
        "print(sorted({n.partition('.')[0] for n in sys.modules} "
        "& {'duckdb', 'sqlglot', 'troupe', 'rich', 'typer'}))\n"
    )

    finished = subprocess.run(
        [sys.executable, "-c", look], cwd=REPO, capture_output=True, text=True, check=True
    )

    assert "[]" == finished.stdout.strip()


def test_no_sql_is_written_in_python_outside_of_troupe() -> None:
    """A foreign language gets its own file."""
    sql = re.compile(
        r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s.+\sSET|DELETE\s+FROM|MERGE\s+INTO)\b", re.S
    )
    found = [
        f"{file.relative_to(REPO)}: {text[:60]}"
        for file in python_files("events", "analysis", "handlers", "tracking")
        for text in texts_in(file)
        if sql.search(text)
    ]

    assert [] == found


def shipped_texts() -> list[Path]:
    kinds = {".py", ".sql", ".json", ".md", ".toml", ".tf", ".css", ".html", ".txt", ".yaml"}
    found = (f for package in PACKAGES for f in files_in(REPO / package))
    loose = [REPO / name for name in ("pyproject.toml", "README.md", "Makefile")]
    return [*loose, *sorted(f for f in found if f.suffix in kinds)]


def test_nothing_names_a_person_s_folder_or_machine() -> None:
    """What is shipped could have been written anywhere."""
    personal = re.compile(
        r"(/home/\w+|/Users/\w+|[A-Z]:\\\\?Users|/root/|/tmp/|/work/)"
        r"|\b[\w-]+\.(local|internal|corp|lan)\b(?!\.)(?=[:/\"'])"
    )
    found = [
        f"{file.relative_to(REPO)}: {hit.group()}"
        for file in shipped_texts()
        for hit in personal.finditer(file.read_text(encoding="utf-8"))
    ]

    assert [] == found


def test_no_file_is_longer_than_a_reader_s_patience() -> None:
    """Longer ones are two files."""
    long = {
        str(file.relative_to(REPO)): lines
        for file in python_files(*PACKAGES)
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > LONGEST
        and file.name not in LONG_FOR_A_REASON
    }

    assert {} == long


def test_every_module_opens_with_a_docstring() -> None:
    """One line says what it is for."""
    silent = [
        str(file.relative_to(REPO))
        for file in python_files(*PACKAGES)
        if file.stat().st_size
        and not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    ]

    assert [] == silent


def test_the_catalogue_is_the_one_of_the_code() -> None:
    """`make catalogue` renews it."""
    assert catalogue.text() == (REPO / "infra" / "catalogue.json").read_text(encoding="utf-8")


def test_every_file_that_the_packages_read_is_in_the_wheel() -> None:
    """Everything in a package is packed with it, except unversioned files."""
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    ignored = [
        line.strip("/")
        for line in (REPO / ".gitignore").read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith(("#", "!"))
    ]

    assert sorted(PACKAGES) == sorted(wheel["packages"])
    data = [f for package in PACKAGES for f in files_in(REPO / package)
            if f.suffix in {".sql", ".json", ".md", ".toml", ".css", ".html", ".js"}]  # fmt: skip
    assert {".sql", ".json", ".md"} <= {f.suffix for f in data}
    left_out = [
        str(f.relative_to(REPO))
        for f in data
        if any(
            fnmatch.fnmatch(part, pattern)
            for part in f.relative_to(REPO).parts
            for pattern in ignored
        )
    ]
    assert [] == left_out


def test_every_statement_and_schema_can_be_read_from_the_package() -> None:
    """Through importlib.resources, as an installed wheel does."""
    from tracking.statements import statement_names
    from tracking.tables import columns_of, layouts

    on_disk = {
        folder: sorted(f.stem for f in files_in(REPO / "tracking" / folder, "**/*.sql"))
        for folder in ("queries", "transactions", "fragments")
    }

    assert on_disk == {folder: statement_names(folder) for folder in on_disk}
    assert all(columns_of(table) for table in layouts())
