"""An analysis: a versioned folder that says what is asked and where the answer goes.

    analysis/call_review_v1/
        system.md      the instruction
        user.md        the turn with the transcript, fenced by {{record}}, at {{transcript}}
        schema.json    the answer, as the service and the reader take it
        analysis.json  settings, and the path of the answer behind each column

A change of any of them that changes answers is a new version, in a folder of its own.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from analysis.column_checks import column_problems, shape_problems, table_problems
from analysis.contract import Contract
from analysis.errors import AnalysisError
from analysis.schema import Mismatch, Node, SchemaError, check, leaves, read_schema
from analysis.template import Fence, Template

SETTINGS_FILE = "analysis.json"
SCHEMA_FILE = "schema.json"
FILES = (SETTINGS_FILE, SCHEMA_FILE, "system.md", "user.md")
_NAME = re.compile(r"[a-z][a-z0-9_]*_v[0-9]+")
_TYPES = {"string": "STRING", "integer": "INT64", "number": "FLOAT64", "boolean": "BOOL"}


class Column(NamedTuple):
    """One column of the answer's part of the output table."""

    name: str
    type: str
    mode: str


class _Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The content of analysis.json."""

    name: str
    table: str
    summary: str
    columns: dict[str, str]
    model: str = "gemini-3.5-flash-lite"
    thinking_level: str = "MINIMAL"
    max_output_tokens: int = 2048
    output_cap: int = 8192
    max_transcript_bytes: int = 3_000_000
    equivalents: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True)
class Analysis:
    """What is asked, of which model, and how the answer is read."""

    name: str
    table: str
    model: str
    thinking_level: str
    max_output_tokens: int
    output_cap: int
    """No attempt asks for more output than this."""
    max_transcript_bytes: int
    system: str
    user: str
    schema: Mapping[str, Any]
    """As it goes to the model."""
    columns: Mapping[str, str]
    """Column to path of the answer, in the order of the table."""
    contract: Contract

    @cached_property
    def template(self) -> Template:
        """The request line with its variable places cut out."""
        return Template.of(
            system=self.system,
            user=self.user,
            schema=self.schema,
            thinking_level=self.thinking_level,
        )

    @property
    def fence(self) -> Fence:
        """Finds the transcript in an echoed request."""
        return self.template.fence

    @property
    def line_overhead_bytes(self) -> int:
        """Bytes of a request line with an empty transcript, newline included."""
        return self.template.overhead(self.output_cap)

    @property
    def raised_output_tokens(self) -> int:
        """What to ask for after an answer was cut: doubled once, never above the cap."""
        return min(2 * self.max_output_tokens, self.output_cap)

    @cached_property
    def output_columns(self) -> list[Column]:
        """The answer's columns with BigQuery's types, in the order of the table."""
        by_path = {leaf.path: leaf for leaf in leaves(self.contract.root)}
        return [_column(name, by_path[path]) for name, path in self.columns.items()]

    def record_fields(self, column: str) -> list[Column]:
        """The fields of a RECORD column; empty for every other."""
        by_path = {leaf.path: leaf for leaf in leaves(self.contract.root)}
        items = by_path[self.columns[column]].items
        properties = items.properties if items else None
        return [_column(name, node) for name, node in (properties or {}).items()]


def _column(name: str, node: Node) -> Column:
    if node.kind != "array" or node.items is None:
        return Column(name, _TYPES[node.kind], "NULLABLE")
    return Column(name, _TYPES.get(node.items.kind, "RECORD"), "REPEATED")


def analyses() -> list[str]:
    """The names of the analyses that are shipped."""
    shipped = files("analysis").iterdir()
    return sorted(f.name for f in shipped if _NAME.fullmatch(f.name) and f.is_dir())


def load_analysis(name: str, folder: Path | None = None) -> Analysis:
    """The analysis of this name, shipped or from a folder given. Raises `AnalysisError`."""
    if not _NAME.fullmatch(name):
        raise AnalysisError(f"{name!r} is no analysis: names look like call_review_v1")
    if folder is None and name not in analyses():
        raise AnalysisError(f"there is no analysis {name}: choose from {', '.join(analyses())}")
    source: Traversable = folder if folder is not None else files("analysis") / name
    settings = _settings(source, name)
    for wrong in _setting_problems(settings, name):
        raise AnalysisError(f"{name}/{SETTINGS_FILE}: {wrong}")
    schema, root = _schema(source, settings)
    for wrong in shape_problems(root):
        raise AnalysisError(f"{name}/{SCHEMA_FILE}: {wrong}")
    for wrong in _mapping_problems(settings, root):
        raise AnalysisError(f"{name}/{SETTINGS_FILE}: {wrong}")
    analysis = Analysis(
        name=settings.name,
        table=settings.table,
        model=settings.model,
        thinking_level=settings.thinking_level,
        max_output_tokens=settings.max_output_tokens,
        output_cap=settings.output_cap,
        max_transcript_bytes=settings.max_transcript_bytes,
        system=_text(source, "system.md").strip(),
        user=_text(source, "user.md").removesuffix("\n"),
        schema=schema,
        columns=settings.columns,
        contract=Contract.of(root, settings.columns, settings.summary),
    )
    try:
        _ = analysis.template
    except ValueError as problem:
        raise AnalysisError(f"{name}/{problem}") from problem
    return analysis


def problems_of(folder: Path) -> list[str]:
    """Everything that is wrong with the files of an analysis, as far as they can be read."""
    name, found = folder.name, list[str]()
    missing = [file for file in FILES if not folder.joinpath(file).is_file()]
    if len(missing) == len(FILES):
        what = "holds none of its files" if folder.is_dir() else "is not there"
        return [f"{name} is no analysis: the folder {what} ({', '.join(FILES)})"]
    if missing:
        return [f"{name}/{file} is missing: add it" for file in missing]
    try:
        settings = _settings(folder, name)
        found += [f"{name}/{SETTINGS_FILE}: {wrong}" for wrong in _setting_problems(settings, name)]
        _, root = _schema(folder, settings)
        found += [f"{name}/{SCHEMA_FILE}: {wrong}" for wrong in shape_problems(root)]
        found += [f"{name}/{SETTINGS_FILE}: {wrong}" for wrong in _mapping_problems(settings, root)]
        if not found:
            load_analysis(name, folder)
    except AnalysisError as problem:
        found.append(str(problem))
    return found


def _schema(source: Traversable, settings: _Settings) -> tuple[dict[str, Any], Node]:
    try:
        schema = json.loads(_text(source, SCHEMA_FILE))
        return schema, read_schema(schema, _by_path(settings))
    except (ValueError, SchemaError, re.error) as problem:
        raise AnalysisError(f"{source.name}/{SCHEMA_FILE}: {problem}; correct it") from problem


def _text(source: Traversable, file: str) -> str:
    try:
        return source.joinpath(file).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as problem:
        what = (
            "is missing: add it"
            if isinstance(problem, FileNotFoundError)
            else ("cannot be read: save it as UTF-8")
        )
        raise AnalysisError(f"{source.name}/{file} {what}") from problem


def _settings(source: Traversable, name: str) -> _Settings:
    try:
        return msgspec.json.decode(_text(source, SETTINGS_FILE), type=_Settings)
    except msgspec.DecodeError as problem:
        raise AnalysisError(f"{name}/{SETTINGS_FILE}: {problem}; correct the field") from problem


def _setting_problems(settings: _Settings, name: str) -> Iterator[str]:
    if settings.name != name:
        yield f"name is {settings.name!r}; it must be the folder's, {name!r}"
    if not 1 <= settings.max_output_tokens <= settings.output_cap:
        yield "max_output_tokens must be at least 1 and at most output_cap"
    if not 1 <= settings.max_transcript_bytes <= 20_000_000:
        yield "max_transcript_bytes must lie between 1 and 20,000,000"
    if settings.summary not in settings.columns:
        yield f"summary names the column {settings.summary!r}; add it to columns"
    yield from table_problems(settings.table)
    for column in settings.columns:
        yield from column_problems(column)
    for column in settings.equivalents.keys() - settings.columns.keys():
        yield f"equivalents name the column {column!r}; add it to columns"


def _by_path(settings: _Settings) -> dict[str, dict[str, Any]]:
    told = settings.equivalents.items()
    return {settings.columns[column]: table for column, table in told if column in settings.columns}


def _mapping_problems(settings: _Settings, root: Node) -> Iterator[str]:
    by_path = {leaf.path: leaf for leaf in leaves(root)}
    mapped = [*settings.columns.values()]
    for path in mapped:
        if path not in by_path:
            yield f"columns name the path {path!r}, which schema.json does not have; correct it"
    for path in sorted(by_path.keys() - mapped):
        yield f"no column for {path!r}: nothing that is paid for may be dropped; add one"
    if len(set(mapped)) < len(mapped):
        yield "two columns have one path; remove one"
    summary = by_path.get(settings.columns.get(settings.summary, ""))
    if summary and summary.kind != "string":
        yield f"the summary column {settings.summary!r} must be a STRING"
    for path, table in _by_path(settings).items():
        for text, value in table.items():
            if path in by_path:
                yield from _equivalent_problems(by_path[path], text, value)


def _equivalent_problems(leaf: Node, text: str, value: object) -> Iterator[str]:
    plain = replace(leaf, equivalents=None)
    if _fits(plain, text):
        yield f"equivalents of {leaf.path}: {text!r} is valid as it is; remove it"
    if not _fits(plain, value):
        yield f"equivalents of {leaf.path}: {text!r} becomes a value that is not valid"


def _fits(leaf: Node, value: object) -> bool:
    try:
        check(leaf, value)
    except Mismatch:
        return False
    return True
