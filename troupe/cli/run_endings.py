"""How the runs of a command ended: its exit code, and what standard error says of them."""

from collections.abc import Sequence

from troupe.exit_codes import ExitCode
from troupe.operations.outcome import Outcome, exit_code
from troupe.operations.run_status import Refusal
from troupe.report.text.outcome import outcome_lines
from troupe.report.text.status import refusal_line

from .output import warn


def code_of(outcomes: Sequence[Outcome], fail_over: float, refusals: Sequence[Refusal] = ()) -> int:
    """Name each run that is no success, with its counts and what follows; return the exit code."""
    for outcome in outcomes:
        if outcome.exit_code(fail_over) != ExitCode.OK:
            warn(outcome_lines(outcome))
    for refusal in refusals:
        warn([f"refused: {refusal_line(refusal).strip()}"])
    return ExitCode.FAILED if refusals else exit_code(outcomes, fail_over)
