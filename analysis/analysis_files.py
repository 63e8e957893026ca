"""Load an analysis from the texts of its files, and report what is wrong with them.

    system.md      the system instruction
    user.md        the user's turn: {{transcript}} between two tags with {{record}}
    schema.json    the answer's schema, as Vertex AI takes it
    analysis.json  model settings, output table, and the answer's path for each column
    redact.json    optional: what is replaced in a transcript before it is frozen and sent

The texts are the whole definition: nothing else is read. Only the shipped analyses are read from
files, those of this package. A change that changes answers is a new version, under a name of its
own.
"""

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files as package_files
from typing import Any, Literal

import msgspec

from analysis.attributes import AttributeType, attribute_problems
from analysis.column_checks import column_problems, shape_problems, table_problems
from analysis.definition import Analysis
from analysis.errors import AnalysisError
from analysis.reading.answer_parsing import Contract
from analysis.redaction import (
    InvalidRedaction,
    Redaction,
    encode_redaction,
    read_redaction,
    stored_redaction,
)
from analysis.schema import Node, SchemaError, is_valid, leaves, read_schema
from analysis.strict_json import NotStrict, check_unique

SETTINGS_FILE = "analysis.json"
SCHEMA_FILE = "schema.json"
SYSTEM_FILE = "system.md"
USER_FILE = "user.md"
REDACT_FILE = "redact.json"
ANALYSIS_FILES = (SETTINGS_FILE, SCHEMA_FILE, SYSTEM_FILE, USER_FILE)
"""The files that every analysis has."""
ALL_FILES = (*ANALYSIS_FILES, REDACT_FILE)
REQUEST_FILE = "request.json"
"""The request line with its placeholders, which a plan stores beside the files."""

Files = Mapping[str, str]
"""File name to text, for each of `ANALYSIS_FILES`; `REDACT_FILE` may be missing."""

_CORRECT = "correct the file"
_NEWER = "use the version of Troupe that planned the run, or a newer one"

_NAME = re.compile(r"[a-z][a-z0-9_]*_v[0-9]+")


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
    attributes: dict[str, AttributeType] = {}
    equivalents: dict[str, dict[str, Any]] = {}
    shown: list[str] = []
    min_complete: float = 0.5
    grades: Literal["all", "exact_only"] = "all"
    notice_share: float = 0.05


def shipped_analyses() -> list[str]:
    """Return the names of the analyses in this package, sorted."""
    shipped = package_files("analysis").iterdir()
    return sorted(f.name for f in shipped if _NAME.fullmatch(f.name) and f.is_dir())


def load_analysis(name: str, files: Files | None = None) -> Analysis:
    """Load the analysis that these files define; without files, the shipped one of this name.

    Raises `AnalysisError` for the first problem, as `{name}/{file}: ...`.
    """
    if not _NAME.fullmatch(name):
        raise AnalysisError(
            f"{name!r} is not the name of an analysis: use a name with a version, "
            "e.g. call_review_v1"
        )
    if files is None:
        files = _shipped_files(name)
    settings = _settings(name, files)
    for problem in _setting_problems(settings, name):
        raise AnalysisError(f"{name}/{SETTINGS_FILE}: {problem}")
    _, root = _schema(name, files, settings)
    for problem in shape_problems(root):
        raise AnalysisError(f"{name}/{SCHEMA_FILE}: {problem}")
    for problem in _mapping_problems(settings, root):
        raise AnalysisError(f"{name}/{SETTINGS_FILE}: {problem}")
    for problem in _redaction_problems(name, files):
        raise AnalysisError(problem)
    return _made(name, files)


def encode_analysis(analysis: Analysis) -> str:
    """Write an analysis as one JSON object of its texts, from which `decode_analysis` makes it.

    The request line is one of them, so that another version of Troupe, which may build the line
    otherwise, sends the same bytes.
    """
    texts = {**analysis.files, REQUEST_FILE: analysis.request_line}
    return msgspec.json.encode(texts, order="deterministic").decode()


