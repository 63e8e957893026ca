"""Mutation test of the configuration: most broken lines are caught without a cloud."""

import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.files import files_in

from .conftest import ALL_OPTIONS
from .invariants import violations
from .terraform import Plan, Terraform

PER_KIND = int(os.environ.get("TROUPE_MUTANTS", "5"))
FLOOR = 0.9
"""Share of the broken lines that must be caught."""
LEFT_OUT = ("versions.tf", "variables.tf", "outputs.tf")
"""Files that do not describe resources."""
PROSE = re.compile(
    r"\s(description|display_name|title|subject|content|mime_type|url|error_message)\b"
)
"""Arguments that only people read."""
_SET = re.compile(r"^(\s+)(\w+)(\s+= )(.+)$")
_OPENS = re.compile(r"^(\s+)(\w+) \{$")
_OWN_KEYS = ("lifecycle", "for_each")
"""Blocks that Terraform itself reads, and maps with keys of our own."""
NOT_CAUGHT = "not caught"
_KEYWORDS = {"for_each", "count", "depends_on", "provider", "content", "lifecycle", "condition"}


@dataclass(frozen=True)
class Mutant:
    """One broken line."""

    kind: str
    file: Path
    line: int
    text: str


def mutants(folder: Path) -> Iterator[Mutant]:
    """Yield every way to break one line of a resource."""
    for file in files_in(folder, "*.tf"):
        if file.name not in LEFT_OUT and not file.name.endswith("_override.tf"):
            yield from _of_file(file)


def _of_file(file: Path) -> Iterator[Mutant]:
    inside: list[str] = []
    for at, line in enumerate(file.read_text(encoding="utf-8").split("\n")):
        code = line.strip()
        if re.match(r"^(resource|data|locals|check)\b.*\{$", code):
            inside = [code.split()[0]]
        elif code.endswith(("{", "[", "(")) and inside:
            inside.append(code)
        elif code.startswith(("}", "]", ")")) and inside:
            inside.pop()
        broken = inside and inside[0] == "resource" and not inside[-1].startswith(_OWN_KEYS)
        if broken and not PROSE.search(f" {code}"):
            yield from (Mutant(kind, file, at, text) for kind, text in _broken(line))


def _broken(line: str) -> Iterator[tuple[str, str]]:
    if (hit := _SET.match(line)) and hit[2] not in _KEYWORDS:
        start, name, is_, value = hit.groups()
        whole = not value.endswith(("{", "[", "("))
        yield "argument renamed", f"{start}{name[:-1]}{is_}{value}"
        if whole:
            yield "argument dropped", ""
        if re.fullmatch(r'"[A-Z][A-Z_0-9]+"', value):
            yield "value unknown", f'{start}{name}{is_}{value[:-1]}_X"'
        elif re.fullmatch(r"\d+|true|false", value):
            other = {"true": "false", "false": "true"}.get(value) or str(int(value) * 7 + 1)
            yield "value changed", f"{start}{name}{is_}{other}"
        wider = re.sub(r'"roles/(\w+)\.\w+"', r'"roles/\1.admin"', line)
        if wider != line:
            yield "role widened", wider
    if (hit := _OPENS.match(line)) and hit[2] not in _KEYWORDS:
        yield "block renamed", f"{hit[1]}{hit[2]}s {{"


@pytest.mark.slow
def test_most_broken_lines_are_caught(
    newest: Terraform, full: Plan, record_property: Callable[[str, object], None]
) -> None:
    """By the schema, by Terraform's own preconditions, or by an invariant of the plan."""
    assert [] == violations(full)
    possible = list(mutants(newest.root))
    rng = random.Random(7)
    chosen = [
        each
        for kind in sorted({each.kind for each in possible})
        for each in _some([m for m in possible if m.kind == kind], rng)
    ]

    by = {each: caught_by(newest, each) for each in chosen}

    missed = [f"{m.kind} {m.file.name}:{m.line + 1}" for m, who in by.items() if who == NOT_CAUGHT]
    share = 1 - len(missed) / len(chosen)
    figure = f"mutants: {len(possible)} possible, {len(chosen)} tried, {share:.0%} caught"
    record_property("figure", f"{figure} ({dict(Counter(by.values()))}); missed: {missed}")
    assert share >= FLOOR, missed


def caught_by(terraform: Terraform, mutant: Mutant) -> str:
    """Return what caught the mutant, or `NOT_CAUGHT`."""
    original = mutant.file.read_text(encoding="utf-8")
    lines = original.split("\n")
    lines[mutant.line] = mutant.text
    mutant.file.write_text("\n".join(lines), encoding="utf-8")
    try:
        return "an invariant" if violations(terraform.plan("dev", *ALL_OPTIONS)) else NOT_CAUGHT
    except AssertionError:
        return "terraform"
    except (ValueError, KeyError, IndexError, TypeError):
        return "an invariant"
    finally:
        mutant.file.write_text(original, encoding="utf-8")


def _some(kind: list[Mutant], rng: random.Random) -> list[Mutant]:
    return rng.sample(kind, min(len(kind), PER_KIND))
