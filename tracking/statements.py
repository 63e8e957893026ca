"""The SQL of this room: one file a query or a transaction, put together from shared fragments.

A file names another fragment, or a table that the user configures, in braces. Values never
travel this way: they are parameters, written `@name`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from .tables import OUTPUT, layouts

_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,299}$")
_TABLE = re.compile(r"^[A-Za-z0-9_-]{1,300}(\.[A-Za-z0-9_-]{1,300}){0,2}$")
_PLACE = re.compile(r"\{(\w+)\}")
_MADE = re.compile(r"^(?:CREATE TEMP TABLE )?(\w+) AS(?: \()?$", re.MULTILINE)
"""A temporary table, or a part of a WITH: each is named on a line of its own."""


class BadName(ValueError):
    """A configured table or column has a name that does not belong into SQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the transcripts lie, and what their columns are called there."""

    table: str = "transcription_pass_2"
    """`table`, `dataset.table` or `project.dataset.table`."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Our name to theirs, for those that differ."""

    def names(self) -> dict[str, str]:
        """Every name as it may stand in SQL; raises `BadName` for one that may not."""
        unknown = set(self.columns) - set(_COLUMNS)
        if unknown:
            raise BadName(f"source has no column {sorted(unknown)[0]}: know {', '.join(_COLUMNS)}")
        columns = {ours: column_name(self.columns.get(ours, its)) for ours, its in _COLUMNS.items()}
        return {"source": table_name(self.table), **columns}


_COLUMNS = {
    "phone_number_token": "phone_number_token",
    "interaction_id": "interactionId",
    "reference_id": "referenceId",
    "transcript": "transcript",
    "direction": "direction",
    "provider": "provider",
    "event_timestamp": "event_timestamp",
}


def table_name(name: str) -> str:
    """The table in back quotes; raises `BadName` when the name could end them."""
    if not _TABLE.fullmatch(name):
        raise BadName(f"table {name!r}: write table, dataset.table or project.dataset.table")
    return f"`{name}`"


def column_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadName(f"column {name!r}: letters, digits and _ only")
    return f"`{name}`"


def query(name: str, **names: str) -> str:
    """The text of one query, ready but for its parameters."""
    return _filled(_text("queries", name), names)


def transaction(name: str, **names: str) -> str:
    """The text of one transaction, ready but for its parameters."""
    return _filled(_text("transactions", name), names)


def fragment(name: str, **names: str) -> str:
    """A part of a statement, for the places that a caller fills."""
    return _filled(_text("fragments", name), names).rstrip()


def _filled(text: str, names: Mapping[str, str]) -> str:
    def fill(place: re.Match[str]) -> str:
        name = place.group(1)
        given = names.get(name)
        return given if given is not None else _filled(_text("fragments", name), names).rstrip()

    return _PLACE.sub(fill, text)


@cache
def _text(folder: str, name: str) -> str:
    return files(__package__).joinpath(folder, f"{name}.sql").read_text(encoding="utf-8")


def statement_names(folder: str) -> list[str]:
    """The files of one folder, for those who check them all."""
    found = files(__package__).joinpath(folder).iterdir()
    return sorted(f.name.removesuffix(".sql") for f in found if f.name.endswith(".sql"))


@cache
def reserved_tables() -> frozenset[str]:
    """Names that no output table of your own may have.

    What a statement makes for itself hides a table of the same name, and would get its rows.
    """
    texts = [
        _text(folder, name)
        for folder in ("transactions", "queries")
        for name in statement_names(folder)
    ]
    made = {name for text in texts for name in _MADE.findall(text)}
    return frozenset({*layouts(), *statement_names("views"), *made} - {OUTPUT})
