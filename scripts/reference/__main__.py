"""Renews every page that is read off the code."""

from collections.abc import Callable
from pathlib import Path

from scripts import asyncapi

from . import (
    DECISIONS,
    commands_page,
    decisions_page,
    events_page,
    json_output,
    settings_page,
    tables_page,
)

REFERENCE = DECISIONS.parent / "reference"


def renew(file: Path, made: Callable[[str], str]) -> None:
    known = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(made(known), encoding="utf-8")


renew(REFERENCE / "tables.md", lambda _: tables_page())
renew(REFERENCE / "commands.md", lambda _: commands_page())
renew(REFERENCE / "settings.md", settings_page)
renew(REFERENCE / "events.md", events_page)
renew(REFERENCE / "json-output.json", lambda _: json_output())
renew(REFERENCE / "asyncapi.json", lambda _: asyncapi.text())
renew(DECISIONS / "index.md", lambda _: decisions_page())
