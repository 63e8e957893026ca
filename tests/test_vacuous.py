"""The tests themselves: each can fail."""

import ast

import pytest

from tests.files import files_in, without_collection
from tests.imports import REPO
from tests.vacuous import Finding, asserting_functions, findings

TESTS = REPO / "tests"


def reasons(source: str, *helpers: str) -> list[str]:
    """Return what is found in this source."""
    found = findings("test_x.py", ast.parse(source), frozenset(helpers))
    return [each.reason for each in found]


def test_every_test_of_the_project_can_fail() -> None:
    """Assert something outside of the loop, or compare with what is expected."""
    found: list[Finding] = []
    with without_collection():
        trees = {
            str(file.relative_to(REPO)): ast.parse(file.read_text(encoding="utf-8"))
            for file in files_in(TESTS, "**/*.py")
        }
        helpers = asserting_functions(trees.values())
        for file, tree in trees.items():
            found += findings(file, tree, helpers)

    assert [] == [str(each) for each in found]


@pytest.mark.parametrize(
    "line",
    [
        "assert True",
        "assert (1, 2)",
        "assert (rows, 'is not empty')",
        "assert rows",
        "assert TABLE",
        "assert len(rows) == len(rows)",
        "assert result.code == result.code",
        "assert len(found) >= 0",
        "assert found or 'nothing'",
        "assert f'{found} rows'",
    ],
)
def test_an_assertion_that_always_holds_is_found(line: str) -> None:
    """Also when its value was written down above it."""
    source = f"TABLE = {{1: 2}}\ndef test_x(found, result):\n    rows = [1, 2]\n    {line}"

    (reason,) = reasons(source)
    assert reason.endswith("cannot fail")


@pytest.mark.parametrize(
    "body",
    [
        "rows = read()\n    assert rows",
        "rows = []\n    assert rows",
        "rows = [1]\n    rows.pop()\n    assert rows",
        "rows = [1]\n    rows = read()\n    assert rows",
        "assert read() == read()",
        "assert len(read()) >= 1",
        "assert [] == [row for row in read() if row]",
    ],
)
def test_an_assertion_that_may_fail_is_not_reported(body: str) -> None:
    """What a call returns is not known."""
    assert [] == reasons(f"def test_x():\n    {body}")


@pytest.mark.parametrize(
    "body",
    [
        "for row in read():\n        assert row",
        "rows = read()\n    for row in rows:\n        assert row",
        "while rows():\n        assert 1 == read()",
        "for row in read():\n        with pytest.raises(ValueError):\n            parse(row)",
        "for row in read():\n        check(row)",
        "for row in [*read()]:\n        assert row",
        "for one, two in zip((1, 2), read()):\n        assert one == two",
        "assert all(row.ok for row in read())",
        "def ok():\n        assert 1 == read()\n    for row in read():\n        assert ok",
    ],
)
def test_assertions_in_a_loop_that_may_be_empty_are_found(body: str) -> None:
    """Of any kind: `assert`, `pytest.raises`, helpers that assert, `all`."""
    assert ["test_x asserts only in loops that may be empty"] == reasons(
        f"def test_x():\n    {body}", "check"
    )


@pytest.mark.parametrize(
    "body",
    [
        "for row in (1, 2):\n        assert parse(row)",
        "for row in range(3):\n        assert parse(row)",
        "for row in TABLE.values():\n        assert parse(row)",
        "for at, row in enumerate(TABLE):\n        assert parse(row) == at",
        "for end in range(COUNT):\n        assert parse(end)",
        "for letter in 'abc':\n        assert parse(letter)",
        "rows = read()\n    assert rows\n    for row in rows:\n        assert row",
        "check(1)\n    for row in read():\n        assert row",
        "for row in read():\n        load(row)\n    assert 3 == count()",
        "assert all(parse(row) for row in (1, 2))",
        "while True:\n        assert parse(1)\n        break",
    ],
)
def test_a_loop_that_runs_is_not_reported(body: str) -> None:
    """Over constants, or beside an assertion outside."""
    assert [] == reasons(f"TABLE = {{1: 2}}\nCOUNT = 3\ndef test_x():\n    {body}", "check")


@pytest.mark.parametrize(
    "source",
    [
        "FILES = sorted(FOLDER.glob('*.py'))",
        "def read(): return [file for file in FOLDER.rglob('*')]",
        "def test_x():\n    for file in FOLDER.iterdir():\n        load(file)\n    assert 1 == count()",
    ],
)
def test_a_search_that_may_find_no_file_is_found(source: str) -> None:
    """A renamed folder would leave nothing to look at."""
    (reason,) = reasons(source)
    assert reason.endswith("may find nothing: use tests.files.files_in")


@pytest.mark.parametrize(
    "body", ["assert [] == list(folder.iterdir())", "(only,) = folder.glob('*.json')"]
)
def test_a_search_whose_result_is_checked_is_not_reported(body: str) -> None:
    """Nothing, or exactly one, is what these expect."""
    assert [] == reasons(f"def test_x(folder):\n    {body}")


def test_a_helper_asserts_when_it_does_so_at_each_call() -> None:
    """A function that asserts in a loop over what it is given may assert nothing."""
    source = (
        "def check(x):\n    assert x\n"
        "def check_each(rows):\n    for row in rows:\n        assert row\n"
        "def load(x):\n    return x\n"
        "def test_x():\n    assert 1 == load(2)\n"
    )

    assert {"check"} == asserting_functions([ast.parse(source)])
