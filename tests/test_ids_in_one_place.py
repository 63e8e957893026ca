"""Ids are built and taken apart in events/ids.py, and in no other file of the product."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.files import files_in

REPO = Path(__file__).parents[1]
PACKAGES = ("events", "analysis", "tracking", "handlers", "troupe", "scripts", "benchmarks")
IDS = REPO / "events" / "ids.py"

ALLOWED = {
    ("scripts/image.py", "**/__init__.py"): "a file name of Python; no part of an id",
    ("tracking/transactions/plan_run.sql", "'__'"): "unplannable_error; compared in SQL tests",
    ("tracking/transactions/close_attempt.sql", "'__'"): "record_error; compared in SQL tests",
    ("tracking/transactions/release_attempts.sql", "'__'"): "record_error; compared in SQL tests",
    ("tracking/transactions/release_attempts.sql", "'____'"): "record_error; compared in SQL tests",
    (
        "tracking/fragments/privacy/delete_cleared.sql",
        "'__'",
    ): "cleared_error; compared in SQL tests",
    (
        "tracking/transactions/forget_person.sql",
        "'__'",
    ): "forgotten_clearing; compared in SQL tests",
    (
        "tracking/fragments/plan/batch_cut.sql",
        "SUBSTR(record_id",
    ): "the first digits of a hash spread records over buckets; no part of the id is read",
    (
        "tracking/queries/runs/runs.sql",
        "STRPOS(r.run_id",
    ): "people search by a part of the name that they gave a run; no part of the id is read",
    (
        "troupe/backends/local/warehouse.py",
        "starts_with(job_id",
    ): "narrows the rows; events.ids.number_of_try decides which are tries of the job",
    (
        "troupe/simulation/warehouse.py",
        "starts_with(job_id",
    ): "a fault of the simulation: marks every try of a job as failed",
}
"""What may stay, by file and text, with the reason. `tests/tracking/test_ids_in_sql.py` compares
the ids that SQL composes with those of events/ids.py."""

_DUNDER = re.compile(r"__\w+__")
_TAKEN_APART = re.compile(
    r"\b(?:SPLIT|SPLIT_PART|STRING_SPLIT|SUBSTR|SUBSTRING|LEFT|RIGHT|INSTR|STRPOS|REGEXP_\w+"
    r"|STARTS_WITH|ENDS_WITH|REPLACE|TRIM)\s*\(\s*(?:\w+\.)?\w*_id\b"
    r"|\b\w*_id\s+LIKE\b",
    re.IGNORECASE,
)
_SEPARATOR_IN_SQL = re.compile(r"'__[^']*'|'[^']*__'")


def in_python(source: str) -> Iterator[str]:
    """Every text outside docstrings that holds the separator, or takes an id apart in SQL."""
    tree = ast.parse(source)
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if id(node) in docstrings:
            continue
        text = node.value
        if "__" in text and not _DUNDER.fullmatch(text):
            yield text
        yield from (match[0] for match in _TAKEN_APART.finditer(text))


def in_sql(source: str) -> Iterator[str]:
    """Every literal with the separator, and every function that takes an id column apart."""
    code = "\n".join(line for line in source.splitlines() if not line.startswith("--"))
    yield from (match[0] for match in _SEPARATOR_IN_SQL.finditer(code))
    yield from (match[0] for match in _TAKEN_APART.finditer(code))


def files(suffix: str) -> list[Path]:
    found = [file for package in PACKAGES for file in files_in(REPO / package)]
    return sorted(file for file in found if file.suffix == suffix and file != IDS)


@cache
def findings() -> list[tuple[str, str]]:
    """File and text of every place that builds an id or takes one apart."""
    finders = ((".py", in_python), (".sql", in_sql))
    return [
        (file.relative_to(REPO).as_posix(), text)
        for suffix, find in finders
        for file in files(suffix)
        for text in find(file.read_text(encoding="utf-8"))
    ]


def test_no_other_file_builds_an_id_or_takes_one_apart() -> None:
    """Add a function to events/ids.py instead, or a column to the table."""
    assert [] == [each for each in findings() if each not in ALLOWED]


def test_every_allowed_place_still_exists() -> None:
    """An entry without its text is removed from the list."""
    assert set() == ALLOWED.keys() - set(findings())


def test_the_search_reads_the_whole_product() -> None:
    """It fails when it looked at nothing."""
    assert len(files(".py")) > 200
    assert len(files(".sql")) > 50
    assert {"__"} == set(in_python(IDS.read_text(encoding="utf-8"))) & {"__"}


@pytest.mark.parametrize(
    "source",
    [
        'label.split("__")',
        'label.partition("__")[2]',
        'label.rsplit("__", 1)',
        '"__".join(parts)',
        'f"{run_id}__{batch}"',
        'f"stuck_event__{event_id}"',
        'name.endswith(f"__{run_id}")',
        r're.match(r"output/(\w+)__(\d+)", name)',
        "db.execute(\"SELECT concat_ws('__', run_id, batch) FROM claims\")",
        'db.execute("SELECT split_part(event_id, chr(95), 2) FROM events")',
    ],
)
def test_python_that_handles_an_id_is_found(source: str) -> None:
    """Each of these stood in the product once, or could."""
    assert list(in_python(source))


@pytest.mark.parametrize(
    "source",
    [
        "SELECT SPLIT(e.error_id, '-')[OFFSET(1)] FROM e",
        "SELECT SUBSTR(error_id, LENGTH('stuck_event__') + 1) FROM e",
        "SELECT REGEXP_EXTRACT(event_id, r'[0-9]+') FROM e",
        "SELECT 1 FROM e WHERE event_id LIKE 'd1%'",
        "SELECT CONCAT(event_id, '__', handler) FROM e",
    ],
)
def test_sql_that_handles_an_id_is_found(source: str) -> None:
    """Each of these stood in the product once, or could."""
    assert list(in_sql(source))


@pytest.mark.parametrize("source", ['getattr(thing, "__module__")', '"""a__b"""', "__name__"])
def test_names_of_python_itself_are_no_ids(source: str) -> None:
    """Attributes with two underscores, and docstrings."""
    assert [] == list(in_python(source))
