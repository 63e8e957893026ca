"""Read lines of prediction files into rows. The content of a line never raises an error."""

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from analysis.definition import Analysis
from analysis.reading.answer_parsing import (
    Answer,
    RejectedAnswer,
    is_whole,
    read_answer,
    read_strictly,
)
from analysis.reading.documents import Document, documents_of
from analysis.reading.finish_reason import finished, reason_name
from analysis.reading.prediction_line import (
    TOO_LONG,
    PredictionLine,
    fingerprint,
    lines_of,
    prediction_line,
    record_id_of,
)
from analysis.reading.usual_line import SLOTS, LineTemplate, learn_line
from analysis.strict_json import DuplicateKey, InvalidJson

_MODEL = re.compile(r"[A-Za-z0-9._@:/-]{1,200}")
_MAX_KEY_LENGTH = 1024
_MOST_LESSONS = 8
_TRIAL = 64
"""Lines that are read in full before a shape that no other line had is dropped."""
_NO_RECORD = "no record"
"""Stands for the record id in a line under a key of another system, whose echo has none."""
_NAMES_RECORD = ("key", "custom", "request", "…")
"""Beginnings of a path that may name the line's record; "…" is that of a shortened one."""

_Outcome = tuple[Any, Any, Any, Any, Any, Any, Any, Any, Any]
"""Fields of a reading, from `error_type` to `raw_values`."""

_EXACT = (None, None, "strict", "exact", "exact")
_UNCHANGED = (UNSET, UNSET, UNSET)

_encode_lines = msgspec.json.Encoder().encode_lines


