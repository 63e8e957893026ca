"""The pages *Records*, which searches, and *Record*."""

from typing import Any, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from analysis.models import is_simulated
from troupe.console import search as searching
from troupe.console.client import client_of
from troupe.console.rendering import render
from troupe.console.security import form_of
from troupe.operations.analyses import list_analyses
from troupe.operations.explain import RECORD
from troupe.operations.find_records import FoundRecords, find_records
from troupe.operations.record_details import RecordAnswer, RecordDetails, record_details
from troupe.quality.grounded_words import grounded_words
from troupe.report.html.column_charts import value_name
from troupe.report.text.record import record_lines

LONGEST_TEXT, LONGEST_VALUE = 12_000, 2_000
"""Characters of a transcript, and of a value, that a page shows unless the whole is asked for."""
MOST_COLUMNS = 8
"""Closed columns that the list shows; a search can ask for all of them."""
MOST_ANSWERS = 3
"""Answers that it shows unless the whole is asked for, the newest ones."""
MOST_ABSENT, LONGEST_WORD = 30, 40
"""Words that it names which the transcript lacks, and their characters."""

_EXPECTED = {
    "run": "use the id of a run, as Runs lists it",
    "error": "use the name of an error, such as truncated",
    "since": "use a day, such as 2026-01-31",
    "until": "use a day, such as 2026-01-31",
}


async def index(request: Request) -> Response:
    """Search by what an address may hold; without a search list the newest records."""
    given = {name: request.query_params.getlist(name) for name in searching.FIELDS}
    return await _found(request, searching.fields_of(given))


async def search(request: Request) -> Response:
    """Search by the form. What is no personal text leads to an address that can be kept."""
    fields = searching.fields_of(form_of(request))
    if wrong := searching.misplaced(fields):
        raise HTTPException(400, f"invalid {wrong}: {_EXPECTED[wrong]}")
    if ("attribute" in fields) != ("is" in fields):
        raise HTTPException(400, "a call attribute is searched with its value: give both, or none")
    id_ = fields.get("id", [""])[0].lower()
    if RECORD.fullmatch(id_):
        return RedirectResponse(f"/records/{id_}", 303)
    if not searching.is_personal(fields):
        await _check_closed(request, fields)
        return RedirectResponse(searching.address(fields), 303)
    return await _found(request, fields, is_form=True)


async def _check_closed(request: Request, fields: dict[str, list[str]]) -> None:
    """Refuse what is no name and no closed value, before an address holds it.

    The page that follows shows the same records: on a deployment nothing is read again.
    """
    asked = searching.arguments({**fields, "after": []})
    found = await client_of(request).shared(find_records, **asked)
    _check_conditions(found, fields)


def _check_conditions(found: FoundRecords, fields: dict[str, list[str]]) -> None:
    if not all(searching.is_known(each, found.columns) for each in fields.get("where", ())):
        raise HTTPException(400, "invalid answer: use a closed value that the form offers")


async def _found(
    request: Request, fields: dict[str, list[str]], *, is_form: bool = False
) -> Response:
    client = client_of(request)
    if client.no_text and {"words", "attribute", "is"} & fields.keys():
        raise HTTPException(
            403, "this console shows no texts, and searches neither words nor call attributes"
        )
    personal = searching.is_personal(fields)
    ask = client.call if personal else client.shared  # nothing personal is kept for others
    found = await ask(find_records, **searching.arguments(fields))
    if is_form:
        _check_conditions(found, fields)  # links of the page hold them
    installed = await client.shared(list_analyses)
    return render(
        request,
        "records.html",
        found=found,
        columns=[*found.columns][:MOST_COLUMNS],
        fields=fields,
        personal=personal,
        analyses=[each.name for each in installed.analyses],
        where=_options(found, fields),
        states=[
            (state, records, searching.address(fields, state=state))
            for state, records in (found.counts or {}).items()
        ],
        next=None if personal or not found.after else searching.address(fields, after=found.after),
        simulated=_simulated(found),
        words_need_run=client.target.is_gcp,
        value_name=value_name,
    )


def _simulated(found: FoundRecords) -> str:
    """Whether the stand-in wrote `all` answers of the page, `some`, or none: then it is empty."""
    models = [each.model for each in found.records if each.model is not None]
    simulated = sum(map(is_simulated, models))
    return "" if not simulated else "all" if simulated == len(models) else "some"


def _options(found: FoundRecords, fields: dict[str, list[str]]) -> list[tuple[str, str]]:
    """The conditions that the form offers, each with its label; a chosen language is one more."""
    options = [
        f"{column}={value}" for column, values in found.columns.items() for value in (*values, "")
    ]
    chosen = [each for each in fields.get("where", ()) if searching.is_known(each, found.columns)]
    return [(each, _label(each)) for each in dict.fromkeys([*options, *chosen])]


