"""The table of error types: every reason why a transcript can have no row."""

from dataclasses import dataclass
from typing import Literal

Scope = Literal["record", "system"]


@dataclass(frozen=True, slots=True)
class ErrorType:
    """What an error type in `error_tracking` means for its record or run.

    retryable    the record stays open: another attempt can help
    replan       the record is released, because the cause lies elsewhere: the next plan checks it
    neither      the record failed: later plans skip it until a reprocess command names it
    """

    name: str
    scope: Scope
    retryable: bool
    replan: bool
    hint: str

    @property
    def outcome(self) -> str:
        """The state of a record whose last error this is: open, released or failed."""
        if self.retryable:
            return "open"
        return "released" if self.replan else "failed"


def _open(name: str, hint: str) -> ErrorType:
    return ErrorType(name, "record", retryable=True, replan=False, hint=hint)


def _failed(name: str, hint: str) -> ErrorType:
    return ErrorType(name, "record", retryable=False, replan=False, hint=hint)


def _released(name: str, hint: str) -> ErrorType:
    return ErrorType(name, "record", retryable=False, replan=True, hint=hint)


def _system(name: str, hint: str, *, retryable: bool = False) -> ErrorType:
    return ErrorType(name, "system", retryable=retryable, replan=False, hint=hint)


_ALL = (
    # the answer
    _open("json_parse_error", "The answer is not a JSON object that can be read safely; retry."),
    _open("missing_summary", "The answer has no summary; retry."),
    _open("vertex_ai_error", "The service refused or aborted this request; retry."),
    _open("service_error", "The service failed (429, 5xx, rights); retry, it costs no attempt."),
    _open("truncated", "The answer was cut off; retry with a larger output limit."),
    _failed("blocked", "A safety filter blocked the answer; read the transcript yourself."),
    _open("empty_answer", "The model finished without any text; retry."),
    _open("incomplete_answer", "Too much of what the schema requires is missing; retry."),
    _open("schema_mismatch", "A field has a type or value outside the schema; retry."),
    _open("repaired_lossy", "Only a repair that may have lost text can read the answer; retry."),
    # the key
    _open("key_mismatch", "The answer is under another record's key; retry."),
    _open("unknown_key", "The line has no key of this batch; its record is retried."),
    _open("duplicate_key", "One key has several different answers; retry."),
    _open("missing_response", "The request was sent, and the output has no line for it; retry."),
    _open("no_answer", "Its job broke off before it answered; retry, it costs no attempt."),
    _failed("lookup_miss", "No source row has both ids of this key; correct the lookup file."),
    # what became of the record
    _failed("attempts_exhausted", "Every attempt failed; look at the earlier errors."),
    _released("empty_transcript", "The transcript is empty; each plan checks it again."),
    _released("request_too_large", "Too long for one request; each plan checks it again."),
    _released("cancelled", "The run was cancelled; the next run takes the record."),
    _released("budget_exhausted", "The budget was spent; raise it and start a run."),
    _released("breaker_tripped", "Too many records failed; find the cause and start a run."),
    _released("run_too_old", "The run was open for too long; start a run for the rest."),
    _released("outage", "Nothing was answered for a day; start a run when the service is back."),
    _released("job_failed", "Three jobs in a row broke off; the next run takes the record."),
    _released("service_error_repeated", "The service failed on it; the next run takes it."),
    _released("job_refused", "The service refused the job for good; correct it and start a run."),
    _released("discarded", "An operator closed the attempt; the next run takes the record."),
    _released(
        "not_reread",
        "Its stored answer is refused by the new rules too, or is gone; reprocess asks again.",
    ),
    _released("cleared", "Its row was cleared; the next run takes a record that has no newer one."),
    # the system
    _system("output_missing", "The job succeeded without output; check bucket and permissions."),
    _system("shard_missing", "Part of the output is missing; replay when it is there."),
    _system(
        "analysis_unreadable",
        "This version cannot read the analysis of the plan; deploy a newer one, then replay.",
    ),
    _system("object_conflict", "Another object has this name; check it before you remove it."),
    _system("stuck_event", "No handler finished this event; read the handler's log, then replay."),
    _system(
        "unreadable_message", "The message is not an event of the catalogue; correct its sender."
    ),
    _system("dead_lettered", "A handler gave up on this event; correct the cause, then replay."),
    _system("paid_in_vain", "A job ran for a closed attempt; it was cancelled, nobody reads it."),
    _system("run_refused", "The request is not valid; correct it and publish it again."),
)

ERRORS: dict[str, ErrorType] = {error.name: error for error in _ALL}
"""Every error type by its name, in the order of the table."""


def log_fields(error_type: str) -> dict[str, str]:
    """Return what a log line about a system error carries: its stable code, and what to do."""
    return {"code": error_type, "hint": ERRORS[error_type].hint}


def error_types_table() -> str:
    """Return the error types as a Markdown table, for docs/errors.md."""
    head = [
        "| error | scope | another attempt helps | next plan takes it | record then | hint |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *(_row(error) for error in ERRORS.values())]) + "\n"


def _row(error: ErrorType) -> str:
    outcome = error.outcome if error.scope == "record" else "–"
    yes_no = [("no", "yes")[flag] for flag in (error.retryable, error.replan)]
    cells = [f"`{error.name}`", error.scope, *yes_no, outcome, error.hint]
    return f"| {' | '.join(cells)} |"
