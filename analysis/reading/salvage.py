"""Takes an envelope from a line that the typed decode refused.

Either the line is whole and has a field of an unforeseen type, or it is broken. What is taken
stands at its exact path in the part before the break: the answer only below `response`, never
from the echoed request, and only from a list of parts that was seen to its end.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from analysis.reading.partial_json import CLOSED, Broken, Path, literal, scan
from analysis.reading.prediction_line import (
    Candidate,
    Content,
    EchoedContent,
    EchoedPart,
    EchoWithText,
    EnvelopeWithText,
    Feedback,
    Labels,
    Part,
    Response,
    Usage,
)

_CANDIDATE: Path = ("response", "candidates", 0)
_PARTS: Path = (*_CANDIDATE, "content", "parts")
_DIGITS = re.compile(r"[0-9]{1,15}")
_COUNTS = (
    "promptTokenCount",
    "cachedContentTokenCount",
    "thoughtsTokenCount",
    "candidatesTokenCount",
)


def salvage(line: bytes) -> tuple[EnvelopeWithText, bool]:
    """The fields that could be read, and whether the line was whole."""
    found: dict[Path, Any] = {}
    # Bytes that are no UTF-8 become lone surrogates, which no row may hold.
    text = line.decode("utf-8", "surrogateescape")
    whole = False
    try:
        for path, value in scan(text):
            if path in found:
                break  # a property stands twice: nobody knows which one counts
            found[path] = value
        else:
            whole = True
    except (Broken, RecursionError):
        pass
    return _envelope(found), whole


def _envelope(found: Mapping[Path, Any]) -> EnvelopeWithText:
    def text(*path: str | int) -> str | None:
        return literal(found.get(path))

    echoed = text("request", "contents", 0, "parts", 0, "text")
    label = text("request", "labels", "record")
    return EnvelopeWithText(
        key=text("key"),
        custom_id=text("custom_id"),
        status=msgspec.Raw(_status(found).encode("utf-8", "replace")),
        request=EchoWithText(
            labels=Labels(label),
            contents=[EchoedContent([EchoedPart(echoed)])],
        ),
        response=_response(found),
    )


def _status(found: Mapping[Path, Any]) -> str:
    inside = [value for path, value in found.items() if path[:1] == ("status",)]
    return " ".join(value for value in inside if value is not CLOSED)


def _response(found: Mapping[Path, Any]) -> Response | None:
    inside = {path: value for path, value in found.items() if path[:1] == ("response",)}
    if not inside:
        return None
    counts = {name: _count(inside.get(("response", "usageMetadata", name))) for name in _COUNTS}
    answered = any(path[:3] == _CANDIDATE for path in inside)
    block = literal(inside.get(("response", "promptFeedback", "blockReason")))
    return Response(
        candidates=[_candidate(inside)] if answered else None,
        promptFeedback=Feedback(block) if block else None,
        usageMetadata=Usage(**counts) if any(counts.values()) else None,
        modelVersion=literal(inside.get(("response", "modelVersion"))),
    )


def _candidate(inside: Mapping[Path, Any]) -> Candidate:
    seen_to_the_end = inside.get(_PARTS) is CLOSED
    return Candidate(
        content=Content(_parts(inside)) if seen_to_the_end else None,
        finishReason=literal(inside.get((*_CANDIDATE, "finishReason"))),
    )


def _parts(inside: Mapping[Path, Any]) -> list[Part] | None:
    """The parts in order; None when one of them holds a text that cannot be read."""
    at = len(_PARTS)
    places = {path[at] for path in inside if path[:at] == _PARTS and len(path) > at}
    parts = []
    for index in sorted(place for place in places if isinstance(place, int)):
        raw = inside.get((*_PARTS, index, "text"))
        text = literal(raw)
        if raw not in {None, "null"} and text is None:
            return None
        thought = inside.get((*_PARTS, index, "thought"), "false") not in {"false", "null"}
        parts.append(Part(text=text, thought=thought))
    return parts


def _count(value: object) -> int | None:
    return int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else None
