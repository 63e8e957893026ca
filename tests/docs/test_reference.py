"""The reference pages agree with the code."""

import ast
import json
import re
from pathlib import Path

import pytest

from handlers.dispatch.message import Outcome
from scripts import reference
from scripts.reference.json_output import OF_COMMANDS
from tests.files import files_in
from tracking.tables import columns_of, layouts
from troupe.backends.local.operations import OPERATIONS
from troupe.telemetry import otel, traced
from troupe.telemetry.traced import REPEATED

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
VARIABLE = re.compile(r"(?:TROUPE|OTEL)_[A-Z_]*[A-Z]|[A-Z]+_EMULATOR_HOST|PORT")
"""A string literal that is the name of an environment variable."""


def page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["tables", "commands"])
def test_a_generated_page_is_the_one_of_the_code(name: str) -> None:
    """Renew it with `python -m scripts.reference`."""
    made = {"tables": reference.tables_page, "commands": reference.commands_page}[name]()

    assert made == page(name)


@pytest.mark.parametrize("name", ["settings", "events"])
def test_the_tables_of_a_written_page_are_those_of_the_code(name: str) -> None:
    """Renew them with `python -m scripts.reference`."""
    made = {"settings": reference.settings_page, "events": reference.events_page}[name]

    assert made(page(name)) == page(name)
    assert page(name).count("\n| `") > 10


def test_the_names_of_columns_in_the_guide_to_files_are_those_of_the_code() -> None:
    """Renew them with `python -m scripts.reference`."""
    text = (ROOT / "docs" / "how-to" / "bring-your-files.md").read_text(encoding="utf-8")

    assert reference.files_page(text) == text
    assert "`callid`" in text


def test_the_schema_of_the_json_output_is_the_one_of_the_code() -> None:
    """Renew it with `python -m scripts.reference`; every operation has a result type in it, and `redact`."""
    made = reference.json_output()

    assert made == (REFERENCE / "json-output.json").read_text(encoding="utf-8")
    known = OPERATIONS.keys() | OF_COMMANDS.keys()
    assert known == json.loads(made)["properties"].keys()


def test_every_decision_is_listed() -> None:
    """Renew the list with `python -m scripts.reference`."""
    listed = (ROOT / "docs" / "decisions" / "index.md").read_text(encoding="utf-8")

    assert reference.decisions_page() == listed


def test_every_table_has_a_description() -> None:
    """And no description is of an unknown table."""
    assert layouts().keys() == reference.HOLDS.keys()


def test_every_column_has_a_sentence_as_its_description() -> None:
    """At least two words and a full stop."""
    without = [
        f"{table}.{path}"
        for table in layouts()
        for path, column in reference.flat(columns_of(table))
        if len(column.description.split()) < 2 or not column.description.endswith(".")
    ]

    assert [] == without


def variables_of_the_code() -> set[str]:
    files = files_in(ROOT / "troupe", "**/*.py")
    texts = (
        node.value
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return {text for text in texts if VARIABLE.fullmatch(text)}


def test_every_environment_variable_is_documented_and_no_other() -> None:
    """In one of the tables of docs/reference/settings.md."""
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", page("settings"), re.M))

    assert variables_of_the_code() | {"TROUPE_SOURCE_TABLE"} == documented


def test_the_names_of_spans_and_metrics_are_those_of_the_code() -> None:
    """Dashboards are built on them."""
    text = page("telemetry")
    sources = (Path(str(m.__file__)).read_text(encoding="utf-8") for m in (otel, traced))
    names = set(re.findall(r'"((?:troupe|messaging)\.[\w.]+)"', "\n".join(sources)))
    outcomes = {each.value for each in Outcome} | {REPEATED}

    assert len(names) > 10
    assert [] == [name for name in names if f"`{name}`" not in text]
    assert [] == [outcome for outcome in outcomes if f"`{outcome}`" not in text]
    assert "`vertex-job`" in text
