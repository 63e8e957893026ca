"""Read the reply of a chat completions endpoint, whatever it is made of.

The habits of servers and models are in the tables below; docs/how-to/local-model.md lists them.
"""

import re
from collections.abc import Mapping
from typing import Any

from analysis.strict_json import NotStrict, parse
from troupe.endpoint.failure import EndpointFailure, may_pass
from troupe.standin.prediction_lines import Answer

FINISH_REASONS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "stop", "eos", "eos_token", "eosfound", "stop_sequence", "stop_string",
            "stopstringfound", "end_turn", "end_of_turn", "complete", "completed", "done",
        ),
        "STOP",
    ),
    **dict.fromkeys(
        (
            "length", "max_tokens", "max_length", "max_output_tokens", "model_length", "limit",
            "maxpredictedtokensreached", "contextlengthreached",
        ),
        "MAX_TOKENS",
    ),
    **dict.fromkeys(("content_filter", "content_filtered", "safety", "refusal"), "SAFETY"),
}  # fmt: skip
"""Vertex's reason for each, in lower case. Any other text is OTHER: the answer is not read.

Without a reason (missing, null or empty) the answer is read only if it is a whole JSON object.
"""

UNREADABLE = "UNREADABLE_CONTENT"
"""Finish reason of a reply whose content is of no known kind: an error of its record."""

_REASONING_ENDS = re.compile(
    r"</(?:think|thinking|thought|reasoning|seed:think)>|\[/THINK\]|◁/think▷"
    r"|<\|channel\|>final(?:\s*<\|constrain\|>\s*\w+)?\s*<\|message\|>"
)
_REASONING_BEGINS = re.compile(
    r"<(?:think|thinking|thought|reasoning|seed:think)>|\[THINK\]|◁think▷|<\|channel\|>analysis"
)
_NOT_BLANK = re.compile(r"\S")
_ANSWER_BEGINS = ("{", "[", "```")
_ANSWER_ENDS = ("}", "]", "```")
_LONGEST_MARK = 40
_MARK = re.compile(r"<\|[a-zA-Z_]{2,30}\|>|</s>|<end_of_turn>|<eos>")
_LAST_MARK = re.compile(rf"(?:{_MARK.pattern})\s*\Z")

_MAX_COUNT = 2**53


def read_completion(body: bytes, model: str) -> Answer:
    """Return the answer in a reply with status 200; `model` is the name that is stored with it.

    Raises `EndpointFailure` for a reply that is no chat completion: the model may not have been
    asked at all. Content of an unknown kind was paid for, so it is an answer, with the finish
    reason `UNREADABLE_CONTENT`.
    """
    reply = _parsed(body)
    choice = _first(reply.get("choices"))
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(message, Mapping) or not isinstance(choice, Mapping):
        raise _no_completion(reply)
    text, reason = _text_of(message.get("content")), _finish(choice.get("finish_reason"))
    if text is None or not _is_unicode(text):
        text, reason = "", UNREADABLE
    elif not text and message.get("refusal"):
        reason = "SAFETY"
    usage = reply.get("usage")
    counts = usage if isinstance(usage, Mapping) else {}
    return Answer(
        text=answer_part(text),
        finish_reason=reason,
        prompt_tokens=_count(counts.get("prompt_tokens")),
        answer_tokens=_count(counts.get("completion_tokens")),
        model=model,
    )


def answer_part(text: str) -> str:
    """Cut off reasoning before the answer, and the model's own marks behind it.

    Reasoning without an end leaves nothing: the answer never began.
    """
    start = _skip_blanks(text, 0)
    while _REASONING_BEGINS.match(text, start) or not text.startswith(_ANSWER_BEGINS, start):
        end = _REASONING_ENDS.search(text, start)
        if end is None:
            break
        start = _skip_blanks(text, end.end())
    if _REASONING_BEGINS.match(text, start):
        return ""
    return _without_marks(text[start:].rstrip())


def _skip_blanks(text: str, start: int) -> int:
    match = _NOT_BLANK.search(text, start)
    return match.start() if match else len(text)


def _without_marks(text: str) -> str:
    """Cut at a mark behind a closed object, where a model that runs on invents the next turn.

    Behind anything else marks are cut off at the end alone: the text may quote one.
    """
    first = _MARK.search(text)
    if first is None:
        return text
    before = text[: first.start()].rstrip()
    if before.endswith(_ANSWER_ENDS):
        return before
    end = len(text)
    while mark := _LAST_MARK.search(text, max(0, end - _LONGEST_MARK), end):
        end = mark.start()
    return text[:end].rstrip()


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        reply = parse(body.decode("utf-8-sig"))
    except (NotStrict, UnicodeDecodeError) as error:
        raise _bad_gateway("the reply is not JSON in UTF-8") from error
    if not isinstance(reply, Mapping):
        raise _bad_gateway("the reply is not a JSON object")
    return reply


def _no_completion(reply: Mapping[str, Any]) -> EndpointFailure:
    """Some servers and gateways answer 200 and put the error into the body."""
    error = reply.get("error")
    code = _count(error.get("code")) if isinstance(error, Mapping) else None
    if code is not None and 400 <= code < 600 and may_pass(code):
        return EndpointFailure(code, "Error In Reply", "the reply holds an error")
    return _bad_gateway("the reply holds an error" if error else "the reply has no choices")


def _bad_gateway(reason: str) -> EndpointFailure:
    return EndpointFailure(502, "Bad Gateway", reason, of_request=True)


def _first(values: Any) -> Any:
    return values[0] if isinstance(values, list) and values else None


def _text_of(content: Any) -> str | None:
    """Join the texts of a reply's content; None for a form that holds no text."""
    if content is None:
        return ""
    if isinstance(content, list):
        texts = [_text_of_chunk(chunk) for chunk in content]
        return None if None in texts else "".join(text for text in texts if text)
    return _text_of_chunk(content)


def _text_of_chunk(chunk: Any) -> str | None:
    """The text of one chunk; empty for chunks of other kinds, such as `thinking`."""
    if isinstance(chunk, str):
        return chunk
    if not isinstance(chunk, Mapping):
        return None
    kind, text = chunk.get("type"), chunk.get("text")
    if kind in (None, "text", "output_text"):
        return text if isinstance(text, str) else None
    return "" if isinstance(kind, str) else None


def _finish(reason: Any) -> str | None:
    if reason is None or reason == "":
        return None
    return FINISH_REASONS.get(reason.lower(), "OTHER") if isinstance(reason, str) else "OTHER"


def _is_unicode(text: str) -> bool:
    """Whether the text has a UTF-8 form: JSON's escapes can spell half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _count(value: Any) -> int | None:
    """A count of tokens, also as text; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return value if is_count and 0 <= value <= _MAX_COUNT else None
