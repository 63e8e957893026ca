"""Write every generated page."""

from collections.abc import Callable
from pathlib import Path

from scripts import asyncapi

from . import (
    DECISIONS,
    commands_page,
    decisions_page,
    events_page,
    files_page,
    json_output,
    settings_page,
    tables_page,
)

REFERENCE = DECISIONS.parent / "reference"


def write(file: Path, generate: Callable[[str], str]) -> None:
    current = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(generate(current), encoding="utf-8")


write(REFERENCE / "tables.md", lambda _: tables_page())
write(REFERENCE / "commands.md", lambda _: commands_page())
write(REFERENCE / "settings.md", settings_page)
write(REFERENCE / "events.md", events_page)
write(DECISIONS.parent / "how-to" / "bring-your-files.md", files_page)
write(REFERENCE / "json-output.json", lambda _: json_output())
write(REFERENCE / "asyncapi.json", lambda _: asyncapi.text())
write(DECISIONS / "index.md", lambda _: decisions_page())
