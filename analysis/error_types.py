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
    what: str
    """What happened, as a sentence."""
    advice: str
    """What a user can do, as a sentence; empty where the next step of the system is all."""

    @property
    def outcome(self) -> str:
        """The state of a record whose last error this is: open, released or failed."""
        if self.retryable:
            return "open"
        return "released" if self.replan else "failed"

    @property
    def done(self) -> str:
        """What the system does about it by itself, as a sentence; empty for an error of no record."""
        if self.scope == "system":
            return ""
        if self.retryable:
            return "It is asked again."
        return "The next run takes it." if self.replan else "It is not asked again by itself."

    @property
    def hint(self) -> str:
        """What happened, what the system does, and what a user can do."""
        return " ".join(part for part in (self.what, self.done, self.advice) if part)


def _open(name: str, what: str, advice: str = "") -> ErrorType:
    return ErrorType(name, "record", retryable=True, replan=False, what=what, advice=advice)


def _failed(name: str, what: str, advice: str = "") -> ErrorType:
    return ErrorType(name, "record", retryable=False, replan=False, what=what, advice=advice)


def _released(name: str, what: str, advice: str = "") -> ErrorType:
    return ErrorType(name, "record", retryable=False, replan=True, what=what, advice=advice)


def _system(name: str, what: str, advice: str = "", *, retryable: bool = False) -> ErrorType:
    return ErrorType(name, "system", retryable=retryable, replan=False, what=what, advice=advice)


_ALL = (
    # the answer
    _open("json_parse_error", "The answer is not a JSON object that can be read safely."),
    _open("missing_summary", "The answer has no summary."),
    _open("vertex_ai_error", "The service refused or aborted this request."),
    _open("service_error", "The service failed (429, 5xx, rights); that costs no attempt."),
    _open("truncated", "The answer was cut off.", "If it stays, raise max_output_tokens."),
    _failed("blocked", "A safety filter blocked the answer.", "Read the transcript yourself."),
    _open("empty_answer", "The model finished without any text."),
    _open(
        "incomplete_answer",
        "Too much of what the schema requires is missing.",
        "If it is frequent, lower min_complete and reread the run.",
    ),
    _open(
        "schema_mismatch",
        "A field has a type or value outside the schema.",
        "If it is frequent, add equivalents and reread the run.",
    ),
    _open("repaired_lossy", "Only a repair that may have lost text can read the answer."),
    # the key
    _open("key_mismatch", "The answer is under another record's key."),
    _open("unknown_key", "The line has no key of this batch; its record counts as unanswered."),
    _open("duplicate_key", "One key has several different answers."),
    _open("missing_response", "The request was sent, and the output has no line for it."),
    _open("no_answer", "Its job broke off before it answered; that costs no attempt."),
    _failed("lookup_miss", "No source row has both ids of this key.", "Correct the lookup file."),
    # what became of the record
    _failed(
        "attempts_exhausted",
        "It was asked as often as the run allows, and no answer was good.",
        "Look at the earlier errors, correct their cause, and reprocess.",
    ),
    _released("empty_transcript", "The transcript is empty.", "Correct it at the source."),
    _released("request_too_large", "Too long for one request.", "Shorten it at the source."),
    _released("cancelled", "The run was cancelled."),
    _released("budget_exhausted", "The budget was spent.", "Raise it and start a run."),
    _released("breaker_tripped", "Too many records failed.", "Find the cause and start a run."),
    _released("run_too_old", "The run was open for too long.", "Start a run."),
    _released("outage", "Nothing was answered for a day.", "Start a run when the service is back."),
    _released("job_failed", "Three jobs in a row broke off."),
    _released("service_error_repeated", "The service failed on it at every attempt."),
    _released("job_refused", "The service refused the job for good.", "Correct the cause."),
    _released("discarded", "An operator closed the attempt."),
    _released(
        "not_reread",
        "Its stored answer is refused by the new rules too, or is gone.",
        "Reprocess asks the model again.",
    ),
    _released("cleared", "Its row was cleared; a record with a newer row is left out."),
    # the system
    _system("output_missing", "The job succeeded without output.", "Check bucket and permissions."),
    _system("shard_missing", "Part of the output is missing.", "Replay when it is there."),
    _system(
        "analysis_unreadable",
        "This version cannot read the analysis of the plan.",
        "Deploy a newer one, then replay.",
    ),
    _system(
        "object_conflict",
        "Another object has the name of this file.",
        "Check it before you remove it.",
    ),
    _system(
        "stuck_event",
        "No handler finished this event.",
        "Read the handler's log, then replay.",
    ),
    _system(
        "unreadable_message",
        "The message is not an event of the catalogue.",
        "Correct its sender.",
    ),
    _system("dead_lettered", "A handler gave up on this event.", "Correct the cause, then replay."),
    _system(
        "paid_in_vain",
        "A job ran for a closed attempt; it was cancelled, and its answers are not read.",
    ),
    _system("run_refused", "The request is not valid.", "Correct it and publish it again."),
)

ERRORS: dict[str, ErrorType] = {error.name: error for error in _ALL}
"""Every error type by its name, in the order of the table."""


def log_fields(error_type: str) -> dict[str, str]:
    """Return what a log line about a system error carries: its stable code, and what to do."""
    return {"code": error_type, "hint": ERRORS[error_type].hint}
