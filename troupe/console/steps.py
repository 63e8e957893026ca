"""A command that the operations recommend, as something to click."""

import re
import shlex
from dataclasses import dataclass, field

from troupe.operations.next_steps import Step

from .actions import ACTIONS

_RUN = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
"""No option: a run whose id begins with a hyphen has no click."""
_PAGES = {"dead-letters list": "/dead-letters"}
"""Pages that show what a command prints, by its first two words."""
_RUN_PAGES = {"status": "/runs/{run}", "report": "/runs/{run}/report", "verify": "/runs/{run}"}
_FIELDS = {
    "--run": "of_run", "--error-type": "error_types", "--changed": "changed",
    "--analysis": "analysis", "--handler": "handler", "--cause": "cause",
}  # fmt: skip
"""Options of commands that are fields of an action."""


@dataclass(frozen=True, slots=True)
class Click:
    """What stands for a command: a page, or the preview of an action; neither: only the text."""

    command: str
    why: str
    label: str = ""
    address: str = ""
    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)


def clicks(steps: list[Step]) -> list[Click]:
    """Return each step with what a click on it does."""
    return [click(step) for step in steps]


def click(step: Step) -> Click:
    """Return the page or the action of a command."""
    _, *words = shlex.split(step.command)
    nothing = Click(step.command, step.why)
    if not words:
        return nothing
    name, *rest = words
    if address := _PAGES.get(" ".join([name, *rest[:1]])):
        return Click(step.command, step.why, "Open", address)
    if name in _RUN_PAGES and rest and _RUN.fullmatch(rest[0]):
        return Click(step.command, step.why, "Open", _RUN_PAGES[name].format(run=rest[0]))
    if name == "status":
        return Click(step.command, step.why, "Open", "/")
    if name not in ACTIONS:
        return nothing
    fields = _fields(rest)
    if name == "request":
        query = f"?analysis={fields['analysis']}" if "analysis" in fields else ""
        return Click(step.command, step.why, "Prepare", f"/actions/request{query}")
    if rest and _RUN.fullmatch(rest[0]):
        fields["of_run" if name == "reread" else "run_id"] = rest[0]
    if any(value == "RUN" for value in fields.values()):
        return nothing
    return Click(step.command, step.why, "Preview", action=name, fields=fields)


def _fields(words: list[str]) -> dict[str, str]:
    """Return the options that an action has a field for."""
    found = {}
    for at, word in enumerate(words):
        if word in _FIELDS:
            following = words[at + 1] if at + 1 < len(words) else ""
            found[_FIELDS[word]] = "yes" if word == "--changed" else following
    return found
