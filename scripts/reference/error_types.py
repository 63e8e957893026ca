"""The table of docs/errors.md."""

from analysis import ERRORS, ErrorType


def error_types_table() -> str:
    """Return the error types as a Markdown table, for docs/errors.md."""
    head = [
        "| error | scope | another attempt helps | next plan takes it | record then | what happened | what you can do |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *(_row(error) for error in ERRORS.values())]) + "\n"


def _row(error: ErrorType) -> str:
    outcome = error.outcome if error.scope == "record" else "–"
    yes_no = [("no", "yes")[flag] for flag in (error.retryable, error.replan)]
    advice = error.advice or "nothing"
    cells = [f"`{error.name}`", error.scope, *yes_no, outcome, error.what, advice]
    return f"| {' | '.join(cells)} |"
