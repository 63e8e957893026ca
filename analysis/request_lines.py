"""Render requests as lines of the JSONL file of a batch prediction job."""

from collections.abc import Iterable, Iterator

import msgspec

from analysis.attributes import literals
from analysis.definition import Analysis
from analysis.errors import PreflightError
from analysis.template import is_record_id


class Request(msgspec.Struct, frozen=True, gc=False):
    """One transcript to send."""

    record_id: str
    """32 lower-case hex digits."""
    transcript: str
    max_output_tokens: int
    attributes: str | None = None
    """The call attributes as a JSON object; None without any."""


def render(analysis: Analysis, requests: Iterable[Request]) -> Iterator[bytes]:
    """Yield one line for each request, newline included.

    The transcript is sent byte for byte. Raises `PreflightError` for an invalid record id and for
    a transcript with lone surrogates, which have no UTF-8 form.
    """
    line, names = analysis.template.renderer(), analysis.template.attributes
    escape = msgspec.json.Encoder().encode
    for number, request in enumerate(requests, start=1):
        record_id = request.record_id.encode("ascii", "replace")
        if not is_record_id(record_id):
            raise PreflightError("record ids are 32 lower-case hex digits", number)
        try:
            transcript = escape(request.transcript)[1:-1]
        except UnicodeEncodeError:
            raise PreflightError("the transcript is not valid Unicode", number) from None
        values = literals(request.attributes, names) if names else ()
        yield line(record_id, transcript, request.max_output_tokens, values)
