"""Readable labels for the stable names of the tables. An unknown name is shown as it is."""

from analysis import ERRORS
from analysis.models import STAND_IN, names_of
from handlers.summary.attribute_groups import AttributeValue
from handlers.summary.changed_fields import ChangedField

SKIPPED = {
    "no_identity": "neither an interaction id nor a reference id",
    "duplicate": "a further copy of a record, with the same text",
    "conflicting_copies": "a further copy of a record, with another text than the newest",
    "outside_filter": "outside the filters of the request",
    "held": "held by another run that is not over",
    "processed": "analysed before",
    "changed": "analysed before; the transcript has changed since",
    "failed_before": "failed for good in an earlier run",
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
    "bom": "byte order mark removed",
    "fence": "code fence removed",
    "prose": "words around it removed",
    "controls": "raw control characters accepted",
    "trailing_comma": "trailing commas removed",
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
    "released": "released, the next run selects them",
    "open": "still open",
    "cleared": "cleared from the history",
}
"""Of planned records without a row."""

STOPPED = {
    "operator": "an operator cancelled it; the next run selects what it released",
    "breaker": "too many records failed; find the cause in the errors and start a run",
    "budget": "its budget was spent; raise it and start a run",
    "age": "it was open for too long; start a run for what it released",
    "outage": "nothing was answered for a day; start a run when the service is back",
    "job_refused": "the service refused a job for good; correct the cause and start a run",
}

NO_VALUE = "no value"


def attribute_value(value: AttributeValue) -> str:
    """The value of a call attribute, or what stands for the values that are not named."""
    if value.is_other:
        return f"other ({value.distinct_values:,} values)"
    return NO_VALUE if value.value is None else value.value


def plain(name: str) -> str:
    """A stable name without its underscores."""
    return name.replace("_", " ")


def prompt(analysis: str, fingerprint: str) -> str:
    """An analysis with the hash of what it asks."""
    return f"{analysis} (prompt {fingerprint})"


def model(planned: str, answered_by: str | None) -> str:
    """The model that answered: the planned one, one of the user's own, or none."""
    others = [name for name in names_of(answered_by) if not _is_version_of(name, planned)]
    shown = [f"{name} for {planned}" if name == STAND_IN else name for name in others]
    return ", ".join(shown) or planned


def _is_version_of(name: str, planned: str) -> bool:
    """The service answers with a version: gemini-2.5-flash as gemini-2.5-flash-001."""
    return name.rsplit("/", 1)[-1].startswith(planned.rsplit("/", 1)[-1].split("@")[0])


def skipped(reason: str) -> str:
    return SKIPPED.get(reason, plain(reason))


def method(name: str | None) -> str:
    """How an answer was read; several mends are joined by + in the name."""
    return ", ".join(METHODS.get(part, plain(part)) for part in (name or NO_VALUE).split("+"))


def grade(name: str | None) -> str:
    return GRADES.get(name or "", plain(name or NO_VALUE))


def grades(repair_grade: str | None, fit: str | None) -> str:
    """How the JSON was read, and how its values fit the schema."""
    values = {"normalised": ", values normalised", "partial": ", some values left null"}
    return grade(repair_grade) + values.get(fit or "", "")


def changed(field: ChangedField) -> str:
    """In how many rows a column was changed, and what the model wrote there."""
    counts = [
        (field.normalised, "normalised"), (field.nulled, "left null"), (field.refused, "refused"),
    ]  # fmt: skip
    text = ", ".join(f"{number:,} {how}" for number, how in counts if number)
    return f"{text} ({', '.join(field.examples)})" if field.examples else text


def hint(error_type: str, given: str | None = None) -> str:
    """What happened, what the system does and what a user can do: by its row, or else its type."""
    known = ERRORS.get(error_type)
    return given or (known.hint if known else "")


def what(error_type: str, given: str | None = None) -> str:
    """What happened: by the type of the error, or else the hint of its row."""
    known = ERRORS.get(error_type)
    return known.what if known else given or ""


def advice(error_type: str) -> str:
    """What a user can do about an error; empty for none."""
    known = ERRORS.get(error_type)
    return known.advice if known else ""


def error(error_type: str | None, cause: str | None) -> str:
    """An error and its cause."""
    because = f" after {plain(cause)}" if cause else ""
    return plain(error_type or NO_VALUE) + because


def stop_reason(reason: str) -> str:
    return STOPPED.get(reason, plain(reason))