def _label(condition: str) -> str:
    column, value = searching.condition(condition)
    return f"{column.replace('_', ' ')}: {value_name(value)}"


class Value(NamedTuple):
    """One column of an answer as the page shows it."""

    name: str
    description: str
    text: str
    is_cut: bool
    mark: str
    """normalised, null, or empty."""
    raw: str | None
    """What the model wrote where the value was changed."""


class Shown(NamedTuple):
    """One answer beside the text that was sent."""

    answer: RecordAnswer
    values: list[Value]
    simulated: bool
    """Whether the stand-in wrote it, so that its cost was not paid."""
    parts: list[str]
    """The transcript; every second part is a word of the summary."""
    absent: list[str]
    """Words of the summary that the transcript lacks."""
    has_text: bool
    is_same: bool
    """Whether a newer answer shows this transcript."""
    is_cut: bool


async def show(request: Request) -> Response:
    """Show one record: transcript and answer, how it was read, what it cost, and its history."""
    record_id, whole = request.path_params["record_id"], "whole" in request.query_params
    if RECORD.fullmatch(record_id.lower()):
        record_id = record_id.lower()
    client = client_of(request)
    details = await client.shared(record_details, record_id=record_id, texts=not client.no_text)
    return render(
        request,
        "records.record.html",
        details=details,
        shown=_answers(details, whole=whole),
        older=0 if whole else max(0, len(details.answers) - MOST_ANSWERS),
        unanswered=None if details.answers else _unanswered(details, whole=whole),
        lines=record_lines(details.history),
        failed=_failed(details),
        simulated=is_simulated,
    )


def _answers(details: RecordDetails, *, whole: bool) -> list[Shown]:
    """The newest answers; a transcript that several were given for is shown once."""
    texts = {each.run_id: each.transcript for each in details.texts}
    shown, seen = list[Shown](), set[str]()
    for answer in details.answers if whole else details.answers[:MOST_ANSWERS]:
        text = texts.get(answer.row.run_id)
        shown.append(_shown(answer, text, is_same=text in seen, whole=whole))
        if text is not None:
            seen.add(text)
    return shown


def _shown(answer: RecordAnswer, text: str | None, *, is_same: bool, whole: bool) -> Shown:
    summary = " ".join(
        str(answer.values.get(column.name) or "") for column in answer.columns if column.is_summary
    )
    cut = (text or "") if whole else (text or "")[:LONGEST_TEXT]
    absent = [] if text is None else grounded_words(summary, text).absent
    return Shown(
        answer=answer,
        values=[
            _value(answer, column.name, column.description, whole=whole)
            for column in answer.columns
        ],
        simulated=is_simulated(answer.row.model),
        parts=[] if is_same else grounded_words(summary, cut).parts,
        absent=[word[:LONGEST_WORD] for word in absent[:MOST_ABSENT]],
        has_text=text is not None,
        is_same=is_same,
        is_cut=text is not None and cut != text,
    )


def _value(answer: RecordAnswer, name: str, description: str, *, whole: bool) -> Value:
    text, longest = _text(answer.values.get(name)), None if whole else LONGEST_VALUE
    mark = "null" if name in answer.row.nulled_fields else ""
    if name in answer.row.normalised_fields:
        mark = "normalised"
    raw = _text(answer.raw_values[name])[:longest] if name in answer.raw_values else None
    is_cut = longest is not None and len(text) > longest
    return Value(name, description, text[:longest], is_cut, mark, raw)


def _text(value: Any) -> str:
    """A value as people read it: a text as it is, a list line by line, the fields of an object in one."""
    if value is None or value == [] or isinstance(value, bool):
        return value_name(None if value in (None, []) else str(value).lower())
    if isinstance(value, list):
        return "\n".join(map(_text, value))
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_text(each)}" for name, each in value.items())
    return str(value)


def _unanswered(details: RecordDetails, *, whole: bool) -> tuple[str, bool] | None:
    """The newest text that was sent for a record without a row, and whether it is cut."""
    sent = [each.transcript for each in details.texts if each.transcript is not None]
    if not sent:
        return None
    return (sent[-1], False) if whole else (sent[-1][:LONGEST_TEXT], len(sent[-1]) > LONGEST_TEXT)


def _failed(details: RecordDetails) -> str | None:
    """The newest run in which the record failed or was released; None for one with a row."""
    final = [error for error in details.history.errors if not error.retryable and error.run_id]
    return final[-1].run_id if final and not details.answers else None
