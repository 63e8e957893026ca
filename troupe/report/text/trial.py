"""A try of a prompt as text: each transcript with its answers, then the totals."""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import Any, NamedTuple

from analysis.models import STAND_IN
from troupe.online.results import TriedAnalysis, TriedAnswer, TriedRecord, TryResult
from troupe.report.formatting import count, dollars, plural, seconds, span

from .columns import line

SIMULATED = "simulated: no model read the transcripts, and nothing was paid"
ONLINE = "at the online price, the double of a batch's"
_LONGEST_NAME = 40
_NARROWEST = 20
"""Characters of a column for values."""
_RAW = 400
"""Characters of a refused answer that are shown."""


def asked_line(
    analysis: str,
    model: str,
    place: str,
    transcripts: int,
    *,
    has_price: bool,
    cost: tuple[float, float] | None,
) -> str:
    """Say who is asked about how many transcripts, and for how much."""
    many = plural(transcripts, "transcript")
    if model == STAND_IN:
        return line(f"{analysis}: {many}, answered by the stand-in; {SIMULATED}")
    if not has_price:
        return line(f"{analysis}: {many}, answered by {model} at {place}")
    price = f"for {span(*map(dollars, cost))}" if cost else "for an unknown price"
    return line(f"{analysis}: {many}, answered by {model} on {place}, {price} {ONLINE}")


def record_lines(
    record: TriedRecord, analyses: Sequence[str], number: int, of: int, width: int
) -> list[str]:
    """The answers to one transcript, in a column for each analysis; `*` marks a difference."""
    answers = record.answers
    rows = list(_rows(answers))
    names = min(_LONGEST_NAME, max(len(name) for name, _ in rows))
    whole = max(_NARROWEST, width - names - 4)
    room = max(_NARROWEST, (whole + 2) // len(answers) - 2)
    layout = _Layout(names=names, room=room, whole=whole)
    return [
        "",
        line(f"record {record.record_id}, {number} of {of}"),
        *(_row("", analyses, layout) if len(answers) > 1 else []),
        *(
            text
            for name, cells in rows
            for text in _row(name, cells, layout, differs=name in record.differences)
        ),
    ]


class _Layout(NamedTuple):
    """Characters of the column of names, and of each column of values."""

    names: int
    room: int
    whole: int
    """Of a value that all columns share."""


def _rows(answers: Sequence[TriedAnswer]) -> Iterator[tuple[str, list[str]]]:
    """Yield a name with a value for each answer: what was sent, what became of it, the columns."""
    excerpts = [answer.excerpt for answer in answers]
    yield "sent", excerpts[:1] if len(set(excerpts)) == 1 else excerpts
    for name, text in _OUTCOME:
        cells = [text(answer) for answer in answers]
        if any(cells):
            yield name, cells
    for name in dict.fromkeys(name for each in answers for name in each.columns or {}):
        yield name, [_value(answer, name) for answer in answers]


def summary_lines(result: TryResult) -> list[str]:
    """The totals of each analysis, and the time that it took."""
    lines = [_total(each) for each in result.analyses]
    took = f"{seconds(result.seconds)}; nothing was stored"
    different = [each for each in result.records if each.differences]
    if len(result.analyses) > 1:
        of = plural(len(result.records), "transcript")
        took = f"differences in {len(different)} of {of}; {took}"
    return ["", *lines, line(took)]


def _total(each: TriedAnalysis) -> str:
    refused = f", {count(each.refused)} refused" if each.refused else ""
    tokens = f"{count(each.input_tokens)} tokens in, {count(each.output_tokens)} out"
    model = "simulated" if each.is_simulated else each.model
    rows = plural(each.rows, "row")
    return line(f"{each.analysis}: {rows}{refused}, {tokens}{_cost(each)} ({model})")


def _cost(each: TriedAnalysis | TriedAnswer) -> str:
    if each.cost is None:
        return ""
    simulated = (isinstance(each, TriedAnalysis) and each.is_simulated) or each.model == STAND_IN
    return f", {'would have cost' if simulated else 'cost'} {dollars(each.cost)}"


def _outcome(answer: TriedAnswer) -> str:
    if answer.error_type:
        return f"refused: {answer.error_type}" + (f" ({answer.detail})" if answer.detail else "")
    mended = "" if answer.repair_grade == "exact" else f", {answer.parse_method}"
    return f"{answer.grade}{mended}"


def _tokens(answer: TriedAnswer) -> str:
    if answer.input_tokens is None:
        return ""
    return f"{count(answer.input_tokens)} in, {count(answer.output_tokens)} out{_cost(answer)}"


def _raw(answer: TriedAnswer) -> str:
    """The text of an answer that gave no row."""
    text = answer.raw_answer if answer.error_type and answer.raw_answer else ""
    return text if len(text) <= _RAW else f"{text[:_RAW]}…"


_OUTCOME: tuple[tuple[str, Callable[[TriedAnswer], str]], ...] = (
    ("row", _outcome),
    ("what to do", lambda answer: answer.remedy or ""),
    ("the service said", lambda answer: answer.service_message or ""),
    ("raw answer", _raw),
    ("tokens", _tokens),
)


def _value(answer: TriedAnswer, name: str) -> str:
    """A value as it would be stored, and what the model wrote where that is another."""
    if answer.columns is None:
        return ""
    if name not in answer.columns:
        return "-"
    value = _text(answer.columns[name])
    if name not in (*answer.normalised_fields, *answer.nulled_fields):
        return value
    if name not in answer.raw_values:
        return f"{value} (absent from the answer)"
    return f"{value} (the model wrote {json.dumps(answer.raw_values[name], ensure_ascii=False)})"


def _text(value: Any) -> str:
    if value is None:
        return "null"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _row(
    name: str, cells: Sequence[str], layout: _Layout, *, differs: bool = False
) -> Iterator[str]:
    """Yield the lines of one name with its cells side by side; `*` stands before a difference."""
    room = layout.room if len(cells) > 1 else layout.whole
    parts = [wrap(line(cell), room) or [""] for cell in cells]
    for at, pieces in enumerate(zip_longest(*parts, fillvalue="")):
        mark = "*" if differs and at == 0 else " "
        first = f"{mark} {name if at == 0 else '':<{layout.names}}"
        yield "  ".join([first, *(piece.ljust(room) for piece in pieces)]).rstrip()
