"""Stable names of the tables in plain words. An unknown name is shown as it is."""

from collections.abc import Mapping
from typing import Any

from analysis import ERRORS

SKIPPED = {
    "outside_filter": "outside of what was asked for",
    "duplicate": "a further copy of a record in the source",
    "processed": "analysed before",
    "changed": "analysed before; the transcript has changed since",
    "failed_before": "failed for good in an earlier run",
    "held": "held by another run that is not over",
    "empty_transcript": "the transcript is empty",
    "request_too_large": "the transcript is too long for one request",
    "below_floor": "older than an incremental run looks back",
    "beyond_limit": "beyond the limit of this run",
}

STAGES = {
    "jsonl-uploaded": "request file written",
    "job-submitted": "job submitted",
    "job-ended": "job ended: the model answered",
    "results-processed": "answers read and stored",
}
"""In the order of the flow."""

METHODS = {
    "strict": "read as it stands",
    "bom": "byte order mark taken off",
    "fence": "code fence taken off",
    "prose": "words around it taken off",
    "controls": "raw control characters admitted",
    "trailing_comma": "trailing commas dropped",
    "json_repair": "brackets and commas repaired",
}

GRADES = {
    "exact": "exact",
    "mended": "mended, nothing lost",
    "repaired_safe": "repaired, every word proven in its place",
    "repaired_lossy": "repaired, words may be lost",
}

ENDINGS = {
    "failed": "failed for good",
    "released": "released, the next run takes them",
    "open": "still open",
    "cleared": "cleared from the history",
}
"""Of planned records without a row."""

STOPPED = {
    "operator": "an operator cancelled it; the next run takes what it released",
    "breaker": "too many records failed; find the cause in the errors and start a run",
    "budget": "its budget was spent; raise it and start a run",
    "age": "it was open for too long; start a run for what it released",
    "job_refused": "the service refused a job for good; correct the cause and start a run",
}

KINDS = {
    "intent": "Reasons for calling",
    "resolved": "Resolved in the call",
    "tone": "Tone of the customer",
    "language": "Languages",
    "product": "Products named",
}
"""Of the insights, in the order they are shown; sentiment has a picture of its own."""

VALUES = {
    ("resolved", "true"): "resolved",
    ("resolved", "false"): "not resolved",
    ("language", "und"): "und (not determined)",
}


def plain(name: str) -> str:
    """A stable name without its underscores."""
    return name.replace("_", " ")


def skipped(reason: str) -> str:
    return SKIPPED.get(reason, plain(reason))


def method(name: str | None) -> str:
    """Of mends done together each one is named."""
    return ", ".join(METHODS.get(part, plain(part)) for part in (name or NOT_SAID).split("+"))


def grade(name: str | None) -> str:
    return GRADES.get(name or "", plain(name or NOT_SAID))


def value(kind: str, name: str | None) -> str:
    return VALUES.get((kind, str(name)), plain(name)) if name else NOT_SAID


def hint(error_type: str, given: str | None = None) -> str:
    """What to do: as the error's row says, or else as the error_types does."""
    known = ERRORS.get(error_type)
    return given or (known.hint if known else "")


def error(row: Mapping[str, Any]) -> str:
    """An error and what was behind it, in plain words."""
    because = f" after {plain(str(row['cause']))}" if row.get("cause") else ""
    return plain(str(row.get("error_type") or NOT_SAID)) + because


def stopped(reasons: str) -> list[str]:
    """Why a run was stopped; several reasons come joined by commas."""
    found = [reason.strip() for reason in reasons.split(",")]
    return [STOPPED.get(reason, plain(reason)) for reason in found if reason]


NOT_SAID = "not said"
