"""Check how a generation ended before its answer is parsed: only STOP is a finished answer."""

import json
import re

from analysis.reading.answer_parsing import RejectedAnswer
from analysis.reading.prediction_line import PredictionLine

_REASONS = (
    "FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "BLOCKLIST",
    "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL", "MODEL_ARMOR", "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "IMAGE_OTHER", "UNEXPECTED_TOOL_CALL", "NO_IMAGE",
)  # fmt: skip
"""By the number that stands for each where enums are written as numbers."""
_BLOCKED = frozenset(
    {
        "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR",
        "JAILBREAK", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
    }
)  # fmt: skip
_KNOWN = _BLOCKED | {*_REASONS}
_SERVICE_NAMES = frozenset(
    {
        "CANCELLED", "UNKNOWN", "DEADLINE_EXCEEDED", "NOT_FOUND", "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED", "ABORTED", "INTERNAL", "UNAVAILABLE", "UNAUTHENTICATED",
    }
)  # fmt: skip
_REQUEST_NAMES = frozenset(
    {
        "INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE", "UNIMPLEMENTED", "ALREADY_EXISTS",
        "DATA_LOSS",
    }
)  # fmt: skip
_SERVICE_CODES = frozenset({1, 2, 4, 5, 7, 8, 10, 13, 14, 16, 401, 403, 404, 408, 429, 499})
"""Quota, outages, rights and a missing model: the same request may succeed when they are mended."""
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,39}", re.ASCII)
_ANY_CASE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}", re.ASCII)
_CODE = re.compile(r'"code\\?"\s*:\s*\\?"?([0-9]{1,5})\b')
_CODE_IN_WORDS = re.compile(
    r"(?<![\w.-])(40[013489]|41[35]|42[29]|499|50[0-4]|529)(?![\w-]|\.[0-9])"
)
_STATUS = re.compile(r'"status\\?"\s*:\s*\\?"([A-Z][A-Z_]{0,39})\\?"')
_WORD = re.compile(r"[A-Z][A-Z_]{5,39}")
_NO_ERROR = frozenset({"", "OK", "SUCCESS", "SUCCEEDED", "200", "200 OK"})
_NO_REASON = frozenset({None, "", 0, "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED"})


def finished(prediction: PredictionLine) -> tuple[str | None, str]:
    """Return the finish reason (STOP or None) and the text of the answer, which is not blank.

    Raises `RejectedAnswer` for an error of the service, a blocked prompt, a missing candidate, any
    other finish reason, and an answer without text.
    """
    for place in prediction.errors:
        if not _is_no_error(place):
            raise _error_of_service(place)
    if not _is_no_reason(prediction.block_reason):
        raise RejectedAnswer("blocked", f"prompt: {reason_name(prediction.block_reason)}")
    if not prediction.candidate:
        raise _no_candidate(prediction)
    reason = reason_name(prediction.finish_reason)
    error_type = error_of_reason(reason) if reason else None
    if error_type is not None:
        raise RejectedAnswer(error_type, f"finish reason {reason}")
    if prediction.text is None:
        raise RejectedAnswer("json_parse_error", "a part of the answer is not text")
    if not prediction.text or prediction.text.isspace():
        raise RejectedAnswer("empty_answer", "the answer has no text")
    return reason, prediction.text


def error_of_reason(finish_reason: str) -> str | None:
    """Return the error type for a finish reason; None for STOP.

    OTHER, MALFORMED_FUNCTION_CALL and unknown reasons are errors of the service: the answer is not
    read, and another attempt can help.
    """
    if finish_reason == "STOP":
        return None
    if finish_reason == "MAX_TOKENS":
        return "truncated"
    return "blocked" if finish_reason in _BLOCKED else "vertex_ai_error"


def reason_name(reason: object) -> str | None:
    """Return the name of a reason that is given by name, in any case, or by number.

    None for no reason, and UNREADABLE for any other value: free text is neither stored nor logged,
    because it could quote the request. STOP is read in its own spelling only, because what another
    system calls `stop` may mean another thing.
    """
    if reason is None or reason == "":
        return None
    if isinstance(reason, int) and not isinstance(reason, bool) and reason >= 0:
        return _REASONS[reason] if reason < len(_REASONS) else f"REASON_{reason}"[:40]
    if not isinstance(reason, str) or not _ANY_CASE_NAME.fullmatch(reason):
        return "UNREADABLE"
    name = reason.upper()
    if name == reason or (name in _KNOWN and name != "STOP"):
        return name
    return "UNREADABLE"


def _is_no_reason(reason: object) -> bool:
    return isinstance(reason, str | int | None) and reason in _NO_REASON


def _is_no_error(place: object) -> bool:
    if isinstance(place, str):
        return place.strip().upper() in _NO_ERROR
    return not place or (isinstance(place, dict) and place.get("code") == 0)


def _no_candidate(prediction: PredictionLine) -> RejectedAnswer:
    """An empty response is an error of the service; one with other fields is an empty answer."""
    if not prediction.is_prediction:
        return RejectedAnswer("json_parse_error", "not a line of a prediction file")
    if all(value in (None, [], {}) for value in prediction.response.values()):
        return RejectedAnswer("vertex_ai_error", "no response")
    return RejectedAnswer("empty_answer", "no candidates")


def _error_of_service(place: object) -> RejectedAnswer:
    """Tell an error of the service from one of the request, by its code and name.

    They are read from JSON, also within a text, or from the words before it. The message is left
    out: it may quote the request.
    """
    text = place if isinstance(place, str) else json.dumps(place)
    words = text.partition("{")[0]
    code = _CODE.search(text) or _CODE_IN_WORDS.search(words)
    status = _STATUS.search(text)
    known = (word for word in _WORD.findall(words) if word in _SERVICE_NAMES | _REQUEST_NAMES)
    name = status[1] if status else next(known, None)
    is_of_service = name in _SERVICE_NAMES or (code is not None and _is_of_service(int(code[1])))
    parts = [part for part in (code and code[1], name) if part]
    detail = " ".join(parts) or "a status without a code"
    return RejectedAnswer("service_error" if is_of_service else "vertex_ai_error", detail)


def _is_of_service(code: int) -> bool:
    """Tell whether a gRPC code or an HTTP status says nothing about the request itself."""
    return code in _SERVICE_CODES or 500 <= code < 600
