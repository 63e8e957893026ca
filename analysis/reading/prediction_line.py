"""One line of a prediction file: who it belongs to, how it ended, what was said.

A `PlainLine` has nothing unusual about it, by its types. Every other line is an `Envelope`: one
typed decode that skips what nobody asks for. A line that even this refuses goes to `salvage`,
which takes the same fields by their exact paths.
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
    finishReason: str | None = None  # noqa: N815 - the service's own spelling


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
    """The request as it came back, when nobody asks for its text."""

    labels: Labels | None = None


class EchoedPart(msgspec.Struct, frozen=True, gc=False):
    text: str | None = None


class EchoedContent(msgspec.Struct, frozen=True, gc=False):
    parts: list[EchoedPart] | None = None


class EchoWithText(Echo, frozen=True, gc=False):
    contents: list[EchoedContent] | None = None


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """A line, decoded as far as it is needed."""

    key: str | int | float | None = None
    custom_id: str | int | float | None = None
    status: msgspec.Raw = msgspec.Raw(b"")
    request: Echo | None = None
    response: Response | None = None


class EnvelopeWithText(Envelope, frozen=True, gc=False):
    request: EchoWithText | None = None


class PlainPart(msgspec.Struct, frozen=True, gc=False):
    text: str
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
    """A line that went well: one answer of one part, which finished. Its echo was cut down."""

    status: Literal[""]
    request: str
    """A mark in place of the echo."""
    response: PlainResponse
    key: str
    custom_id: None = None


def echoed_text(envelope: Envelope) -> str | None:
    """The text of the echoed request, if it was decoded and has the shape that we send."""
    request = envelope.request
    if not isinstance(request, EchoWithText) or not request.contents:
        return None
    parts = request.contents[0].parts
    return parts[0].text if parts else None


def answer_text(candidate: Candidate) -> str:
    """All parts of the answer joined, thoughts left out; empty when nothing was said."""
    parts = candidate.content.parts if candidate.content else None
    if parts and len(parts) == 1 and not parts[0].thought:
        return parts[0].text or ""
    return "".join(part.text or "" for part in parts or () if not part.thought)
