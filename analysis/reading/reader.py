"""Read lines of prediction files into rows. The content of a line never raises an error."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from secrets import token_hex
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from analysis.definition import Analysis
from analysis.reading.answer_parsing import Answer, RejectedAnswer
from analysis.reading.echoed_request import KnownPrefix, learn_prefix
from analysis.reading.fast_path import Values
from analysis.reading.finish_reason import read_broken, read_whole, storable_reason
from analysis.reading.partial_json import read_partial_line
from analysis.reading.prediction_line import (
    TOO_LONG,
    PlainLine,
    PredictionLine,
    PredictionLineWithText,
    Response,
    Usage,
    echoed_text,
    fingerprint,
    lines_of,
    record_id_of,
)
from analysis.strict_json import DuplicateKey, InvalidJson, check_unique, is_canonical

RELEARN_EVERY = 256
"""Good lines that had to be read in full before the constant bytes are learned again."""

_MODEL = re.compile(r"[A-Za-z0-9._@:/-]{1,200}")
_MAX_KEY_LENGTH = 1024
_TEXT_NAME = b'"text":'
_NAMES_RECORD = ("key", "custom_id", "request", "…")
"""Beginnings of a path that may name the line's record; "…" is that of a shortened one."""
_NO_USAGE = Usage()
_NO_RESPONSE = Response()


_encode_lines = msgspec.json.Encoder().encode_lines


class Reading(msgspec.Struct, frozen=True, gc=False):
    """A line that was read: either an answer or an error, never both.

    A reading with an answer is of a subclass made by `row_type`, with one more field for each
    column. `detail` holds codes, field names and positions, never content.
    """

    line: int
    """Line number in the file, from 1."""
    record_id: str | None = None
    error_type: str | None = None
    """A name from `ERRORS`; None for an answer."""
    detail: str | None = None
    parse_method: str | None = None
    repair_grade: str | None = None
    """exact, mended, repaired_safe or repaired_lossy."""
    finish_reason: str | None = None
    model_version: str | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    thoughts_tokens: int | None = None
    output_tokens: int | None = None
    transcript_fingerprint: str | None = None
    """SHA-256 of the transcript in the echoed request; None when the echo has another shape."""
    other_key: str | UnsetType = UNSET
    """A key that is not one of ours. It is never stored: it may contain a phone token."""

    @property
    def columns(self) -> dict[str, Any]:
        """The answer's columns of the output table; empty for an error."""
        own = self.__struct_fields__[len(Reading.__struct_fields__) :]
        return {name: msgspec.to_builtins(getattr(self, name)) for name in own}

    @property
    def foreign_key(self) -> str | None:
        """`other_key`, or None: for callers that look it up."""
        return None if self.other_key is UNSET else self.other_key


def row_type(columns: Iterable[str]) -> type[Reading]:
    """Make the subclass of `Reading` that has these columns as further fields.

    A flat struct is encoded directly, without a dictionary in between.
    """
    fields: list[Any] = [(name, Any, None) for name in columns]
    made: Any = msgspec.defstruct("Row", fields, bases=(Reading,), frozen=True, gc=False)
    row: type[Reading] = made
    return row


def encode_reading(reading: Reading) -> bytes:
    """Encode a reading as one line of NDJSON, newline included, without `other_key`."""
    if reading.other_key is not UNSET:
        reading = msgspec.structs.replace(reading, other_key=UNSET)
    return _encode_lines((reading,))


def without_tokens(reading: Reading) -> Reading:
    """Return a reading that counts no tokens: another run has paid for its answer."""
    return msgspec.structs.replace(
        reading, prompt_tokens=None, cached_tokens=None, thoughts_tokens=None, output_tokens=None
    )


