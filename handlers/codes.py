"""What every line about a system error carries: its stable code, and what to do about it."""

from analysis import ERRORS


def coded(error_type: str) -> dict[str, str]:
    """The name that the error has in `error_tracking`, and its hint."""
    return {"code": error_type, "hint": ERRORS[error_type].hint}
