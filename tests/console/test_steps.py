"""A recommended command as a click: the same command, or none."""

import pytest

from troupe.console.actions import ACTIONS
from troupe.console.steps import click
from troupe.operations.next_steps import Step


@pytest.mark.parametrize(
    ("command", "address", "action", "fields"),
    [
        ("troupe status r1 --watch", "/runs/r1", "", {}),
        ("troupe status", "/", "", {}),
        ("troupe status RUN", "/", "", {}),
        ("troupe report r1 --html r1.html", "/runs/r1/report", "", {}),
        ("troupe verify r1 --json", "/runs/r1", "", {}),
        ("troupe dead-letters list", "/dead-letters", "", {}),
        ("troupe request --dry-run", "/actions/request", "", {}),
        ("troupe request --analysis a_v1 --budget AMOUNT --dry-run", "/actions/request?analysis=a_v1", "", {}),
        ("troupe reread r1 --dry-run", "", "reread", {"of_run": "r1"}),
        ("troupe reprocess --run r1 --dry-run", "", "reprocess", {"of_run": "r1"}),
        ("troupe reprocess --run r1 --error-type blocked --dry-run", "", "reprocess", {"of_run": "r1", "error_types": "blocked"}),
        ("troupe reprocess --changed --analysis a_v1 --dry-run", "", "reprocess", {"changed": "yes", "analysis": "a_v1"}),
        ("troupe reprocess --run RUN --dry-run", "", "", {}),
        ("troupe cancel r1", "", "cancel", {"run_id": "r1"}),
        ("troupe load FILE", "", "", {}),
        ("troupe clear-history --run r1", "", "", {}),
        ("troupe", "", "", {}),
    ],
)  # fmt: skip
def test_a_command_is_a_page_an_action_or_text_alone(
    command: str, address: str, action: str, fields: dict[str, str]
) -> None:
    found = click(Step(command=command, why=""))

    assert (command, address, action, fields) == (
        found.command, found.address, found.action, found.fields,
    )  # fmt: skip
    assert bool(found.label) == bool(address or action)
    assert not action or set(fields) <= set(ACTIONS[action].fields)
