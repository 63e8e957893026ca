"""Generate the pages of docs/ that come from the code: tables, commands, events, requests, decisions.

    python -m scripts.reference

writes them, and the AsyncAPI document; a test compares them with the code. settings.md and
events.md are written by hand, except for tables between two marks.
"""

from .commands import commands_page
from .json_output import json_output
from .tables import HOLDS, flat, tables_page
from .written import (
    DECISIONS,
    decisions_page,
    events_page,
    fields_tables,
    files_page,
    settings_page,
)

__all__ = [
    "DECISIONS",
    "HOLDS",
    "commands_page",
    "decisions_page",
    "events_page",
    "fields_tables",
    "files_page",
    "flat",
    "json_output",
    "settings_page",
    "tables_page",
]
