"""Prepared state folders for tests of searches and pages; each is made once in a process."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from tests.analysis.own import NAME, folder_of
from tests.harness import LocalHarness, calls
from troupe.backends.local.backend import LocalSettings
from troupe.backends.local.operations import add_analysis
from troupe.standin.prediction_lines import Answer

OWN = NAME
"""The analysis of its runs."""
_FOLDER = TemporaryDirectory(prefix="troupe-pages-")
MIXED = "<script>alert('mixed')</script>"
"""An answer that fits no schema, and must do nothing on a page."""
QUEUES = ("billing", "sales", None)
COLUMNS = {
    "mood": {"type": "STRING", "enum": ["good", "bad"], "nullable": True},
    "mood_after": {"type": "STRING", "enum": ["good", "bad"], "nullable": True},
    "settled": {"type": "BOOLEAN", "nullable": True},
}
SINCE = "?since=2026-02-01&until=2026-03-31"
"""The days of all calls, for pages whose clock is not held."""


def rows(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Calls of three queues in turn; the third has no name."""
    return [
        row | {"queue": QUEUES[at % 3], "agent": f"Agent {at}"}
        for at, row in enumerate(calls(count, start), start)
    ]


def moody(request: Any) -> Answer:
    """Bad in the queue for bills, and good else; settled in that for sales.

    Line 1 is normalised and 2 partial; 3 is blocked, and 4 never answered with JSON.
    """
    text = str(request)
    if "My line 3 " in text:
        return Answer(finish_reason="SAFETY")
    if "My line 4 " in text:
        return Answer(text="I would rather not say.")
    mood = "bad" if ">billing<" in text else "good"
    columns = {"mood": mood, "mood_after": "good", "settled": ">sales<" in text}
    if "My line 1 " in text:
        columns["mood"] = "GOOD"
    if "My line 2 " in text:
        columns["mood"] = MIXED
    return Answer(text=json.dumps({"verdict": "The line is broken, says Zanzibar."} | columns))


class Prepared(NamedTuple):
    """A folder whose harness is closed."""

    home: Path
    settings: LocalSettings
    now: datetime


def opened(name: str, home: Path) -> LocalHarness:
    """Open a copy of a prepared folder, at its time."""
    made = _MAKERS[name]()
    copytree(made.home, home)
    copied = LocalHarness(home, made.settings)
    copied.clock.now = made.now
    return copied


def folder(name: str) -> Path:
    """The prepared folder itself, for what only reads."""
    return _MAKERS[name]().home


@cache
def _searched() -> Prepared:
    """Run r1 over 24 calls, of which two fail, and plan r2 over three more."""
    made = LocalHarness(
        Path(_FOLDER.name) / "searched" / "home",
        LocalSettings(answerer=moody),
    )
    own = folder_of(
        Path(_FOLDER.name) / "searched",
        COLUMNS,
        attributes={"queue": "text", "agent": "text"},
        shown=["queue"],
    )
    (own / "user.md").write_text(
        "<queue-{{record}}>{{queue}}</queue-{{record}}>\n<transcript-{{record}}>\n{{transcript}}\n</transcript-{{record}}>\n",
        encoding="utf-8",
    )
    add_analysis(made.backend, str(own))
    made.load(rows(24))
    made.run("r1", analysis=OWN, rows_per_batch=8, labels={"team": "north"})
    made.load(rows(3, start=24))
    made.request("r2", analysis=OWN)
    made.play_until("run-planned", "r2")
    made.close()
    return Prepared(made.home, made.settings, made.clock.now)


_MAKERS = {"searched": _searched}
