"""Print the alarm table of the production plan: `python -m tests.terraform.alarms`."""

import sys
import tempfile
from pathlib import Path

from tests.terraform.conftest import initialised
from tests.terraform.terraform import SCHEMAS, Plan

from .causes import CAUSES, Plays


def table(plan: Plan) -> str:
    """Return one line for each cause: cause, alert, whether it opened, whether a calm day is silent."""
    plays = Plays(plan)
    silent = {name: plays.is_silent(name) for name in plays.alerts}
    rows = [("cause", "alert", "fired", "calm silent")]
    rows += [
        (cause.text, cause.alert, _word(plays.fires(cause)), _word(silent[cause.alert]))
        for cause in CAUSES
        if cause.alert in plays.alerts
    ]
    if plan.all("google_billing_budget"):
        right = _word(plays.budget_is_right())
        rows.append(("the month costs its budget", "budget", right, right))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _word(is_so: bool) -> str:
    return "yes" if is_so else "NO"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for terraform in initialised(SCHEMAS[-1], Path(folder)):
            sys.stdout.write(table(terraform.plan("prod")) + "\n")


if __name__ == "__main__":
    main()
