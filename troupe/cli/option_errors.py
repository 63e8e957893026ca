"""Errors about a field of a request, in the words of the option that was typed."""

import re
from collections.abc import Mapping
from typing import Any

_TOPIC = re.compile(r"^(?:run|reprocess)-requested: ")
_FIELD = re.compile(r"^(?:[a-z-]+: )?Expected (?P<use>.+) - at `\$\.(?P<field>\w+)[^`]*`$")
"""How a request is refused whose field `limit` is wrong: `… Expected `int` >= 1 - at `$.limit``."""

_IRREGULAR = {
    "of_run": "--run",
    "batches": "--batch",
    "providers": "--provider",
    "directions": "--direction",
    "error_types": "--error-type",
    "record_ids": "--record-id",
}
_TYPES = {"`int`": "a whole number", "`float`": "a number", "`str`": "a text"}


def name_options(problem: str, fields: Mapping[str, Any]) -> str:
    """Return the error with options instead of fields; `fields` are all that the request has."""
    refused = _FIELD.match(problem)
    if refused is None or refused["field"] not in fields:
        return _with_options(problem, fields)
    use, field = refused["use"], refused["field"]
    for name, words in _TYPES.items():
        use = use.replace(name, words)
    return f"invalid {option_of(field)} {_typed(fields[field])}: use {use}"


def option_of(field: str) -> str:
    """Return the option that sets a field: `--rows-per-batch` for `rows_per_batch`."""
    return _IRREGULAR.get(field) or f"--{field.replace('_', '-')}"


def _with_options(problem: str, fields: Mapping[str, Any]) -> str:
    """Replace the fields that cannot be mistaken for a word of the sentence."""

    def replaced(match: re.Match[str]) -> str:
        return option_of(match[0]) if match[0] in fields else match[0]

    text = _TOPIC.sub("", problem)
    return re.sub(r"(?<!-)\b(?:limit|batches|changed|[a-z]+(?:_[a-z]+)+)\b", replaced, text)


def _typed(value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    return ", ".join(map(repr, values))
