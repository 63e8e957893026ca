"""Check how a generation ended before its answer is parsed: only STOP is a finished answer."""

import re

from analysis.reading.answer_parsing import (
    Answer,
    Contract,
    RejectedAnswer,
    read_answer,
    read_strictly,
)
from analysis.reading.prediction_line import PredictionLine, Response, answer_text
from analysis.strict_json import InvalidJson

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
_SERVICE_NAMES = frozenset(
    {
        "CANCELLED",
        "UNKNOWN",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "ABORTED",
        "INTERNAL",
        "UNAVAILABLE",
        "UNAUTHENTICATED",
    }
)
_SERVICE_CODES = frozenset({1, 2, 4, 5, 7, 8, 10, 13, 14, 16, 401, 403, 404, 408, 429, 499})
"""Quota, outages, rights and a missing model: the same request may succeed when they are mended."""
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
_CODE = re.compile(rb'"code\\?"\s*:\s*([0-9]{1,5})\b')
_STATUS = re.compile(rb'"status\\?"\s*:\s*\\?"([A-Z][A-Z_]{0,39})\\?"')
_NO_STATUS = frozenset({b"", b'""', b"null", b"{}"})
_NO_REASON = frozenset({None, "", "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED"})


def error_of_reason(finish_reason: str) -> str | None:
    """Return the error type for a finish reason; None for STOP.

    OTHER, MALFORMED_FUNCTION_CALL and unknown reasons are errors of the service: the answer is not
    read, and another attempt can help.
    """
    if finish_reason == "STOP":
        return None
    if finish_reason in _TRUNCATED:
        return "truncated"
    return "blocked" if finish_reason in _BLOCKED else "vertex_ai_error"


def storable_reason(reason: str | None) -> str | None:
    """Return a reason that looks like a constant as it is, and any other text as UNREADABLE.

    Free text is neither stored nor logged: it could quote the request.
    """
    if reason == "STOP" or not reason:
        return reason or None
    return reason if _NAME.fullmatch(reason) else "UNREADABLE"


def read_whole(prediction: PredictionLine, contract: Contract, *, admit_lossy: bool) -> Answer:
    """Parse the answer of a whole line. Raises `RejectedAnswer`.

    An answer without a finish reason is parsed strictly: a truncated answer is never a complete
    object, but a cleanup or a repair could make it look like one.
    """
    reason, text = finished(prediction)
    if not text or text.isspace():
        raise RejectedAnswer("empty_answer", "the answer has no text")
    if reason:
        return read_answer(text, contract, admit_lossy=admit_lossy)
    try:
        return read_strictly(text, contract)
    except InvalidJson:
        raise RejectedAnswer(
            "truncated", "no finish reason, and the answer is incomplete"
        ) from None


def read_broken(prediction: PredictionLine, contract: Contract) -> Answer:
    """Parse the answer of a broken line, if it finished, strictly. Raises `RejectedAnswer`."""
    try:
        reason, text = finished(prediction)
        if reason and text:
            return read_strictly(text, contract)
    except InvalidJson:
        pass
    except RejectedAnswer as rejected:
        if rejected.error_type != "empty_answer" and _has_outcome(prediction):
            raise
    raise RejectedAnswer("json_parse_error", "the line is broken") from None


def _has_outcome(prediction: PredictionLine) -> bool:
    """Return whether a response or an error status was read; without one, any error is a guess."""
    return prediction.response is not None or bytes(prediction.status) not in _NO_STATUS


def finished(prediction: PredictionLine) -> tuple[str | None, str]:
    """Return the finish reason (STOP or None) and the text of the answer.

    Raises `RejectedAnswer` for an error status, a blocked prompt, a missing candidate and any other
    finish reason.
    """
    status = bytes(prediction.status)
    if status not in _NO_STATUS:
        raise _error_status(status)
    response = prediction.response
    feedback = response.promptFeedback if response else None
    if feedback and feedback.blockReason not in _NO_REASON:
        raise RejectedAnswer("blocked", f"prompt: {storable_reason(feedback.blockReason)}")
    if response is None or not response.candidates:
        raise _no_candidates(response)
    candidate = response.candidates[0]
    reason = candidate.finishReason
    error_type = error_of_reason(reason) if reason else None
    if error_type is not None:
        raise RejectedAnswer(error_type, f"finish reason {storable_reason(reason)}")
    return reason, answer_text(candidate)


def _no_candidates(response: Response | None) -> RejectedAnswer:
    """An empty response is an error of the service; one with other fields is an empty answer."""
    if response is None or response == Response() or response == Response(candidates=[]):
        return RejectedAnswer("vertex_ai_error", "no response")
    return RejectedAnswer("empty_answer", "no candidates")


def _error_status(status: bytes) -> RejectedAnswer:
    """Tell an error of the service from one of the request, by code and name of a row's status.

    Its message is left out: it may quote the request.
    """
    code, name = (
        match and match[1].decode() for match in (_CODE.search(status), _STATUS.search(status))
    )
    is_of_service = name in _SERVICE_NAMES or (code is not None and _is_of_service(int(code)))
    detail = " ".join(part for part in (code, name) if part) or "a status without a code"
    return RejectedAnswer("service_error" if is_of_service else "vertex_ai_error", detail)


def _is_of_service(code: int) -> bool:
    """Tell whether a gRPC code or an HTTP status says nothing about the request itself."""
    return code in _SERVICE_CODES or 500 <= code < 600
