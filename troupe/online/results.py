"""What a try of a prompt gives: answers as their rows would hold them, errors, tokens and costs."""

from typing import Any

import msgspec


class TriedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one request: the columns of a row, or an error."""

    excerpt: str
    """Beginning of the text that was sent."""
    columns: dict[str, Any] | None
    """The columns that the answer fills; None for an error."""
    grade: str | None
    """exact, normalised or partial."""
    parse_method: str | None
    repair_grade: str | None
    normalised_fields: list[str]
    """Columns whose value became its equivalent."""
    nulled_fields: list[str]
    """Columns that are null because their value did not fit, or was absent."""
    raw_values: dict[str, Any]
    """What the model wrote for these columns."""
    error_type: str | None
    detail: str | None
    remedy: str | None
    """What to do about the error."""
    service_message: str | None
    """What the service said in place of an answer."""
    finish_reason: str | None
    model: str | None
    """The model as it names itself; `stand-in` for simulated answers."""
    input_tokens: int | None
    output_tokens: int | None
    """Thinking included."""
    cost: float | None
    """US dollars; None where no price or no count is known."""
    raw_answer: str | None
    """The text of the answer."""


class TriedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One transcript and its answers, one for each analysis."""

    record_id: str
    answers: list[TriedAnswer]
    differences: list[str]
    """With two analyses: the columns of both whose values differ, and those that one lacks."""


class TriedAnalysis(msgspec.Struct, frozen=True, kw_only=True):
    """The totals of one analysis."""

    analysis: str
    model: str
    """The model that was asked; `stand-in` for simulated answers."""
    is_simulated: bool
    """Whether no model was asked, and the costs are what they would have been."""
    rows: int
    refused: int
    """Transcripts without a row."""
    input_tokens: int
    output_tokens: int
    cost: float | None


class TryResult(msgspec.Struct, frozen=True, kw_only=True):
    """Analyses that were tried on transcripts; nothing was stored."""

    analyses: list[TriedAnalysis]
    records: list[TriedRecord]
    seconds: float
