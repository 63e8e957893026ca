"""The published table of silently wrong rows, with few answers."""

import re
from collections import Counter
from functools import cache

import pytest

from benchmarks.damaged_answers import KINDS
from benchmarks.wrong_rows import NUMBER, PAGE, page, wrong_rows


@cache
def table() -> dict[str, dict[str, Counter[str]]]:
    return wrong_rows(12)


@pytest.mark.parametrize("kind", KINDS)
def test_our_reader_stores_no_wrong_row(kind: str) -> None:
    """Every answer is read as the model gave it, or refused."""
    ours = table()[kind]["ours"]

    assert (0, 12) == (ours["wrong"], ours["equal"] + ours["refused"])


@pytest.mark.parametrize(
    "kind", ["code fence", "trailing comma", "comma missing", "prose around", "raw newlines"]
)
def test_harmless_damage_costs_no_row(kind: str) -> None:
    """All such answers are read."""
    assert 12 == table()[kind]["ours"]["equal"]


def test_the_other_readers_store_truncated_texts() -> None:
    """A repair of a truncated answer stores half sentences."""
    cut = table()["cut, finish reason STOP"]

    assert cut["json-repair + schema"]["wrong"] > 6
    assert cut["the requirements' algorithm"]["wrong"] > 6


def test_the_published_table_is_of_this_script() -> None:
    """Same kinds and readers, and zero wrong rows in our column."""
    published = PAGE.read_text(encoding="utf-8")

    assert page(table(), NUMBER).splitlines()[:9] == published.splitlines()[:9]
    for kind in KINDS:
        (row,) = re.findall(rf"^\| {re.escape(kind)} \|([^|]*)\|", published, re.MULTILINE)
        assert "+ **0**" in row