def decode_analysis(name: str, text: str) -> Analysis:
    """Make the analysis that was encoded.

    Its definition was checked when it was encoded. A check that is stricter by now must not end a
    run in flight, so only what this version does not know is refused: `AnalysisError` names it.
    """
    try:
        files = msgspec.json.decode(text, type=dict[str, str])
    except msgspec.DecodeError as error:
        raise AnalysisError(f"{name}: {error}; {_NEWER}") from error
    for file in sorted(files.keys() - {*ALL_FILES, REQUEST_FILE}):
        raise AnalysisError(f"{name}/{file} is unknown to this version of Troupe; {_NEWER}")
    return _made(name, files, _NEWER, _text(name, files, REQUEST_FILE))


def _made(name: str, files: Files, remedy: str = _CORRECT, line: str | None = None) -> Analysis:
    settings = _settings(name, files, remedy)
    schema, root = _schema(name, files, settings, remedy)
    redaction = _redaction(name, files, is_stored=line is not None)
    frozen = {**files, SETTINGS_FILE: msgspec.json.encode(settings).decode()}
    if REDACT_FILE in files:
        frozen[REDACT_FILE] = encode_redaction(redaction)
    analysis = Analysis(
        name=settings.name,
        table=settings.table,
        model=settings.model,
        thinking_level=settings.thinking_level,
        max_output_tokens=settings.max_output_tokens,
        output_cap=settings.output_cap,
        max_transcript_bytes=settings.max_transcript_bytes,
        system=_text(name, files, SYSTEM_FILE).strip(),
        user=_text(name, files, USER_FILE).removesuffix("\n"),
        schema=schema,
        columns=settings.columns,
        attributes=settings.attributes,
        contract=Contract.of(
            root,
            settings.columns,
            settings.summary,
            min_complete=settings.min_complete,
            exact_only=settings.grades == "exact_only",
        ),
        notice_share=settings.notice_share,
        shown=tuple(settings.shown),
        equivalents=settings.equivalents,
        redaction=redaction,
        files=frozen,
        stored_line=line,
    )
    try:
        _ = analysis.template
    except ValueError as error:
        raise AnalysisError(f"{name}/{error}") from error
    return analysis


def problems_of(name: str, files: Files) -> list[str]:
    """Return every problem of an analysis, as far as its files can be read; empty if valid."""
    missing = [file for file in ANALYSIS_FILES if file not in files]
    if len(missing) == len(ANALYSIS_FILES):
        return [f"{name} is not an analysis: it has none of the files {', '.join(ANALYSIS_FILES)}"]
    if missing:
        return [f"{name}/{file} is missing: add it" for file in missing]
    problems = _redaction_problems(name, files)
    try:
        settings = _settings(name, files)
        problems += [
            f"{name}/{SETTINGS_FILE}: {each}" for each in _setting_problems(settings, name)
        ]
        _, root = _schema(name, files, settings)
        problems += [f"{name}/{SCHEMA_FILE}: {each}" for each in shape_problems(root)]
        problems += [
            f"{name}/{SETTINGS_FILE}: {each}" for each in _mapping_problems(settings, root)
        ]
        if not problems:
            load_analysis(name, files)
    except AnalysisError as error:
        problems.append(str(error))
    return problems


def _shipped_files(name: str) -> Files:
    if name not in shipped_analyses():
        raise AnalysisError(f"unknown analysis {name}: use one of {', '.join(shipped_analyses())}")
    folder = package_files("analysis") / name
    return {file: (folder / file).read_text(encoding="utf-8") for file in ANALYSIS_FILES}


def _redaction(name: str, files: Files, *, is_stored: bool) -> Redaction:
    text = files.get(REDACT_FILE)
    if text is None:
        return Redaction()
    try:
        return stored_redaction(text) if is_stored else read_redaction(text)
    except (InvalidRedaction, KeyError) as error:
        raise AnalysisError(f"{name}/{REDACT_FILE}: {error}; {_NEWER}") from error


def _redaction_problems(name: str, files: Files) -> list[str]:
    try:
        read_redaction(files.get(REDACT_FILE, "{}"))
    except InvalidRedaction as error:
        return [f"{name}/{REDACT_FILE}: {problem}" for problem in error.problems]
    return []


def _text(name: str, files: Files, file: str) -> str:
    if file not in files:
        raise AnalysisError(f"{name}/{file} is missing: add it")
    return files[file]


