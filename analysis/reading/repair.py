"""json-repair, on a leash: bounded in size and time, and graded by what it did.

`repaired_safe` needs three locks to open: the library's log holds only harmless entries, the
text ends as an object ends, and `proof` shows that no name, no value and no bracket came, went
or moved. An unknown log text counts as harmful: a new version of the library fails safe.
"""

import re
from typing import Any

from json_repair import repair_json

from analysis.reading.repair_check import Unproven, run_of, run_of_value

LONGEST = 16 * 1024
"""Characters. The library is quadratic on some shapes."""

_MOST_OPENED = 300
_MOST_STRANGE = 400
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_FAMILIAR = re.compile(r"[ \t\r\n0-9]++|[,:{}\[\]](?![,:\[])|true|false|null")
_HARMLESS = (
    "Found a stray escape sequence",
    "Found a delimiter that was escaped",
    "While parsing a string in object value context, we found a comma that",
    "The parser returned early",
    "There were no more elements",
    "Converted unquoted Python None literal",
)


class Hopeless(Exception):
    """No repair was tried or none came out. Says why, without content."""


def safe_repair(text: str) -> dict[str, Any]:
    """The repair of a text. Raises `Unproven` before any work is done that could not be used.

    Raises `Hopeless` when nothing came out, or the text is too long to try.
    """
    source = run_of(text)
    value, log = _repaired(text)
    if not all(entry["text"].startswith(_HARMLESS) for entry in log):
        raise Unproven("the repair changed more than punctuation")
    if not text.rstrip().endswith("}"):
        raise Unproven("the text does not end as an object ends")
    if source != list(run_of_value(value)):
        raise Unproven("the repair added, dropped or moved something")
    return value


def lossy_repair(text: str) -> dict[str, Any]:
    """Whatever json-repair makes of a text. Raises `Hopeless`."""
    if len(text) > LONGEST or len(_FAMILIAR.sub("", _STRING.sub("", text))) > _MOST_STRANGE:
        raise Hopeless("too long or too far from JSON to repair in bounded time")
    return _repaired(text)[0]


def _repaired(text: str) -> tuple[dict[str, Any], list[dict[str, str]]]:
    if len(text) > LONGEST or text.count("{") + text.count("[") > _MOST_OPENED:
        raise Hopeless("too long to repair in bounded time")
    try:
        value, log = repair_json(text, return_objects=True, skip_json_loads=True, logging=True)
    except (ValueError, RecursionError, IndexError, TypeError, KeyError, AttributeError):
        raise Hopeless("json-repair gave up") from None
    if not isinstance(value, dict):
        raise Hopeless("no object came out")
    return value, log
