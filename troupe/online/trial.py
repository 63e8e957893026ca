"""A prompt that is tried on a handful of transcripts: asked and read as in a run, and not stored."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from analysis import Analysis, Reader, Reading, Request, preflight, render
from analysis.error_types import ERRORS
from analysis.models import STAND_IN

from .ask import in_parallel
from .port import OnlineModel
from .price import cost_of
from .results import TriedAnalysis, TriedAnswer, TriedRecord

EXCERPT = 240
"""Characters of a transcript that are shown."""
_LONGEST_MESSAGE = 400
_REMEDIES = {
    "truncated": "raise max_output_tokens in analysis.json, or ask for less",
    "blocked": "read the transcript, and what the prompt asks about it",
    "missing_summary": "say in system.md that the column `summary` must never be empty",
    "schema_mismatch": "let the prompt ask for what the schema allows, or the schema allow it",
    "incomplete_answer": "ask for fewer properties, name them in the prompt, or lower min_complete",
    "json_parse_error": "read the raw answer; ask in system.md for one JSON object and nothing else",
    "repaired_lossy": "read the raw answer; ask in system.md for one JSON object and nothing else",
    "empty_answer": "raise max_output_tokens if the model thinks for long, or shorten the schema",
    "vertex_ai_error": "correct what the service says about the request: schema, prompt or model",
    "service_error": "wait a moment and try again; check the key, the address and the quota",
    "empty_transcript": "no run sends it; name another record",
    "request_too_large": "no run sends it; raise max_transcript_bytes if the model reads as much",
}
"""What the author of a prompt does about an error. Others have the hint that a run stores."""


class Sample(NamedTuple):
    """A transcript as a run would send it, redacted by the rules of its analysis."""

    record_id: str
    transcript: str
    attributes: str | None = None
    """Call attributes as a JSON object, redacted as well."""


class Prepared(NamedTuple):
    """A transcript with its request line, or with the reason why no run would send it."""

    sample: Sample
    line: bytes | None
    error_type: str | None


class Trial:
    """One analysis with the model that it asks, and its requests."""

    def __init__(
        self,
        analysis: Analysis,
        samples: Sequence[Sample],
        model: OnlineModel,
        priced: str | None,
    ) -> None:
        """`priced` is the model whose online price counts; None: no price is known.

        Raises `PreflightError` for a request that no service would take.
        """
        self.analysis, self._model, self._priced = analysis, model, priced
        self.requests = [_prepared(analysis, sample) for sample in samples]
        self._reader = Reader(analysis)

    @property
    def sent(self) -> list[tuple[str, bytes]]:
        """The transcripts that are sent, each with its request line."""
        return [
            (each.sample.transcript, each.line) for each in self.requests if each.line is not None
        ]

    def ask(self, request: Prepared) -> bytes | None:
        """Return the prediction line of a request; None when no run would send it.

        May be called by several threads. Raises `ModelUnavailable`.
        """
        return None if request.line is None else self._model.generate(request.line)

    def read(self, request: Prepared, line: bytes | None) -> TriedAnswer:
        """Read a prediction line as a run reads it."""
        if line is None:
            reading = Reading(line=0, error_type=request.error_type)
            return _tried(self.analysis, request.sample, reading, {}, None)
        reading = self._reader.read_line(line, 1)[0]
        cost = cost_of(reading, self._priced) if self._priced else None
        return _tried(self.analysis, request.sample, reading, msgspec.json.decode(line), cost)


def tried_records(trials: Sequence[Trial], at_once: int) -> Iterator[TriedRecord]:
    """Ask about every record with each analysis; yield a record when all its answers are there.

    All trials have the same records in the same order. Raises `ModelUnavailable`.
    """
    asked = [
        (trial, request)
        for requests in zip(*(trial.requests for trial in trials), strict=True)
        for trial, request in zip(trials, requests, strict=True)
    ]
    answers = list[TriedAnswer]()
    lines = in_parallel(lambda each: each[0].ask(each[1]), asked, at_once)
    for (trial, request), line in zip(asked, lines, strict=True):
        answers.append(trial.read(request, line))
        if len(answers) == len(trials):
            yield TriedRecord(
                record_id=request.sample.record_id,
                answers=answers,
                differences=_differences([each.columns for each in answers]),
            )
            answers = []


def totals(analysis: str, model: str, answers: Sequence[TriedAnswer]) -> TriedAnalysis:
    """Add up the answers to one analysis."""
    costs = [each.cost for each in answers if each.cost is not None]
    rows = sum(each.columns is not None for each in answers)
    return TriedAnalysis(
        analysis=analysis,
        model=model,
        is_simulated=model == STAND_IN,
        rows=rows,
        refused=len(answers) - rows,
        input_tokens=sum(each.input_tokens or 0 for each in answers),
        output_tokens=sum(each.output_tokens or 0 for each in answers),
        cost=sum(costs) if costs else None,
    )


def _prepared(analysis: Analysis, sample: Sample) -> Prepared:
    """Render a request, unless a plan would leave its transcript out."""
    if not sample.transcript or sample.transcript.isspace():
        return Prepared(sample, None, "empty_transcript")
    tokens = analysis.max_output_tokens
    request = Request(sample.record_id, sample.transcript, tokens, sample.attributes)
    (line,) = preflight(analysis, render(analysis, [request]))
    if len(line) > analysis.line_overhead_bytes + analysis.max_transcript_bytes:
        return Prepared(sample, None, "request_too_large")
    return Prepared(sample, line, None)


def _tried(
    analysis: Analysis,
    sample: Sample,
    reading: Reading,
    prediction: Mapping[str, Any],
    cost: float | None,
) -> TriedAnswer:
    error = reading.error_type
    written = (reading.output_tokens, reading.thoughts_tokens)
    return TriedAnswer(
        excerpt=_shortened(sample.transcript, EXCERPT),
        columns=None if error else _columns(analysis, _answer(reading)),
        grade=reading.grade,
        parse_method=reading.parse_method,
        repair_grade=reading.repair_grade,
        normalised_fields=reading.normalised_fields or [],
        nulled_fields=reading.nulled_fields or [],
        raw_values=json.loads(reading.raw_values) if reading.raw_values else {},
        error_type=error,
        detail=reading.detail,
        remedy=_REMEDIES.get(error, ERRORS[error].hint) if error else None,
        service_message=_shortened(str(prediction.get("status") or ""), _LONGEST_MESSAGE) or None,
        finish_reason=reading.finish_reason,
        model=reading.model_version,
        input_tokens=reading.prompt_tokens,
        output_tokens=None if written == (None, None) else sum(each or 0 for each in written),
        cost=cost,
        raw_answer=_text_of(prediction),
    )


def _columns(analysis: Analysis, answer: Any) -> dict[str, Any]:
    """Return the values of the columns by their paths in the answer."""
    return {name: _at(answer, path.split(".")) for name, path in analysis.columns.items()}


def _answer(reading: Reading) -> Any:
    return msgspec.json.decode(reading.answer) if reading.answer else None


def _at(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text_of(prediction: Mapping[str, Any]) -> str | None:
    """Return the text of the first candidate; None where there is none."""
    try:
        parts = prediction["response"]["candidates"][0]["content"]["parts"]
    except (KeyError, IndexError, TypeError):
        return None
    return "".join(str(part.get("text", "")) for part in parts)


def _differences(columns: Sequence[dict[str, Any] | None]) -> list[str]:
    """Return the columns that do not have one value in all of the answers."""
    if len(columns) < 2:
        return []
    known = [each or {} for each in columns]
    names = dict.fromkeys(name for each in known for name in each)
    return [name for name in names if any(each.get(name, _ABSENT) != known[0].get(name, _ABSENT)
                                          for each in known)]  # fmt: skip


_ABSENT = object()


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