class Reader:
    """Reads the answers of one analysis.

    `admit_lossy`   an answer whose repair may have lost text is a row, graded `repaired_lossy`,
                    instead of an error
    `fingerprints`  hash the echoed transcripts, so that an answer under a wrong key is detected
    `foreign_keys`  an answer under a key of another system is a reading without a record id
                    instead of an error; the caller looks its key up
    """

    def __init__(
        self,
        analysis: Analysis,
        *,
        admit_lossy: bool = False,
        fingerprints: bool = True,
        foreign_keys: bool = False,
    ) -> None:
        self._contract = analysis.contract
        self._row = row_type(analysis.columns)
        self._fence = analysis.fence
        self._admit_lossy = admit_lossy
        self._foreign_keys = foreign_keys
        kind: type[PredictionLine] = PredictionLineWithText if fingerprints else PredictionLine
        self._decode = msgspec.json.Decoder(kind).decode
        self._decode_plain = msgspec.json.Decoder(PlainLine).decode
        self._decode_raw = msgspec.json.Decoder(msgspec.Raw).decode
        self._decode_text = msgspec.json.Decoder(str).decode
        # Random, so that no line can contain it.
        self._placeholder = token_hex(8)
        self._placeholder_json = f'"{self._placeholder}"'.encode()
        self._fingerprints = fingerprints
        self._prefix: KnownPrefix | None = None
        self._fully_read = 0

    def read(self, blocks: Iterable[bytes]) -> Iterator[Reading]:
        """Yield a reading for each line of a file that is not blank, in constant memory."""
        for number, line in enumerate(lines_of(blocks), start=1):
            if line and not line.isspace():
                yield self.read_line(line, number)

    def read_line(self, line: bytes, number: int) -> Reading:
        """Read one line. Never raises."""
        line = line.rstrip()
        return self._read_quickly(line, number) or self._read_fully(line, number)

    def _read_quickly(self, line: bytes, number: int) -> Reading | None:
        """Read a line without anything unusual; None for any other line.

        This takes about 97 of 100 lines, and gives the same reading as `_read_fully`.
        """
        cut = self._prefix.cut(line, self._placeholder_json) if self._prefix else None
        if cut is None:
            return None
        echoed_id, transcript, rest = cut
        try:
            plain = self._decode_plain(rest)
            transcript_hash = self._hash_of_literal(transcript)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return None
        record_id = record_id_of(plain.key)
        if (
            record_id is None
            or record_id.encode() != echoed_id
            or plain.request != self._placeholder
        ):
            return None
        response = plain.response
        usage = response.usageMetadata
        values = self._values(rest, response.candidates[0].content.parts[0].text)
        if values is None:
            return None
        return self._row(
            number,
            record_id,
            None,
            None,
            "strict",
            "exact",
            "STOP",
            _model(response.modelVersion),
            usage.promptTokenCount,
            usage.cachedContentTokenCount,
            usage.thoughtsTokenCount,
            usage.candidatesTokenCount,
            transcript_hash,
            UNSET,
            *values,
        )

    def _values(self, line: bytes, literal: msgspec.Raw) -> Values | None:
        """Return the column values of an answer, given as a JSON literal of this line.

        None for an answer that needs the general path, and for a line that is not certain to have
        every property once: it is compared without the literal, which may be escaped in any way.
        """
        start = line.find(_TEXT_NAME) + len(_TEXT_NAME)
        if not line.startswith(literal, start):
            return None
        if not is_canonical(b'%b""%b' % (line[:start], line[start + len(literal) :])):
            return None
        try:
            return self._contract.from_text(self._decode_text(literal))
        except (msgspec.DecodeError, UnicodeError):
            return None

    def _hash_of_literal(self, transcript: bytes) -> str | None:
        """Hash a transcript, given as a JSON literal, if fingerprints are on.

        Raises `msgspec.DecodeError` when the bytes are not one literal.
        """
        if self._fingerprints:
            return fingerprint(self._decode_text(transcript))
        self._decode_raw(transcript)
        return None

    def _read_fully(self, line: bytes, number: int) -> Reading:
        try:
            prediction, is_whole, repeated = self._decode(line), True, _repeated_in(line)
        except (msgspec.DecodeError, UnicodeError, RecursionError, InvalidJson):
            if line == TOO_LONG:
                detail = "the line is over the length limit"
                return Reading(line=number, error_type="json_parse_error", detail=detail)
            prediction, is_whole, repeated = read_partial_line(line)
        reading = self._reading(prediction, number, is_whole=is_whole, repeated=repeated)
        if reading.repair_grade == "exact":
            self._learn(line, reading.record_id)
        return reading

    def _learn(self, line: bytes, record_id: str | None) -> None:
        """Learn the constant bytes from this line, now and then: it costs as much as ten lines."""
        if self._fully_read % RELEARN_EVERY == 0 and record_id:
            self._prefix = learn_prefix(line, record_id, self._fence) or self._prefix
        self._fully_read += 1

    def _reading(
        self, prediction: PredictionLine, number: int, *, is_whole: bool, repeated: str | None
    ) -> Reading:
        record_id, foreign_key = _keys_of(prediction)
        fenced_id, transcript_hash = self._transcript(prediction)
        answer: Answer | None = None
        error_type = detail = None
        if repeated is not None and (not repeated or repeated.startswith(_NAMES_RECORD)):
            record_id = foreign_key = transcript_hash = None  # either of two may be meant
        try:
            if repeated is not None:
                raise RejectedAnswer("json_parse_error", str(DuplicateKey(repeated)))
            _check_ids(prediction, record_id, fenced_id)
            answer = self._answer(prediction, is_whole=is_whole)
            if record_id is None and not (foreign_key and self._foreign_keys):
                raise RejectedAnswer("unknown_key", "no key of this system")
        except RejectedAnswer as rejected:
            answer, error_type, detail = None, rejected.error_type, rejected.detail
        response = prediction.response or _NO_RESPONSE
        usage = response.usageMetadata or _NO_USAGE
        candidates = response.candidates
        kind = self._row if answer else Reading
        return kind(
            number,
            record_id,
            error_type,
            detail,
            answer.method if answer else None,
            answer.grade if answer else None,
            storable_reason(candidates[0].finishReason) if candidates else None,
            _model(response.modelVersion),
            usage.promptTokenCount,
            usage.cachedContentTokenCount,
            usage.thoughtsTokenCount,
            usage.candidatesTokenCount,
            transcript_hash,
            UNSET if foreign_key is None else foreign_key,
            *(answer.values if answer else ()),
        )

    def _answer(self, prediction: PredictionLine, *, is_whole: bool) -> Answer:
        if is_whole:
            return read_whole(prediction, self._contract, admit_lossy=self._admit_lossy)
        return read_broken(prediction, self._contract)

    def _transcript(self, prediction: PredictionLine) -> tuple[str | None, str | None]:
        """Return record id and fingerprint of the echoed transcript; None for what is missing."""
        text = echoed_text(prediction)
        if not text:
            return None, None
        try:
            fenced = self._fence.open(text.encode())
        except UnicodeEncodeError:
            # A lone surrogate has no UTF-8 form, hence no fingerprint; the id can still be read.
            fenced = self._fence.open(text.encode("utf-8", "surrogatepass"))
            return (fenced[0] if fenced else None), None
        return (fenced[0], fingerprint(fenced[1])) if fenced else (None, None)