class Reading(msgspec.Struct, gc=False):
    """A document that was read: either an answer or an error, never both.

    `detail` holds codes, field names and positions, never content.
    """

    line: int
    """Line number in the file, from 1; the caller may number otherwise."""
    record_id: str | None = None
    error_type: str | None = None
    """A name from `ERRORS`; None for an answer."""
    detail: str | None = None
    parse_method: str | None = None
    repair_grade: str | None = None
    """exact, mended or repaired_safe."""
    grade: str | None = None
    """exact, normalised or partial."""
    answer: Raw | UnsetType = UNSET
    """JSON with the properties of the schema; absent for an error."""
    normalised_fields: list[str] | UnsetType = UNSET
    """Columns whose value became its equivalent."""
    nulled_fields: list[str] | UnsetType = UNSET
    """Columns that are null because their value did not fit, or was absent."""
    raw_values: str | UnsetType = UNSET
    """JSON: what the model wrote for these columns."""
    finish_reason: str | None = None
    model_version: str | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    thoughts_tokens: int | None = None
    output_tokens: int | None = None
    text_fingerprint: str | None = None
    """SHA-256 of the transcript in the echoed request; None when the echo has another shape."""
    other_key: str | UnsetType = UNSET
    """A key that is not one of ours. It is never stored: it may contain a phone token."""

    @property
    def foreign_key(self) -> str | None:
        """`other_key`, or None: for callers that look it up."""
        return None if self.other_key is UNSET else self.other_key


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

    `fingerprints`  hash the echoed transcripts, so that an answer under a wrong key is detected
    `foreign_keys`  an answer under a key of another system is a reading without a record id
                    instead of an error; the caller looks its key up
    """

    def __init__(
        self, analysis: Analysis, *, fingerprints: bool = True, foreign_keys: bool = False
    ) -> None:
        self._contract = analysis.contract
        self._encode = analysis.contract.encode
        self._fence = analysis.template.fence
        self._fence_begin = self._fence.before[0][0]
        self._fingerprints = fingerprints
        self._foreign_keys = foreign_keys
        self._decode_raw = msgspec.json.Decoder(Raw).decode
        self._decode_text = msgspec.json.Decoder(str).decode
        self._templates = list[LineTemplate]()
        self._unproved = list[LineTemplate]()
        """Those of them that no later line has fitted so far."""
        self._lessons = 0

    def read(self, blocks: Iterable[bytes]) -> Iterator[Reading]:
        """Yield the readings of each line of a file that is not blank, in constant memory."""
        for number, line in enumerate(lines_of(blocks), start=1):
            reading = self._read_quickly(line, number)
            if reading is not None:
                yield reading
            elif line and not line.isspace():
                yield from self._read_fully(line, number)

    def read_line(self, line: bytes, number: int) -> list[Reading]:
        """Read one line: a reading for each JSON document on it, at least one. Never raises."""
        reading = self._read_quickly(line, number)
        return [reading] if reading else self._read_fully(line, number)

    def _read_quickly(self, line: bytes, number: int) -> Reading | None:
        """Read a line with the same bytes around its values as an earlier one; None for any other.

        This takes about 99 of 100 lines, and gives the same reading as `_read_fully`.
        """
        for template in self._templates:
            if (cut := template(line)) is not None:
                if template in self._unproved:
                    self._unproved.remove(template)
                break
        else:
            return None
        echoed_id, echoed, literal, match = cut
        record, key, version, prompt, cached, thoughts, output = match.group(*SLOTS)
        if (record is None and not (self._foreign_keys and key)) or echoed_id not in (None, record):
            return None
        record_id = None if record is None else record.decode()
        try:
            fenced_id, transcript_hash = self._open(echoed)
            text = self._decode_text(literal)
        except (msgspec.DecodeError, UnicodeError):
            return None
        if (record_id and fenced_id not in (None, record_id)) or not text or text.isspace():
            return None
        encoded = self._encode(text)
        if encoded is not None and is_whole(text, encoded):
            outcome: _Outcome = (*_EXACT, Raw(encoded), *_UNCHANGED)
        else:
            outcome = self._parsed(text)
        return Reading(
            number,
            record_id,
            *outcome,
            "STOP",
            _model(version.decode()) if version else None,
            int(prompt) if prompt else None,
            int(cached) if cached else None,
            int(thoughts) if thoughts else None,
            int(output) if output else None,
            transcript_hash,
            UNSET if record else key.decode()[:_MAX_KEY_LENGTH],
        )

    def _parsed(self, text: str) -> _Outcome:
        """Parse the text of a finished answer that is not exactly as the schema says."""
        try:
            return _row(read_answer(text, self._contract))
        except (RejectedAnswer, RecursionError) as error:
            return _error(error)

    def _open(self, echoed: bytes | None) -> tuple[str | None, str | None]:
        """Return record id and fingerprint of an echoed text, given as a JSON literal.

        Raises `msgspec.DecodeError` when the bytes are not one literal.
        """
        if echoed is None:
            return None, None
        if not echoed.startswith(b'"'):
            raise msgspec.DecodeError("a blank before the text, or no text")
        if self._fingerprints:
            # A text that begins otherwise than the fence, up to its first escape, is in none.
            begin = echoed[1 : len(self._fence_begin)].partition(b"\\")[0]
            if self._fence_begin.startswith(begin):
                return self._transcript(self._decode_text(echoed))
        self._decode_raw(echoed)
        return None, None

    def _transcript(self, text: str | None) -> tuple[str | None, str | None]:
        """Return record id and fingerprint of a fenced transcript; None for what is missing."""
        if not text or not self._fingerprints:
            return None, None
        try:
            fenced = self._fence.open(text.encode())
        except UnicodeEncodeError:
            # A lone surrogate has no UTF-8 form, hence no fingerprint; the id can still be read.
            fenced = self._fence.open(text.encode("utf-8", "surrogatepass"))
            return (fenced[0] if fenced else None), None
        return (fenced[0], fingerprint(fenced[1])) if fenced else (None, None)

    def _read_fully(self, line: bytes, number: int) -> list[Reading]:
        if line == TOO_LONG:
            detail = "the line is over the length limit"
            return [Reading(line=number, error_type="json_parse_error", detail=detail)]
        documents = [*documents_of(line)]
        readings = [self._read_document(document, number) for document in documents]
        if len(readings) == 1 and readings[0].repair_grade == "exact" and documents[0].is_whole:
            self._learn(line, documents[0], readings[0].record_id or _NO_RECORD)
        return readings

    def _learn(self, line: bytes, document: Document, record_id: str) -> None:
        """Learn from a line that was read in full what the lines of its file have in common.

        The shapes of the first such lines are kept, those that no other line has for a while.
        """
        self._lessons += 1
        if self._lessons <= _MOST_LESSONS:
            if template := learn_line(line, document.value, record_id):
                self._templates.append(template)
                self._unproved.append(template)
        elif self._lessons == _TRIAL:
            self._templates = [each for each in self._templates if each not in self._unproved]
            self._unproved = []

    def _read_document(self, document: Document, number: int) -> Reading:
        repeated = document.repeated
        try:
            prediction = prediction_line(document.value)
        except DuplicateKey as error:
            only_key = {"key": document.value.get("key")}
            prediction, repeated = prediction_line(only_key), error.path or "response"
        record_id, foreign_key = _keys_of(prediction)
        fenced_id, transcript_hash = self._transcript(prediction.echoed)
        if repeated is not None and (not repeated or repeated.startswith(_NAMES_RECORD)):
            record_id = foreign_key = transcript_hash = None  # either of two may be meant
        try:
            if repeated is not None:
                raise RejectedAnswer("json_parse_error", str(DuplicateKey(repeated)))
            _check_ids(prediction, record_id, fenced_id)
            outcome = _row(self._answer(prediction, document))
            if record_id is None and not (foreign_key and self._foreign_keys):
                raise RejectedAnswer("unknown_key", "no key of this system")
        except (RejectedAnswer, RecursionError) as error:
            outcome = _error(error)
        return Reading(
            number,
            record_id,
            *outcome,
            finish_reason=reason_name(prediction.finish_reason),
            model_version=_model(prediction.model),
            prompt_tokens=prediction.tokens[0],
            cached_tokens=prediction.tokens[1],
            thoughts_tokens=prediction.tokens[2],
            output_tokens=prediction.tokens[3],
            text_fingerprint=transcript_hash,
            other_key=UNSET if foreign_key is None else foreign_key,
        )

    def _answer(self, prediction: PredictionLine, document: Document) -> Answer:
        """Parse the answer of a document. Raises `RejectedAnswer`.

        Without a finish reason, and beside damage, it is parsed strictly: a truncated answer is never
        a complete object, but a cleanup or a repair could make it look like one.
        """
        if not document.is_whole:
            return _answer_before_break(prediction, self._contract)
        reason, text = finished(prediction)
        try:
            if not reason or document.is_followed:
                answer = read_strictly(text, self._contract)
                return _mended(answer) if document.is_followed else answer
        except InvalidJson:
            cause = "the answer is incomplete, and has no finish reason"
            raise RejectedAnswer("truncated", cause) from None
        return read_answer(text, self._contract)


def _answer_before_break(prediction: PredictionLine, contract: Any) -> Answer:
    try:
        reason, text = finished(prediction)
        if reason:
            return read_strictly(text, contract)
    except InvalidJson:
        pass
    except RejectedAnswer as rejected:
        has_outcome = prediction.response or any(prediction.errors)
        if rejected.error_type != "empty_answer" and has_outcome:
            raise
    raise RejectedAnswer("json_parse_error", "the line is broken") from None


def _mended(answer: Answer) -> Answer:
    """Mark an answer behind whose line other text follows."""
    return msgspec.structs.replace(answer, method="text_behind", repair_grade="mended")


def _row(answer: Answer) -> _Outcome:
    raw = Raw(answer.encoded)
    fitted = answer.fitted
    if fitted is None or fitted.grade == "exact":
        changed: tuple[Any, Any, Any, Any, Any] = ("exact", raw, *_UNCHANGED)
    else:
        # In ASCII, because a value may be null for a character that no table can store.
        values = json.dumps(fitted.raw)
        changed = (fitted.grade, raw, fitted.normalised, fitted.nulled, values)
    return (None, None, answer.method, answer.repair_grade, *changed)


def _error(error: RejectedAnswer | RecursionError) -> _Outcome:
    if isinstance(error, RecursionError):
        error = RejectedAnswer("json_parse_error", "nested too deep")
    return (error.error_type, error.detail, None, None, None, UNSET, *_UNCHANGED)


def _keys_of(prediction: PredictionLine) -> tuple[str | None, str | None]:
    """Return the record id in the first key of ours, or else the first foreign key."""
    for key in prediction.keys:
        if (record_id := record_id_of(key)) is not None:
            return record_id, None
    foreign = (key for key in prediction.keys if key is not None)
    return None, next((str(key)[:_MAX_KEY_LENGTH] for key in foreign), None)


def _check_ids(prediction: PredictionLine, record_id: str | None, fenced_id: str | None) -> None:
    """Raise `RejectedAnswer` when key, label and fence name different records."""
    label = record_id_of(prediction.keys[-1])
    if label not in {None, record_id}:
        raise RejectedAnswer("key_mismatch", "key and label name different records")
    if fenced_id is not None and record_id not in {None, fenced_id}:
        raise RejectedAnswer("key_mismatch", "key and transcript belong to different records")


def _model(version: object) -> str | None:
    return _checked_model(version) if isinstance(version, str) else None


@lru_cache(maxsize=64)
def _checked_model(version: str) -> str | None:
    return version if _MODEL.fullmatch(version) else None
