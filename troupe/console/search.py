"""The search for records as a form and as an address. An address never holds personal text."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from events.ids import RUN_ID

FIELDS = ("analysis", "run", "state", "error", "grade", "where", "since", "until", "after")
"""What an address may hold: ids, closed values and days."""
PERSONAL = ("id", "words", "attribute", "is")
"""What is sent in the body of a form alone: an id may be a phone number token."""
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FORMS = {
    "run": re.compile(RUN_ID),
    "error": re.compile(r"[a-z_]{1,60}"),
    "since": _DAY,
    "until": _DAY,
}

Fields = Mapping[str, Sequence[str]]
"""The values of a search by field; `where` is COLUMN=VALUE and may be there several times."""


def fields_of(given: Fields) -> dict[str, list[str]]:
    """Return the fields of a search that have a value, without blanks around them."""
    found = {
        name: [value.strip() for value in given.get(name, ()) if value.strip()]
        for name in (*FIELDS, *PERSONAL)
    }
    return {name: values for name, values in found.items() if values}


def is_personal(fields: Fields) -> bool:
    """Whether the search holds what no address may hold."""
    return any(fields.get(name) for name in PERSONAL)


def address(fields: Fields, **changed: str | None) -> str:
    """Return the address of a search; `changed` fields replace others, None removes one."""
    kept = {name: list(fields[name]) for name in FIELDS if name in fields and name != "after"}
    for name, value in changed.items():
        kept.pop(name, None)
        if value is not None:
            kept[name] = [value]
    return "/records" + (f"?{urlencode(kept, doseq=True)}" if kept else "")


def misplaced(fields: Fields) -> str | None:
    """Return the first field whose value is no id, no name of an error and no day: not for an address."""
    for name, pattern in _FORMS.items():
        if any(not pattern.fullmatch(value) for value in fields.get(name, ())):
            return name
    return None


def arguments(fields: Fields) -> dict[str, Any]:
    """Return the arguments of `find_records`."""
    first = {name: values[0] for name, values in fields.items() if values}
    found: dict[str, Any] = {
        "analysis": first.get("analysis"),
        "run_id": first.get("run"),
        "id": first.get("id"),
        "states": [*fields.get("state", ())],
        "error_type": first.get("error"),
        "grade": first.get("grade"),
        "values": dict(map(condition, fields.get("where", ()))),
        "since": first.get("since"),
        "until": first.get("until"),
        "words": first.get("words"),
        "after": first.get("after"),
    }
    if "attribute" in first and "is" in first:
        found["attributes"] = {first["attribute"]: first["is"]}
    return {name: value for name, value in found.items() if value not in (None, [], {})}


def condition(text: str) -> tuple[str, str | None]:
    """Split COLUMN=VALUE; without a value the answer has none there."""
    column, _, value = text.partition("=")
    return column, value or None


def is_known(text: str, columns: Mapping[str, Sequence[str]]) -> bool:
    """Whether a condition names a value of the schema, or a language: then it is no personal text."""
    column, value = condition(text)
    if column not in columns:
        return False
    known = columns[column]
    return value is None or value in known or (not known and bool(_LANGUAGE.fullmatch(value)))
