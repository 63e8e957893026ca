"""The list of mutants fits the code as it is: it cannot rot unnoticed."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.files import files_in
from tests.mutants.listed import MUTANTS
from tests.mutants.mutant import REPO, MisplacedMutant, Mutant


def name_of(mutant: Mutant) -> str:
    return mutant.name


def test_each_mutant_fits_the_code() -> None:
    """Its old text occurs once, the changed file is Python or SQL, and its tests exist."""
    problems = {mutant.name: list(problems_of(mutant)) for mutant in MUTANTS}

    assert len(problems) > 700
    assert {} == {name: found for name, found in problems.items() if found}


def problems_of(mutant: Mutant) -> Iterator[str]:
    try:
        file = mutant.file()
        if file.suffix == ".py":
            compile(mutant.text(file), str(file), "exec")
    except (MisplacedMutant, SyntaxError) as problem:
        yield str(problem)
    if mutant.old == mutant.new:
        yield "it changes nothing"
    if not (mutant.tests or mutant.equivalent):
        yield "no test is to notice it"
    for test in mutant.tests:
        path, _, name = test.partition("::")
        if not (REPO / path).is_file():
            yield f"{path} does not exist"
        elif name and not is_test(name, REPO / path):
            yield f"{path} has no {name}"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"old": "return no such id"}, "no file"),
        ({"new": 'return f"run-{short_hash(request_id)}"'}, "it changes nothing"),
        ({"new": "return ("}, "was never closed"),
        ({"tests": ()}, "no test is to notice it"),
        ({"tests": ("tests/none.py",)}, "tests/none.py does not exist"),
        ({"tests": ("tests/test_vacuous.py::test_none",)}, "has no test_none"),
    ],
)
def test_a_mutant_that_does_not_fit_is_named(changes: dict[str, Any], problem: str) -> None:
    fitting = Mutant(
        name="x", where="events/ids.py", old='return f"run-{short_hash(request_id)}"',
        new="return request_id", tests=("tests/test_vacuous.py",),
    )  # fmt: skip

    assert [] == list(problems_of(fitting))
    assert any(problem in each for each in problems_of(replace(fitting, **changes)))


def test_every_mutant_has_a_name_of_its_own() -> None:
    """`--only` takes a name."""
    assert [] == [name for name, times in Counter(map(name_of, MUTANTS)).items() if times > 1]


def test_a_text_that_occurs_twice_or_never_is_refused() -> None:
    """The message names the mutant and the files."""
    twice = Mutant(name="twice", where="events/ids.py", old="return join(", new="return str(")
    with pytest.raises(MisplacedMutant, match=r"twice: .* events/ids.py \("):
        twice.file()
    gone = Mutant(name="gone", where="events", old="no such text anywhere", new="")
    with pytest.raises(MisplacedMutant, match=r"gone: .* no file"):
        gone.file()


def is_test(name: str, file: Path) -> bool:
    """Whether a file has a test of this name; a class may inherit it from a suite of contracts."""
    first, *methods = name.split("[")[0].split("::")
    return first in names_in(file) and (names_in(file) | inherited()).issuperset(methods)


@cache
def inherited() -> set[str]:
    return set().union(*map(names_in, files_in(REPO / "tests" / "contracts", "*_suite.py")))


@cache
def names_in(file: Path) -> set[str]:
    """Names of all functions and classes of a file."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}
