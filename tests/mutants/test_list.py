"""The list of mutants fits the code as it is: it cannot rot unnoticed."""

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.files import files_in
from tests.mutants.listed import MUTANTS
from tests.mutants.mutant import REPO, MisplacedMutant, Mutant


def name_of(mutant: Mutant) -> str:
    return mutant.name


@pytest.mark.parametrize("mutant", MUTANTS, ids=name_of)
def test_a_mutant_fits_the_code(mutant: Mutant) -> None:
    """Its old text occurs once, the changed file is Python or SQL, and its tests exist."""
    file = mutant.file()
    assert mutant.old != mutant.new
    if file.suffix == ".py":
        compile(mutant.text(file), str(file), "exec")
    assert mutant.tests or mutant.equivalent
    for test in mutant.tests:
        path, _, name = test.partition("::")
        assert (REPO / path).is_file(), f"{path} does not exist"
        assert not name or is_test(name, REPO / path), f"{path} has no {name}"


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
    inherited = files_in(REPO / "tests" / "contracts", "*_suite.py")
    known = set().union(*map(names_in, [file, *inherited]))
    return first in names_in(file) and known.issuperset(methods)


@cache
def names_in(file: Path) -> set[str]:
    """Names of all functions and classes of a file."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}