def _repeated_in(line: bytes) -> str | None:
    """Return the path of a property that is given twice. Raises `InvalidJson`."""
    try:
        if not is_canonical(line):
            check_unique(line)
    except DuplicateKey as error:
        return error.path
    return None


def _keys_of(prediction: PredictionLine) -> tuple[str | None, str | None]:
    """Return the record id in the first key of ours, or else the first foreign key."""
    record_id = record_id_of(prediction.key)
    if record_id is not None:
        return record_id, None
    label = prediction.request.labels if prediction.request else None
    keys = (prediction.custom_id, label.record if label else None)
    for key in keys:
        if (record_id := record_id_of(key)) is not None:
            return record_id, None
    foreign = (key for key in (prediction.key, *keys) if key is not None)
    return None, next((str(key)[:_MAX_KEY_LENGTH] for key in foreign), None)


def _check_ids(prediction: PredictionLine, record_id: str | None, fenced_id: str | None) -> None:
    """Raise `RejectedAnswer` when key, label and fence name different records."""
    labels = prediction.request.labels if prediction.request else None
    if labels and labels.record != prediction.key:
        label = record_id_of(labels.record)
        if label not in {None, record_id}:
            raise RejectedAnswer("key_mismatch", "key and label name different records")
    if fenced_id is not None and record_id not in {None, fenced_id}:
        raise RejectedAnswer("key_mismatch", "key and transcript belong to different records")


@lru_cache(maxsize=64)
def _model(version: str | None) -> str | None:
    return version if version and _MODEL.fullmatch(version) else None
