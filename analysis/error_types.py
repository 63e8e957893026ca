"""The one table of everything that can keep a transcript from its row."""

from dataclasses import dataclass
from typing import Literal

Scope = Literal["record", "system"]


@dataclass(frozen=True, slots=True)
class ErrorType:
    """What a name in `error_tracking` means for the record or the run that carries it.

    retryable           another attempt can help: the record stays open
    neither of the two  failed for good: later plans skip it until a reprocess names it
    replan alone        released: no fault of the record, the next plan judges it again
    """

    name: str
    scope: Scope
    retryable: bool
    replan: bool
    hint: str

    @property
    def outcome(self) -> str:
        """The state of a record whose last word is this error."""
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
    _open("json_parse_error", "The answer is no JSON object that can be trusted; ask again."),
    _open("missing_summary", "The answer has no summary; ask again."),
    _open("vertex_ai_error", "The service refused or broke off this request; ask again."),
    _open("truncated", "The answer was cut off; ask again with a larger output cap."),
    _failed("blocked", "A safety filter refused the call; read the transcript yourself."),
    _open("empty_answer", "The model finished without saying anything; ask again."),
    _open("schema_mismatch", "A field has a type or value outside the schema; ask again."),
    _open("repaired_lossy", "Readable only by a repair that may have lost text; ask again."),
    # the key
    _open("key_mismatch", "The answer stands under another record's key; ask again."),
    _open("unknown_key", "The line carries no key of this batch; its record is asked again."),
    _open("duplicate_key", "One key came back more than once with different answers; ask again."),
    _open("missing_response", "The request was sent and no line came back; ask again."),
    _failed("lookup_miss", "No source row has both ids of this key; correct the lookup file."),
    # the record's course
    _failed("attempts_exhausted", "Every attempt failed; look at the errors before this one."),
    _released("empty_transcript", "There is nothing to analyse; judged again by each plan."),
    _released("request_too_large", "Too long for one request; judged again by each plan."),
    _released("already_analysed", "Another run stored this record meanwhile; nothing is lost."),
    _released("cancelled", "The run was cancelled; the next run takes the record."),
    _released("budget_exhausted", "The budget was spent; raise it and start a run."),
    _released("breaker_tripped", "Too many records failed; find the cause and start a run."),
    _released("run_too_old", "The run was open for too long; start a run for the rest."),
    _released("job_refused", "The service refused the job for good; correct it, start a run."),
    _released("discarded", "An operator closed the attempt; the next run takes the record."),
    _released("cleared", "Its history was cleared; the next run takes the record."),
    # the system
    _system("output_missing", "The job succeeded without output; look at bucket and rights."),
    _system("shard_missing", "Part of the output is not there yet; replay when it is."),
    _system("object_conflict", "Another object has this name; look before you remove it."),
    _system("stuck_event", "Nobody finished this event; look at the handler's log, then replay."),
    _system("unreadable_message", "The message is no event of the catalogue; correct its sender."),
    _system("dead_lettered", "A handler gave this event up; correct the cause, then replay."),
    _system("run_refused", "The request is not valid; correct it and ask again."),
)

ERRORS: dict[str, ErrorType] = {error.name: error for error in _ALL}
"""Every error type by its name, in the order of the table."""


def log_fields(error_type: str) -> dict[str, str]:
    """Return what a log line about a system error carries: its stable code, and what to do."""
    return {"code": error_type, "hint": ERRORS[error_type].hint}


def error_types_table() -> str:
    """The error_types as a Markdown table, for the documentation."""
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
