"""Operations of the local backend alone, beside those of `troupe/operations`.

The process that owns the state folder runs them.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from events import BadRequest, Command, RunRefused, Unreadable, read_event, topic_of
from handlers.dispatch.decode import Decoded, decode_message
from handlers.dispatch.message import Message
from troupe import operations
from troupe.backends.defaults import output_tables
from troupe.operations.backend import InvalidOperation
from troupe.operations.registry import Operation, result_types
from troupe.operations.run_requests import Published
from troupe.transcript_files.errors import BadFile, BadOption

from .analysis_store import AddedAnalysis, keep
from .backend import LocalBackend
from .load import Loaded, load_files, named_files, read_options


def load(
    backend: LocalBackend,
    files: Sequence[str],
    mapped: Sequence[str] = (),
    timezone: str = "",
    format: str = "",  # noqa: A002  (as the option)
    stdin: str = "",
) -> Loaded:
    """Add the transcripts of files to the source table; `stdin` is the file that `-` stands for."""
    try:
        options = read_options(mapped, timezone, format)
        named = named_files(files, stdin)
        return load_files(named, options, backend.warehouse, backend.home, backend.source)
    except (BadFile, BadOption) as error:
        raise InvalidOperation(str(error)) from error


def add_analysis(backend: LocalBackend, folder: str) -> AddedAnalysis:
    """Copy an analysis into the state folder, and create its table."""
    added = keep(backend.home, backend.analyses, Path(folder))
    backend.warehouse.create_tables(output_tables(backend.analyses.own))
    return added


def publish(backend: LocalBackend, topic: str, body: str, message_id: str = "") -> Published:
    """Publish a message, and deliver it at once: a message in memory ends with its process."""
    sent = operations.publish(backend, topic, body, message_id)
    backend.deliver_next()
    now = backend.clock()
    message = Message(
        topic=topic, id=sent.message_id, body=body.encode(), attributes={}, published_at=now
    )
    try:
        decoded = decode_message(message, backend.deployment)
    except Unreadable as error:
        return msgspec.structs.replace(sent, unreadable=str(error))
    return msgspec.structs.replace(sent, refused=_refusal(backend, decoded, now))


def _refusal(backend: LocalBackend, decoded: Decoded, now: datetime) -> RunRefused | None:
    """Return the `run-refused` event that answers this request; None when there is none yet."""
    event_log = backend.dependencies.event_log
    if not isinstance(decoded.event, Command | BadRequest):
        return None
    request = decoded.envelope
    event_id = backend.deployment.event(topic_of(RunRefused), request.correlation, request.id)
    for refusal in event_log.load([event_id], event_log.lookback_start(now)):
        return read_event(refusal.data, RunRefused)
    return None


OPERATIONS: dict[str, Operation] = operations.OPERATIONS | {
    operation.__name__: operation for operation in (load, add_analysis, publish)
}
"""By name, what the control server runs."""
RESULT_TYPES = result_types(OPERATIONS)
