"""Troupe: load, request and work, as a user types them; a further call is `troupe work` alone."""

import json
import subprocess
import sys
from pathlib import Path

from records import read_records, task, write_stored

TROUPE = str(Path(sys.executable).with_name("troupe"))


def main() -> None:
    """Do the work and list what is in the output table."""
    given = task()
    home = given.folder / "home"
    if not home.exists():
        calls = given.folder / "calls.jsonl"
        with calls.open("w", encoding="utf-8") as file:
            for number, text in read_records(given.folder):
                row = {"phone_number_token": number, "referenceId": number, "interactionId": number}
                row |= {"transcript": text, "direction": "INBOUND", "provider": "benchmark"}
                row |= {"event_timestamp": "2026-11-01T10:00:00Z"}
                file.write(json.dumps(row) + "\n")
        troupe(home, "load", str(calls))
        troupe(home, "request", "--run-id", "peers")
    model = ("--model-url", given.url, "--model-name", "fake")
    troupe(
        home, "work", "--idle-timeout", "0", *model, "--model-concurrency", str(given.concurrency)
    )
    write_stored(given.folder, stored(home))


def troupe(home: Path, *words: str) -> None:
    subprocess.run([TROUPE, *words, "--home", str(home)], check=True, stdout=sys.stderr)  # noqa: S603


def stored(home: Path) -> list[str]:
    """Return the ids of the stored rows."""
    import duckdb

    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as db:
        rows = db.execute("SELECT interactionId FROM transcription_analyzed_transcripts")
        return [number for (number,) in rows.fetchall()]


if __name__ == "__main__":
    main()
