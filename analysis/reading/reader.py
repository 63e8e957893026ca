"""Turns lines of prediction files into readings. Nothing is raised for what a line holds."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from secrets import token_hex

import msgspec
from msgspec import UNSET

from analysis.contract import Unfit
from analysis.definition import Analysis
from analysis.keys import fingerprint, record_id_of
from analysis.reading.answer_parsing import Answer
from analysis.reading.echoed_request import Frame, frame_of
from analysis.reading.finish_reason import read_broken, read_whole, shown
from analysis.reading.lines import TOO_LONG, lines_of
from analysis.reading.prediction_line import (
    Envelope,
    EnvelopeWithText,
    PlainLine,
    Response,
    Usage,
    echoed_text,
)
from analysis.reading.reading import Reading, row_type
from analysis.reading.salvage import salvage

_MODEL = re.compile(r"[A-Za-z0-9._@:/-]{1,200}")
_LONGEST_KEY = 1024
_NO_USAGE = Usage()
_NO_RESPONSE = Response()
_LESSON = 256
"""Good lines that had to be read in full, from one lesson to the next."""


class Reader:
    """Reads the answers of one analysis.

    `admit_lossy`   answers that a repair may have robbed of text are rows, marked as such
    `fingerprints`  hash the echoed transcripts, so that an answer under a wrong key is caught
    `foreign_keys`  an answer under a key of another system is a reading without a record id,
                    not an error; the caller looks its key up
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
        kind: type[Envelope] = EnvelopeWithText if fingerprints else Envelope
        self._decode = msgspec.json.Decoder(kind).decode
        self._decode_plain = msgspec.json.Decoder(PlainLine).decode
        self._decode_raw = msgspec.json.Decoder(msgspec.Raw).decode
        self._decode_text = msgspec.json.Decoder(str).decode
        self._told = token_hex(8)
        self._mark = f'"{self._told}"'.encode()
        self._fingerprints = fingerprints
        self._frame: Frame | None = None
        self._strange = 0

    def read(self, blocks: Iterable[bytes]) -> Iterator[Reading]:
        """One reading for each line of a file that is not blank, in constant memory."""
        for number, line in enumerate(lines_of(blocks), start=1):
            if line and not line.isspace():
                yield self.read_line(line, number)

    def read_line(self, line: bytes, number: int) -> Reading:
        """The reading of one line. Never raises."""
        return self._in_short(line, number) or self._in_full(line, number)

    def _in_short(self, line: bytes, number: int) -> Reading | None:
        """The row of a line with nothing unusual about it; None for any other.

        A shorter way to what `_in_full` says, for 97 lines of a hundred; it decides nothing else.
        """
        cut = self._frame.cut(line, self._mark) if self._frame else None
        if cut is None:
            return None
        told, transcript, rest = cut
        try:
            plain = self._decode_plain(rest)
            asked = self._asked(transcript)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return None
        record_id = record_id_of(plain.key)
        if record_id is None or record_id.encode() != told or plain.request != self._told:
            return None
        response = plain.response
        usage = response.usageMetadata
        values = self._contract.from_text(response.candidates[0].content.parts[0].text)
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
            asked,
            UNSET,
            *values,
        )

    def _asked(self, transcript: bytes) -> str | None:
        """The fingerprint of a literal, if it is wanted. Raises for what is none."""
        if self._fingerprints:
            return fingerprint(self._decode_text(transcript))
        self._decode_raw(transcript)
        return None

    def _in_full(self, line: bytes, number: int) -> Reading:
        try:
            envelope, whole = self._decode(line), True
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            if line == TOO_LONG:
                detail = "the line is longer than any line can be"
                return Reading(line=number, error_type="json_parse_error", detail=detail)
            envelope, whole = salvage(line)
        reading = self._reading(envelope, number, whole=whole)
        if reading.repair_grade == "exact":
            self._learn(line, reading.record_id)
        return reading

    def _learn(self, line: bytes, record_id: str | None) -> None:
        """Take the frame of later lines from this one, now and then: a lesson costs ten lines."""
        if self._strange % _LESSON == 0 and record_id:
            self._frame = frame_of(line, record_id, self._fence) or self._frame
        self._strange += 1

    def _reading(self, envelope: Envelope, number: int, *, whole: bool) -> Reading:
        record_id, foreign = _owner(envelope)
        asked_for, transcript_hash = self._transcript(envelope)
        answer: Answer | None = None
        error_type = detail = None
        try:
            _same_owner(envelope, record_id, asked_for)
            answer = self._answer(envelope, whole=whole)
            if record_id is None and not (foreign and self._foreign_keys):
                raise Unfit("unknown_key", "no key of this system")
        except Unfit as unfit:
            answer, error_type, detail = None, unfit.error_type, unfit.detail
        response = envelope.response or _NO_RESPONSE
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
            shown(candidates[0].finishReason) if candidates else None,
            _model(response.modelVersion),
            usage.promptTokenCount,
            usage.cachedContentTokenCount,
            usage.thoughtsTokenCount,
            usage.candidatesTokenCount,
            transcript_hash,
            UNSET if foreign is None else foreign,
            *(answer.values if answer else ()),
        )

    def _answer(self, envelope: Envelope, *, whole: bool) -> Answer:
        if whole:
            return read_whole(envelope, self._contract, admit_lossy=self._admit_lossy)
        return read_broken(envelope, self._contract)

    def _transcript(self, envelope: Envelope) -> tuple[str | None, str | None]:
        """Record id and fingerprint of the transcript that was asked about, if it came back."""
        text = echoed_text(envelope)
        if not text:
            return None, None
        try:
            opened = self._fence.open(text.encode())
        except UnicodeEncodeError:
            # A lone surrogate has no UTF-8 form, so there is no fingerprint; the fence stands.
            opened = self._fence.open(text.encode("utf-8", "surrogatepass"))
            return (opened[0] if opened else None), None
        return (opened[0], fingerprint(opened[1])) if opened else (None, None)


def _owner(envelope: Envelope) -> tuple[str | None, str | None]:
    """The record id from the first key that is ours, else the first key that is not."""
    record_id = record_id_of(envelope.key)
    if record_id is not None:
        return record_id, None
    label = envelope.request.labels if envelope.request else None
    keys = (envelope.custom_id, label.record if label else None)
    for key in keys:
        if (record_id := record_id_of(key)) is not None:
            return record_id, None
    foreign = (key for key in (envelope.key, *keys) if key is not None)
    return None, next((str(key)[:_LONGEST_KEY] for key in foreign), None)


def _same_owner(envelope: Envelope, record_id: str | None, asked_for: str | None) -> None:
    """The key, the label and the fence name one record. Raises `Unfit`."""
    labels = envelope.request.labels if envelope.request else None
    if labels and labels.record != envelope.key:
        label = record_id_of(labels.record)
        if label not in {None, record_id}:
            raise Unfit("key_mismatch", "key and label name different records")
    if asked_for is not None and record_id not in {None, asked_for}:
        raise Unfit("key_mismatch", "key and transcript belong to different records")


@lru_cache(maxsize=64)
def _model(version: str | None) -> str | None:
    return version if version and _MODEL.fullmatch(version) else None
