"""The form that requests a run: its fields, and the request that they make."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from events.commands import Mode, RunRequested
from troupe.cli.client import CallFailed
from troupe.cli.option_errors import option_of

Kind = Literal["text", "number", "whole", "choice", "list"]
_WHOLE = re.compile(r"[0-9]{1,18}")
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?|\.[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the form."""

    name: str
    label: str
    kind: Kind = "text"
    hint: str = ""
    options: tuple[str, ...] = ()
    """Of a choice; those of `analysis` are installed. Its hint is chosen at first."""
    advanced: bool = False

    @property
    def option(self) -> str:
        """The option of the command line that does the same."""
        return "--where" if self.name == "where" else option_of(self.name)


FIELDS = (
    Field("analysis", "Analysis", "choice", hint=RunRequested().analysis),
    Field("mode", "Which records", "choice", hint=RunRequested().mode, options=get_args(Mode)),
    Field("limit", "Maximum number of records", "whole"),
    Field("budget", "Maximum cost in US dollars", "number"),
    Field("event_time_from", "Calls from", hint="2026-01-31T00:00:00Z"),
    Field("event_time_to", "Calls before", hint="2026-02-28T00:00:00Z"),
    Field("providers", "Providers", "list", "one a line"),
    Field("directions", "Directions", "list", "one a line"),
    Field("where", "Call attributes", "list", "queue=billing, one a line"),
    Field("record_ids", "Record ids", "list", "one a line", advanced=True),
    Field("golden", "Golden set", hint="NAME or NAME@VERSION", advanced=True),
    Field("model", "Model", hint="that of the analysis", advanced=True),
    Field("budget_tokens", "Maximum number of tokens", "whole", advanced=True),
    Field("lookback_days", "Days to look back, mode incremental", "whole", advanced=True),
    Field("rows_per_batch", "Records in a batch", "whole", "20000", advanced=True),
    Field("canary", "Records in batch 1", "whole", "500", advanced=True),
    Field("concurrency", "Batches in flight", "whole", "8", advanced=True),
    Field("breaker", "Stop above % of failed records", "number", "20", advanced=True),
    Field("max_attempts", "Attempts at a batch", "whole", "3", advanced=True),
)
REQUEST = tuple(each.name for each in FIELDS)
_APART = {"where": [], "golden": ""}
"""Arguments beside the request, and what they are when empty."""


def request_of(values: Mapping[str, list[str]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the request that a form makes, and the arguments beside it.

    Empty fields are left out. Raises `CallFailed` for a text that is no number; all else is left
    to the check of the request.
    """
    found = {}
    for each in FIELDS:
        value = _value(each, values.get(each.name, [""]))
        if value not in ("", []):
            found[each.name] = value
    further = {name: found.pop(name, empty) for name, empty in _APART.items()}
    return found, further


def _value(field: Field, given: list[str]) -> Any:
    if field.kind == "list":
        lines = [line.strip() for text in given for line in text.splitlines()]
        return [line for line in lines if line]
    text = given[0].strip()
    if text and field.kind in ("number", "whole"):
        return number_of(field.name, text, whole=field.kind == "whole")
    return text


def number_of(name: str, text: str, *, whole: bool = False) -> int | float:
    """Read a number of a form: digits, and a point unless it is `whole`.

    Raises `CallFailed`, which names the option of the field, for any other text.
    """
    if _WHOLE.fullmatch(text):
        return int(text)
    if not whole and _NUMBER.fullmatch(text):
        return float(text)
    use = "a whole number, e.g. 20" if whole else "a number, e.g. 20 or 0.5"
    raise CallFailed(f"invalid {option_of(name)} {text[:40]!r}: use {use}")
