"""Further columns of a file: scalars beside the seven columns of ours, with a type for each."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from math import isfinite
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tracking import Source

from .errors import BadOption, Refused

TYPES = {
    "text": "STRING",
    "integer": "INTEGER",
    "number": "FLOAT",
    "boolean": "BOOLEAN",
    "time": "TIMESTAMP",
}
"""Type of a call attribute to that of its column."""
MOST = 100
"""Further columns of a file that are kept."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_OURS = frozenset(name.lower() for name in Source().column_names())
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z| UTC|[+-]\d\d:\d\d)", re.ASCII
)
_MOST_INTEGER = 2**63
_EXACT = 2**53
_NESTED = "nested"


class Chosen(NamedTuple):
    """A `--map COLUMN=NAME:TYPE`."""

    source: str
    name: str
    type: str


class FurtherColumn(msgspec.Struct, frozen=True):
    """A column of a file that is kept beside those of ours, for analyses with call attributes."""

    name: str
    """Of the column in the source table."""
    type: str
    """text, integer, number, boolean or time: what the values of the file have in common."""
    source: str
    """Its name in the file."""


def split_map(pairs: Iterable[str]) -> tuple[list[str], list[Chosen]]:
    """Return the pairs of --map that name a column of ours, and those that name a further one.

    Raises `BadOption`.
    """
    ours, chosen = list[str](), list[Chosen]()
    for pair in pairs:
        source, _, name = pair.rpartition("=")
        name, colon, kind = name.partition(":")
        if not colon:
            ours.append(pair)
        elif not source or kind not in TYPES or not _NAME.fullmatch(name) or name.lower() in _OURS:
            raise BadOption(
                f"invalid --map {pair!r}: use COLUMN=NAME:TYPE for a further column, where NAME has "
                f"letters, digits and _, and TYPE is one of {', '.join(TYPES)}"
            )
        elif name.lower() in (each.name.lower() for each in chosen):
            raise BadOption(f"invalid --map {pair!r}: {name} is mapped twice")
        else:
            chosen.append(Chosen(source, name, kind))
    return ours, chosen


def identifier(name: str) -> str | None:
    """Return a column's name for a name in a file; None where nothing of it is left.

    >>> identifier("Queue"), identifier("Wait time (s)"), identifier("7 days"), identifier("%")
    ('Queue', 'wait_time_s', 'column_7_days', None)
    """
    if _NAME.fullmatch(name):
        return name
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if made and not made[0].isalpha():
        made = f"column_{made}"
    return made[:63].rstrip("_") or None


class FurtherColumns:
    """The further columns of one file. Their types are known when all rows are read."""

    def __init__(self, chosen: Iterable[Chosen], zone: tzinfo | None) -> None:
        self.chosen = tuple(chosen)
        self.is_untyped = False
        """Whether the file writes all values as text, as CSV does."""
        self._zone = zone
        self._names: dict[str, tuple[str, str]] = {}
        """Name in lower case to name and source."""
        self._kinds: dict[str, set[str]] = {}

    def name_of(self, source: str, names: Iterable[str]) -> str | None:
        """Return the key under which rows keep a column of the file; None to leave it out.

        Names are compared without case, as tables compare them: the key is in lower case. Raises `Refused` where two columns of a row would have one name.
        """
        name = identifier(source)
        if name is None or name.lower() in _OURS or self._is_chosen(name):
            return None
        known = self._names.get(name.lower())
        if known is None:
            if len(self._names) >= MOST:
                return None
            known = self._names[name.lower()] = (name, source)
        elif known[1] != source and known[1] in names:
            raise Refused(
                f"the columns {known[1]} and {source} would both be {name}: name one with "
                f"--map {source!r}=NAME:TYPE"
            )
        return name.lower()

    def take(self, key: str, value: Any) -> Any:
        """Return a value as it is stored in a file of rows, and note its type."""
        kind, scalar = self._scalar(value)
        if kind:
            self._kinds.setdefault(key, set()).add(kind)
        return scalar

    def kept(self) -> list[FurtherColumn]:
        """Return the columns that have a value, and nothing but scalars."""
        columns = [
            FurtherColumn(name, joined_type(self._kinds[key]), source)
            for key, (name, source) in self._names.items()
            if self._kinds.get(key) and _NESTED not in self._kinds[key]
        ]
        mapped = [
            FurtherColumn(each.name, each.type, each.source)
            for each in self.chosen
            if self._kinds.get(each.name.lower())
        ]
        return [*columns, *mapped]

    def check_chosen(self, column: Chosen) -> None:
        """Raise `Refused` when a value does not have the type that --map gives."""
        kinds = self._kinds.get(column.name.lower(), set())
        if _NESTED in kinds or not fits(joined_type(kinds or {column.type}), column.type):
            has = "objects or lists" if _NESTED in kinds else joined_type(kinds)
            raise Refused(
                f"--map {column.source}={column.name}:{column.type}: it holds {has}: use "
                f"{column.name}:text, or another column"
            )

    def _is_chosen(self, name: str) -> bool:
        return any(each.name.lower() == name.lower() for each in self.chosen)

    def _scalar(self, value: Any) -> tuple[str, Any]:
        """Return the type of a value, empty for a missing one, and what is stored."""
        if isinstance(value, str):
            return _kind_of_text(value, is_untyped=self.is_untyped), value
        if value is None:
            return "", None
        if isinstance(value, bool):
            return "boolean", value
        if isinstance(value, (int, float, Decimal)):
            return _number(value)
        if isinstance(value, datetime):
            zoned = value.replace(tzinfo=value.tzinfo or self._zone)
            return ("time" if zoned.tzinfo else "text"), zoned.isoformat(" ")
        if isinstance(value, (date, UUID)):
            return "text", str(value)
        return _NESTED, None


def _number(value: int | float | Decimal) -> tuple[str, Any]:
    if not isfinite(value):  # as pandas writes a missing one
        return "", None
    whole = int(value)
    if isinstance(value, int) or (abs(whole) <= _EXACT and value == whole):
        return ("integer", whole) if abs(whole) < _MOST_INTEGER else ("text", str(whole))
    return "number", float(value)


def _kind_of_text(text: str, *, is_untyped: bool) -> str:
    if text[4:5] == "-" and _TIME.fullmatch(text) and _is_time(text):
        return "time"
    if not is_untyped:
        return "text"
    if _INTEGER.fullmatch(text):
        return "integer"
    if _NUMBER.fullmatch(text):
        return "number"
    return "boolean" if text in ("true", "false", "True", "False", "TRUE", "FALSE") else "text"


def _is_time(text: str) -> bool:
    """Whether such a time exists: there is no 31 February."""
    try:
        datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        return False
    return True


def joined_type(kinds: Iterable[str]) -> str:
    """Return the narrowest type that holds values of all these types.

    >>> joined_type(["integer"]), joined_type(["integer", "number"]), joined_type(["time", "integer"])
    ('integer', 'number', 'text')
    """
    found = set(kinds)
    if len(found) == 1:
        return next(iter(found))
    return "number" if found == {"integer", "number"} else "text"


def fits(kind: str, into: str) -> bool:
    """Whether a column of one type can take values of another."""
    return kind == into or into == "text" or (kind, into) == ("integer", "number")


def as_text(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return a row whose further values are text, so that `61` and `"61"` are the same row."""
    texts = {name: row[name] for name in names if row.get(name) is not None}
    return {**row, **{name: _text(value) for name, value in texts.items()}}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