def _settings(name: str, files: Files, remedy: str = _CORRECT) -> _Settings:
    text = _text(name, files, SETTINGS_FILE)
    try:
        settings = msgspec.json.decode(text, type=_Settings)
        check_unique(text.encode())
    except (msgspec.DecodeError, NotStrict) as error:
        raise AnalysisError(f"{name}/{SETTINGS_FILE}: {error}; {remedy}") from error
    return settings


def _schema(
    name: str, files: Files, settings: _Settings, remedy: str = _CORRECT
) -> tuple[dict[str, Any], Node]:
    try:
        text = _text(name, files, SCHEMA_FILE)
        schema = json.loads(text)
        check_unique(text.encode())
        return schema, read_schema(schema, _equivalents_by_path(settings))
    except (ValueError, SchemaError, re.error) as error:
        raise AnalysisError(f"{name}/{SCHEMA_FILE}: {error}; {remedy}") from error


def _setting_problems(settings: _Settings, name: str) -> Iterator[str]:
    if settings.name != name:
        yield f"name is {settings.name!r}, but the folder is {name!r}; use one name for both"
    if not 1 <= settings.max_output_tokens <= settings.output_cap:
        yield "max_output_tokens must be between 1 and output_cap"
    if not 1 <= settings.max_transcript_bytes <= 20_000_000:
        yield "max_transcript_bytes must be between 1 and 20,000,000"
    for setting in ("min_complete", "notice_share"):
        if not 0 <= getattr(settings, setting) <= 1:
            yield f"{setting} must be between 0 and 1"
    if settings.summary not in settings.columns:
        yield f"summary names the unknown column {settings.summary!r}; add it to columns"
    yield from table_problems(settings.table)
    yield from attribute_problems(settings.attributes)
    for column in settings.columns:
        yield from column_problems(column)
    for column in settings.equivalents.keys() - settings.columns.keys():
        yield f"equivalents name the unknown column {column!r}; add it to columns"
    for name in settings.shown:
        if name.partition(".")[0] not in settings.columns and name not in settings.attributes:
            yield f"shown names the unknown column {name!r}; add it to columns or attributes"
    for name in settings.attributes.keys() & settings.columns.keys():
        yield f"attributes name {name!r}, which is a column of the answer too; rename the column"


def _equivalents_by_path(settings: _Settings) -> dict[str, dict[str, Any]]:
    return {
        settings.columns[column]: table
        for column, table in settings.equivalents.items()
        if column in settings.columns
    }


def _mapping_problems(settings: _Settings, root: Node) -> Iterator[str]:
    by_path = {leaf.path: leaf for leaf in leaves(root)}
    mapped = [*settings.columns.values()]
    for path in mapped:
        if path not in by_path:
            yield f"columns name the path {path!r}, which schema.json does not have; correct it"
    for path in sorted(by_path.keys() - mapped):
        yield f"no column has the path {path!r}, so its values would be lost; add a column"
    if len(set(mapped)) < len(mapped):
        yield "two columns have one path; remove one"
    summary = by_path.get(settings.columns.get(settings.summary, ""))
    if summary and summary.kind != "string":
        yield f"the summary column {settings.summary!r} must be a STRING"
    yield from _shown_problems(settings, by_path)
    for path, table in _equivalents_by_path(settings).items():
        for text, value in table.items():
            if path in by_path:
                yield from _equivalent_problems(by_path[path], text, value)


def _shown_problems(settings: _Settings, by_path: Mapping[str, Node]) -> Iterator[str]:
    """`shown` names text: a STRING, a list of STRING, or a STRING of a repeated record."""
    for name in settings.shown:
        column, _, field = name.partition(".")
        leaf = by_path.get(settings.columns.get(column, ""))
        node = leaf.items if leaf and leaf.items else leaf
        if node and field:
            node = (node.properties or {}).get(field)
        if leaf and (node is None or node.kind != "string"):
            yield f"shown names {name!r}, which is not a STRING in schema.json; correct it"


def _equivalent_problems(leaf: Node, text: str, value: object) -> Iterator[str]:
    if is_valid(leaf, text):
        yield f"equivalents of {leaf.path}: {text!r} is valid as it is; remove it"
    if not is_valid(leaf, value):
        yield f"equivalents of {leaf.path}: the value for {text!r} is not valid; correct it"
