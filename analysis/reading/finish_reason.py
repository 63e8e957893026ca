"""How a generation ended decides before anything is read: only STOP is a finished answer."""

import re

from analysis.contract import Contract, Unfit
from analysis.reading.answer_parsing import Answer, read_answer, read_strictly
from analysis.reading.prediction_line import Envelope, Response, answer_text
from analysis.reading.strict_json import Malformed

_TRUNCATED = frozenset({"MAX_TOKENS"})
_BLOCKED = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "MODEL_ARMOR",
        "JAILBREAK",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
    }
)
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,39}")


_CODE = re.compile(rb'"code\\?"\s*:\s*([0-9]{1,5})\b')
_STATUS = re.compile(rb'"status\\?"\s*:\s*\\?"([A-Z][A-Z_]{0,39})\\?"')
_NO_STATUS = frozenset({b"", b'""', b"null", b"{}"})
_NO_REASON = frozenset({None, "", "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED"})


def refusal(finish_reason: str) -> str | None:
    """The error type of an answer that ended so; None for STOP.

    OTHER, MALFORMED_FUNCTION_CALL and every reason that nobody knows today are the service's
    trouble: the answer is not read, and another attempt can help.
    """
    if finish_reason == "STOP":
        return None
    if finish_reason in _TRUNCATED:
        return "truncated"
    return "blocked" if finish_reason in _BLOCKED else "vertex_ai_error"


def shown(reason: str | None) -> str | None:
    """A reason as it may be stored and logged: a plain constant, or that it is none."""
    if reason == "STOP" or not reason:
        return reason or None
    return reason if _NAME.fullmatch(reason) else "UNREADABLE"


def read_whole(envelope: Envelope, contract: Contract, *, admit_lossy: bool) -> Answer:
    """The answer of a line that was read to its end. Raises `Unfit`.

    An answer without any finish reason counts only when it is whole as it stands: what was cut
    is never a complete object, but a mend or a repair might make it look like one.
    """
    reason, text = finished(envelope)
    if not text or text.isspace():
        raise Unfit("empty_answer", "the model said nothing")
    if reason:
        return read_answer(text, contract, admit_lossy=admit_lossy)
    try:
        return read_strictly(text, contract)
    except Malformed:
        raise Unfit("truncated", "no finish reason, and the answer is not whole") from None


def read_broken(envelope: Envelope, contract: Contract) -> Answer:
    """The answer of a broken line, if it finished and is whole. Raises `Unfit`."""
    try:
        reason, text = finished(envelope)
        if reason and text:
            return read_strictly(text, contract)
    except Malformed:
        pass
    except Unfit as unfit:
        if unfit.error_type != "empty_answer" and _says_something(envelope):
            raise
    raise Unfit("json_parse_error", "the line is broken") from None


def _says_something(envelope: Envelope) -> bool:
    return envelope.response is not None or bytes(envelope.status) not in _NO_STATUS


def finished(envelope: Envelope) -> tuple[str | None, str]:
    """Finish reason (STOP or none at all) and text of the answer. Raises `Unfit`."""
    status = bytes(envelope.status)
    if status not in _NO_STATUS:
        raise Unfit("vertex_ai_error", _codes(status))
    response = envelope.response
    feedback = response.promptFeedback if response else None
    if feedback and feedback.blockReason not in _NO_REASON:
        raise Unfit("blocked", f"prompt: {shown(feedback.blockReason)}")
    if response is None or not response.candidates:
        raise _no_candidates(response)
    candidate = response.candidates[0]
    reason = candidate.finishReason
    error_type = refusal(reason) if reason else None
    if error_type is not None:
        raise Unfit(error_type, f"finish reason {shown(reason)}")
    return reason, answer_text(candidate)


def _no_candidates(response: Response | None) -> Unfit:
    """A response that is empty altogether is the service's failure, not the model's silence."""
    if response is None or response == Response() or response == Response(candidates=[]):
        return Unfit("vertex_ai_error", "no response")
    return Unfit("empty_answer", "no candidates")


def _codes(status: bytes) -> str:
    """Code and name of a row's status, never its message: that may quote the request."""
    found = [match[1].decode() for match in (_CODE.search(status), _STATUS.search(status)) if match]
    return " ".join(found) or "a status without a code"
