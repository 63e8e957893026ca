"""Turns lines of prediction files into readings. Nothing is raised for what a line holds."""

import re
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import UNSET

from analysis.contract import Unfit
from analysis.definition import Analysis
from analysis.envelope import Envelope, EnvelopeWithText, Response, Usage, echoed_text
from analysis.keys import fingerprint, record_id_of
from analysis.ladder import Answer
from analysis.lines import TOO_LONG, lines_of
from analysis.reading import Reading
from analysis.salvage import salvage
from analysis.verdict import read_broken, read_whole, shown

_MODEL = re.compile(r"[A-Za-z0-9._@:/-]{1,200}")
_LONGEST_KEY = 1024
_NO_USAGE = Usage()
_NO_RESPONSE = Response()


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
        self._fence = analysis.fence
        self._admit_lossy = admit_lossy
        self._foreign_keys = foreign_keys
        kind: type[Envelope] = EnvelopeWithText if fingerprints else Envelope
        self._decode = msgspec.json.Decoder(kind).decode

    def read(self, blocks: Iterable[bytes]) -> Iterator[Reading]:
        """One reading for each line of a file that is not blank, in constant memory."""
        for number, line in enumerate(lines_of(blocks), start=1):
            if line and not line.isspace():
                yield self.read_line(line, number)

    def read_line(self, line: bytes, number: int) -> Reading:
        """The reading of one line. Never raises."""
        if line == TOO_LONG:
            detail = "the line is longer than any line can be"
            return Reading(line=number, error_type="json_parse_error", detail=detail)
        try:
            return self._reading(self._decode(line), number, whole=True)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            envelope, whole = salvage(line)
            return self._reading(envelope, number, whole=whole)

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
        return Reading(
            record_id=record_id,
            line=number,
            error_type=error_type,
            detail=detail,
            parse_method=answer.method if answer else None,
            repair_grade=answer.grade if answer else None,
            finish_reason=shown(candidates[0].finishReason) if candidates else None,
            model_version=_model(response.modelVersion),
            prompt_tokens=usage.promptTokenCount,
            cached_tokens=usage.cachedContentTokenCount,
            thoughts_tokens=usage.thoughtsTokenCount,
            output_tokens=usage.candidatesTokenCount,
            transcript_fingerprint=transcript_hash,
            columns=answer.columns if answer else {},
            other_key=UNSET if foreign is None else foreign,
        )

    def _answer(self, envelope: Envelope, *, whole: bool) -> Answer:
        if whole:
            return read_whole(envelope, self._contract, admit_lossy=self._admit_lossy)
        return read_broken(envelope, self._contract)

    def _transcript(self, envelope: Envelope) -> tuple[str | None, str | None]:
        """Record id and fingerprint of the transcript that was asked about, if it came back."""
        text = echoed_text(envelope)
        opened = self._fence.open(text) if text else None
        if opened is None:
            return None, None
        try:
            return opened[0], fingerprint(opened[1])
        except UnicodeEncodeError:
            return opened[0], None


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


def _model(version: str | None) -> str | None:
    return version if version and _MODEL.fullmatch(version) else None
