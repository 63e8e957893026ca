"""Repair broken JSON with json-repair, bounded in size and time, and graded by what it changed.

A repair is `repaired_safe` when three conditions hold: the library's log has only harmless
entries, the text ends with a closing brace, and `repair_check` finds every name, value and
bracket in its place. Log entries outside the list of harmless ones count as harmful, so a new
version of the library that logs other texts cannot raise a grade.
"""

from typing import Any

from json_repair import repair_json

from analysis.reading.repair_check import RepairUnproven, items_of_text, items_of_value

MAX_CHARACTERS = 16 * 1024
"""The library takes quadratic time on some shapes."""

_MAX_OPENING_BRACKETS = 300
_HARMLESS = (
    "Found a stray escape sequence",
    "Found a delimiter that was escaped",
    "While parsing a string in object value context, we found a comma that",
    "The parser returned early",
    "There were no more elements",
    "Converted unquoted Python None literal",
)


class RepairFailed(Exception):
    """No repair was tried, or none gave an object. The message has no content of the answer."""


def safe_repair(text: str) -> dict[str, Any]:
    """Repair a text and prove that nothing was lost.

    Raises `RepairUnproven` when the proof fails, and `RepairFailed` when the repair gave no object
    or the text is too long to try.
    """
    # First, because a text that cannot be read item by item needs no repair.
    expected = items_of_text(text)
    value, log = _repaired(text)
    if not all(entry["text"].startswith(_HARMLESS) for entry in log):
        raise RepairUnproven("the repair changed more than punctuation")
    if not text.rstrip().endswith("}"):
        raise RepairUnproven("the text does not end with a closing brace")
    if expected != list(items_of_value(value)):
        raise RepairUnproven("the repair added, dropped or moved something")
    return value


def _repaired(text: str) -> tuple[dict[str, Any], list[dict[str, str]]]:
    if len(text) > MAX_CHARACTERS or text.count("{") + text.count("[") > _MAX_OPENING_BRACKETS:
        raise RepairFailed("too long to repair in bounded time")
    try:
        value, log = repair_json(text, return_objects=True, skip_json_loads=True, logging=True)
    except (ValueError, RecursionError, IndexError, TypeError, KeyError, AttributeError):
        raise RepairFailed("json-repair failed") from None
    if not isinstance(value, dict):
        raise RepairFailed("json-repair gave no object")
    return value, log
