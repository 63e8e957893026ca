"""The types of a line of a prediction file: its key, how the generation ended, and the answer.

A `PlainLine` is a line without anything unusual. Every other line is decoded as a
`PredictionLine`, which skips the fields that the reader does not use. Lines that neither type
accepts are read by `partial_json`.
"""

from typing import Annotated, Literal

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Part(msgspec.Struct, frozen=True, gc=False):
    text: str | None = None
    thought: bool | None = None


class Content(msgspec.Struct, frozen=True, gc=False):
    parts: list[Part] | None = None


class Candidate(msgspec.Struct, frozen=True, gc=False):
    content: Content | None = None
    finishReason: str | None = None  # noqa: N815 - Vertex AI's spelling


class Feedback(msgspec.Struct, frozen=True, gc=False):
    blockReason: str | None = None  # noqa: N815


class Usage(msgspec.Struct, frozen=True, gc=False):
    promptTokenCount: Count | None = None  # noqa: N815
    cachedContentTokenCount: Count | None = None  # noqa: N815
    thoughtsTokenCount: Count | None = None  # noqa: N815
    candidatesTokenCount: Count | None = None  # noqa: N815


class Response(msgspec.Struct, frozen=True, gc=False):
    candidates: list[Candidate] | None = None
    promptFeedback: Feedback | None = None  # noqa: N815
    usageMetadata: Usage | None = None  # noqa: N815
    modelVersion: str | None = None  # noqa: N815


class Labels(msgspec.Struct, frozen=True, gc=False):
    record: str | None = None


class Echo(msgspec.Struct, frozen=True, gc=False):
    """The echoed request without its text."""

    labels: Labels | None = None


class EchoedPart(msgspec.Struct, frozen=True, gc=False):
    text: str | None = None


class EchoedContent(msgspec.Struct, frozen=True, gc=False):
    parts: list[EchoedPart] | None = None


class EchoWithText(Echo, frozen=True, gc=False):
    contents: list[EchoedContent] | None = None


class PredictionLine(msgspec.Struct, frozen=True, gc=False):
    """A line, decoded as far as the reader needs it."""

    key: str | int | float | None = None
    custom_id: str | int | float | None = None
    status: msgspec.Raw = msgspec.Raw(b"")
    request: Echo | None = None
    response: Response | None = None


class PredictionLineWithText(PredictionLine, frozen=True, gc=False):
    request: EchoWithText | None = None


class PlainPart(msgspec.Struct, frozen=True, gc=False):
    text: msgspec.Raw
    """The literal of the answer's text, so that the rest of the line can be checked without it."""
    thought: None = None


class PlainContent(msgspec.Struct, frozen=True, gc=False):
    parts: tuple[PlainPart]


class PlainCandidate(msgspec.Struct, frozen=True, gc=False):
    content: PlainContent
    finishReason: Literal["STOP"]  # noqa: N815


class PlainResponse(msgspec.Struct, frozen=True, gc=False):
    candidates: tuple[PlainCandidate]
    usageMetadata: Usage = Usage()  # noqa: N815
    modelVersion: str | None = None  # noqa: N815
    promptFeedback: None = None  # noqa: N815


class PlainLine(msgspec.Struct, frozen=True, gc=False):
    """A line with one finished answer of one part; a placeholder replaces the echoed request."""

    status: Literal[""]
    request: str
    """The placeholder."""
    response: PlainResponse
    key: str
    custom_id: None = None


def echoed_text(prediction: PredictionLine) -> str | None:
    """Return the text of the echoed request; None when it was not decoded or has another shape."""
    request = prediction.request
    if not isinstance(request, EchoWithText) or not request.contents:
        return None
    parts = request.contents[0].parts
    return parts[0].text if parts else None


def answer_text(candidate: Candidate) -> str:
    """Join all parts of the answer except thoughts; empty when there is no text."""
    parts = candidate.content.parts if candidate.content else None
    if parts and len(parts) == 1 and not parts[0].thought:
        return parts[0].text or ""
    return "".join(part.text or "" for part in parts or () if not part.thought)
