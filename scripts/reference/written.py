"""The generated tables of pages that are written by hand: events, and the fields of requests."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import msgspec

from events import CancelRequested, Command, ReprocessRequested, RereadRequested, RunRequested
from scripts.asyncapi import field_notes
from troupe.deployment.catalogue import catalogue
from troupe.transcript_files.columns import COLUMNS, SYNONYMS

from .text import MADE, cell, renewed

DECISIONS = Path(__file__).parents[2] / "docs" / "decisions"


def events_page(text: str) -> str:
    """The page with its two tables replaced."""
    known = catalogue()
    events = [
        f"| `{each['topic']}` | {cell(each['description'])} | {_names(each['published_by'])} | "
        f"{_names([each['handled_by']] if each['handled_by'] else [])} |"
        for each in known["events"]
    ]
    signals = [
        f"| `{each['topic']}` | {cell(each['description'])} | {_names([each['handled_by']])} |"
        for each in known["signals"]
    ]
    tables = {
        "events": [
            "| topic | what happened | published by | handled by |",
            "|---|---|---|---|",
            *events,
        ],
        "signals": ["| topic | meaning | handled by |", "|---|---|---|", *signals],
    }
    return renewed(text, {name: "\n".join(rows) for name, rows in tables.items()})


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "–"


def decisions_page() -> str:
    files = sorted(DECISIONS.glob("0*.md"))
    titles = {file: file.read_text(encoding="utf-8").splitlines()[0].lstrip("# ") for file in files}
    listed = "\n".join(f"- [{title}]({file.name})" for file, title in titles.items())
    intro = "Decisions that others may question, with reasons and consequences. Newest last."
    return f"# Decisions\n\n{MADE}\n\n{intro}\n\n{listed}\n"


def settings_page(text: str) -> str:
    """The page with its tables of fields replaced."""
    return renewed(text, fields_tables())


def fields_tables() -> dict[str, str]:
    """The table of fields of each command, by its topic."""
    kinds: dict[str, type[Command]] = {
        "run-requested": RunRequested,
        "reprocess-requested": ReprocessRequested,
        "reread-requested": RereadRequested,
        "cancel-requested": CancelRequested,
    }
    return {topic: _fields(kind) for topic, kind in kinds.items()}


def _fields(kind: type[Command]) -> str:
    notes = field_notes(kind)
    rows = [
        f"| `{field.name}` | {_type(field.type)} | {_default(field)} | {cell(notes[field.name])} |"
        for field in msgspec.structs.fields(kind)
    ]
    return "\n".join(["| field | value | default | meaning |", "|---|---|---|---|", *rows])


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    empty = field.default in (None, "", msgspec.NODEFAULT)
    return "" if empty else f"`{str(field.default).lower()}`"


def _type(hint: Any) -> str:
    schema = msgspec.json.schema(hint)
    options = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    if datetime in get_args(hint):
        return "RFC 3339 time"
    many = "list of " if any("items" in each for each in options) else ""
    return many + " or ".join(_words(each.get("items", each)) for each in options)


def _words(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2].lower())
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    if least is None:
        return str(schema["type"])
    above = "above " * ("exclusiveMinimum" in schema)
    most = f" to {schema['maximum']:,}" if "maximum" in schema else " and more" * (not above)
    return f"{schema['type']}, {above}{least:,}{most}"


def files_page(text: str) -> str:
    """Renew the names of columns that `troupe load` understands."""
    rows = (f"| `{column}` | {_groups(SYNONYMS[column])} |" for column in COLUMNS)
    return renewed(text, {"synonyms": "\n".join(["| ours | others |", "|---|---|", *rows])})


def _groups(groups: Sequence[str]) -> str:
    return "; ".join(", ".join(f"`{name}`" for name in group.split()) for group in groups)
