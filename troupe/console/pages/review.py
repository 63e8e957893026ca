"""The page *Review*: draw a sample, and judge its records one by one; saved on the server."""

import re
from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from troupe.cli.client import CallFailed
from troupe.console.client import client_of
from troupe.console.rendering import render
from troupe.console.security import field_of, form_of, session_of
from troupe.operations.quality.review_record import ReviewedRecord, save_review, show_review
from troupe.operations.quality.review_sample import MOST_RECORDS, WAYS, record_review, review_sample
from troupe.operations.quality.reviews import (
    REVIEWER,
    label_lines,
    labels_file,
    list_reviews,
    review_labels,
)

HOW, TEXT = "how.", "text."
"""Begin the names of fields; the name of a column follows."""


async def index(request: Request) -> Response:
    """List the recorded samples, of one run or of all, and offer to draw another one."""
    return await _index(request)


async def draw(request: Request) -> Response:
    """Draw a sample of a run as the form says, record it, and show it."""
    _check_texts(request)
    client = client_of(request)
    if client.read_only:
        raise HTTPException(HTTPStatus.FORBIDDEN, "this console is read-only, and draws no sample")
    run, by, seed = field_of(request, "run"), field_of(request, "by"), field_of(request, "seed")
    against = field_of(request, "against") or None
    try:
        if not (number := field_of(request, "n")).isdecimal() or len(number) > 4:
            raise CallFailed(f"invalid number of records: use 1 to {MOST_RECORDS:,}")
        how = {"run_id": run, "by": by or "random", "seed": seed or "0", "against": against}
        found = await client.call(review_sample, n=int(number), **how)
        rows = [
            {"record_id": each.record_id, "stratum": each.stratum, "weight": each.weight}
            for each in found.records
        ]
        await client.call(record_review, sample_id=found.sample_id, rows=rows, **how)
    except CallFailed as error:
        return await _index(request, str(error))
    return _to(f"/review/{found.sample_id}")


async def _index(request: Request, problem: str = "") -> Response:
    run = request.query_params.get("run", "")
    found = await client_of(request).call(list_reviews, run_id=run or None)
    form = form_of(request) if problem else {}
    given = {name: values[0] for name, values in form.items()}
    return render(
        request,
        "review.html",
        status_code=400 if problem else 200,
        run=run,
        reviews=found.reviews,
        ways=WAYS,
        given={"run": run, "n": "50", "by": "random", "seed": "0", "against": ""} | given,
        problem=problem,
    )


async def sample(request: Request) -> Response:
    """Show a sample and its reviewers; go on as the reviewer whom the form names."""
    reviewer = request.query_params.get("reviewer", "").strip().lower()
    id_ = request.path_params["sample"]
    if REVIEWER.fullmatch(reviewer):
        return _to(f"/review/{id_}/{reviewer}")
    found = await client_of(request).call(list_reviews)
    for review in found.reviews:
        if review.sample_id == id_:
            name = re.sub("[^a-z0-9-]", "", session_of(request).user.partition("@")[0].lower())
            return render(
                request,
                "review.sample.html",
                status_code=400 if reviewer else 200,
                review=review,
                reviewer=reviewer or name.lstrip("-")[:20],
                is_wrong=bool(reviewer),
            )
    raise HTTPException(HTTPStatus.NOT_FOUND)


async def first(request: Request) -> Response:
    """Go to the first record that the reviewer has not judged as a whole."""
    at = request.path_params
    shown = await _shown(request)
    return _to(f"/review/{at['sample']}/{at['reviewer']}/{shown.record_id}#{_open_column(shown)}")


async def record(request: Request) -> Response:
    """Show a record of the sample to the reviewer."""
    return _page(request, await _shown(request))


async def save(request: Request) -> Response:
    """Save what the form says of a record, and go on to the record that its button names."""
    _check_texts(request)
    at, form = request.path_params, form_of(request)
    shown = await _shown(request)
    judgements = _judgements(form)
    go = field_of(request, "go")
    if go == "rest":
        for column in shown.columns:
            if "right" in column.may_be:
                judgements.setdefault(column.name, {"how": "right"})
    version = field_of(request, "version", "0")
    saved = await client_of(request).call(
        save_review,
        sample_id=at["sample"],
        reviewer=at["reviewer"],
        record_id=at["record"],
        version=int(version) if version.isdecimal() and len(version) < 10 else 0,
        judgements=judgements,
    )
    if saved.outcome in ("refused", "newer"):
        again = await _shown(request, judgements)
        status = 409 if saved.outcome == "newer" else 422
        return _page(request, again, status, outcome=saved.outcome)
    here = f"/review/{at['sample']}/{at['reviewer']}"
    ids = [each.record_id for each in shown.records]
    place = ids.index(at["record"]) + {"previous": -1, "stay": 0}.get(go, 1)
    if go == "open" or place == len(ids):
        return _to(here)
    return _to(f"{here}/{ids[max(0, place)]}#column-0")


async def labels(request: Request) -> Response:
    """Return what the reviewer saved as a file of labels, which `troupe golden add` reads."""
    _check_texts(request)
    at = request.path_params
    found = await client_of(request).call(
        review_labels, sample_id=at["sample"], reviewer=at["reviewer"]
    )
    headers = {"content-disposition": f'attachment; filename="{labels_file(found)}"'}
    return Response(label_lines(found), media_type="application/jsonl", headers=headers)


async def _shown(
    request: Request, refused: dict[str, dict[str, str]] | None = None
) -> ReviewedRecord:
    _check_texts(request)
    at = request.path_params
    return await client_of(request).call(
        show_review,
        sample_id=at["sample"],
        reviewer=at["reviewer"],
        record_id=at.get("record"),
        refused=refused,
    )


def _judgements(form: Mapping[str, list[str]]) -> dict[str, dict[str, str]]:
    """Return what the form says of each column that is judged; the text is that of a correction."""
    said = {
        name.removeprefix(HOW): values[0]
        for name, values in form.items()
        if name.startswith(HOW) and values[0]
    }
    return {
        column: {"how": how, "text": form.get(f"{TEXT}{column}", [""])[0].replace("\r\n", "\n")}
        if how == "corrected"
        else {"how": how}
        for column, how in said.items()
    }


def _page(
    request: Request, shown: ReviewedRecord, status_code: int = 200, outcome: str = ""
) -> Response:
    whole = len(shown.columns)
    ids = [each.record_id for each in shown.records]
    return render(
        request,
        "review.record.html",
        status_code=status_code,
        shown=shown,
        place=ids.index(shown.record_id) + 1,
        complete=sum(whole > 0 and each.judged >= whole for each in shown.records),
        judged=next(each.judged for each in shown.records if each.record_id == shown.record_id),
        outcome=outcome,
        problems=[(at, each) for at, each in enumerate(shown.columns) if each.problem],
    )


def _open_column(shown: ReviewedRecord) -> str:
    """The id of the first column that is not judged."""
    places = (at for at, column in enumerate(shown.columns) if column.how is None)
    return f"column-{next(places, 0)}"


def _check_texts(request: Request) -> None:
    if client_of(request).no_text:
        raise HTTPException(
            HTTPStatus.FORBIDDEN, "a review shows transcripts, and this console shows no texts"
        )


def _to(address: str) -> Response:
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)
