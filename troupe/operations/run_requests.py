"""Request a run, preview one, or publish a message."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from analysis import Analysis, AnalysisError
from analysis.prices import priced_models
from events import (
    EVENTS,
    Command,
    RunRefused,
    RunRequested,
    Unreadable,
    read_event,
    topic_of,
)
from handlers.dispatch.errors import Redeliver, Reject
from handlers.plan_run import event_time_floor
from handlers.runs.attributes import check_conditions, check_source, reading_of
from handlers.runs.estimate import estimate
from handlers.runs.plan_params import plan_params
from handlers.runs.token_rates import Basis
from handlers.summary.costs import QuotedPrice, quoted_price
from handlers.summary.run_summary import SKIPPED
from tracking import Row, SourceReading
from tracking.attributes import UnfitAttribute

from .backend import Backend, InvalidOperation, new_run_id, publish_command
from .conditions import read_conditions
from .counted_tokens import preview_rates
from .empty_request import Nothing, nothing_pending
from .model_places import model_problem, refuse_missing_model
from .quality.golden_request import GoldenRequest, covered, of_golden, when_nothing
from .runs import was_requested


class Requested(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="requested"):
    """A run was requested."""

    run_id: str
    known: bool
    """The same request was made before; nothing was published."""
    golden: GoldenRequest | None = None
    """With a golden set: which of its records are asked."""
    warnings: list[str] = []


class Preview(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="preview"):
    """What a run would select, leave out and cost; nothing was published."""

    run_id: str
    model: str
    source_rows: int
    skipped: dict[str, int]
    """Rows of the source that the run would leave out, by the names in `SKIPPED`."""
    records: int
    batches: int
    bytes: int
    """Size of all request lines."""
    newest_event_time: datetime | None
    input_tokens: tuple[int, int]
    output_tokens: tuple[int, int]
    cost: tuple[float | None, float | None]
    """US dollars, from low to high."""
    price: QuotedPrice | None
    basis: Basis
    """What the estimate of tokens rests on."""
    nothing: Nothing | None = None
    """Why no record would be selected, and what to do instead; None when some would."""
    golden: GoldenRequest | None = None
    """With a golden set: which of its records would be asked."""
    warnings: list[str] = []


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """A message was published."""

    message_id: str
    refused: RunRefused | None = None
    """The refusal of the run that the message requests, where it is known at once."""
    unreadable: str | None = None
    """Why the message is neither an event nor a request; nothing was done."""


def request(
    backend: Backend,
    request: dict[str, Any],
    dry_run: bool = False,
    allow_empty: bool = False,
    where: Sequence[str] = (),
    golden: str = "",
    command_id: str = "",
) -> Preview | Requested | Nothing:
    """Publish a run-requested; with `dry_run` only preview the run.

    A request that would select no record is not published, unless `allow_empty`. `where` are
    conditions on call attributes, such as `queue=billing`. `golden` is a golden set, as `NAME` or
    `NAME@VERSION`, whose records are requested. Two calls with one `command_id` are one command.
    """
    labelled: GoldenRequest | None = None
    if golden:
        request, labelled = of_golden(backend, request, golden)
    run = _checked(backend, request, where)
    if dry_run or run.dry_run:
        return preview(backend, run, labelled)
    if run.run_id and was_requested(backend, run):
        return Requested(run_id=run.run_id, known=True)
    refuse_missing_model(backend, run)
    found = None if allow_empty and not labelled else _select(backend, run, labelled)
    if found and found.nothing and not allow_empty:
        return msgspec.structs.replace(found.nothing, warnings=_warnings(run))
    named = run if run.run_id else msgspec.structs.replace(run, run_id=new_run_id(backend))
    publish_command(backend, named, command_id)
    return Requested(
        run_id=named.run_id,
        known=False,
        golden=found.golden if found else None,
        warnings=_warnings(run),
    )


@dataclass(frozen=True, slots=True)
class _Selection:
    """What the plan of a request would select."""

    analysis: Analysis
    params: dict[str, Any]
    reading: SourceReading
    counts: Row
    skipped: dict[str, int]
    nothing: Nothing | None
    golden: GoldenRequest | None


def _select(backend: Backend, run: RunRequested, golden: GoldenRequest | None = None) -> _Selection:
    analysis = backend.dependencies.analyses.load(run.analysis)
    tracking = backend.dependencies.tracking
    params = plan_params(run, "", analysis, event_time_floor(run, tracking))
    reading = reading_of(run, analysis)
    row = tracking.preview_plan(params, reading)
    # The row counts what is selected; what the limit of the run cuts off is the difference.
    counts = row | {"beyond_limit": row["pending"] - row["records"]}
    skipped = {reason: counts[reason] for reason in SKIPPED}
    nothing = None
    if not row["records"]:
        nothing = nothing_pending(
            backend,
            row["source_rows"],
            skipped,
            analysis=run.analysis,
            other_model=params["model"] if params["model"] != analysis.model else None,
        )
    if golden is not None:
        golden = covered(golden, row["records"], skipped)
        nothing = nothing and when_nothing(golden, run.analysis, nothing)
    return _Selection(analysis, params, reading, counts, skipped, nothing, golden)


def preview(backend: Backend, run: RunRequested, golden: GoldenRequest | None = None) -> Preview:
    """Select and estimate as the plan of this request would, without freezing anything."""
    found = _select(backend, run, golden)
    row, model = found.counts, found.params["model"]
    rates, basis = preview_rates(backend, found.analysis, found.params, found.reading)
    expected = estimate(row["records"], row["bytes"], model, found.analysis, rates)
    return Preview(
        run_id=run.run_id,
        model=model,
        source_rows=row["source_rows"],
        skipped=found.skipped,
        records=row["records"],
        batches=row["batches"],
        bytes=row["bytes"],
        newest_event_time=row["newest_event_time"],
        input_tokens=expected.input_tokens,
        output_tokens=expected.output_tokens,
        cost=(expected.low, expected.high),
        price=quoted_price(model),
        basis=basis,
        nothing=found.nothing,
        golden=found.golden,
        warnings=[*_warnings(run), *filter(None, [model_problem(backend, run)])],
    )


def _warnings(run: RunRequested) -> list[str]:
    """Say what a model without a price means; whether it exists is known to the service alone."""
    if run.model is None or quoted_price(run.model):
        return []
    known = ", ".join(priced_models())
    return [
        (
            f"no price of the model {run.model} is known, so no cost can be shown and a budget in "
            f"dollars refuses the run; the service refuses a model that it does not have. Prices are known of {known}"
        )
    ]


def publish(backend: Backend, topic: str, body: str, message_id: str = "") -> Published:
    """Publish a command's message unchanged, as `gcloud pubsub topics publish` does."""
    topics = [topic_of(kind) for kind in EVENTS if issubclass(kind, Command)]
    if topic not in topics:
        raise InvalidOperation(f"no command has topic {topic}: choose from {', '.join(topics)}")
    return Published(message_id=backend.bus.send(topic, body.encode(), {}, message_id))


def _checked(backend: Backend, request: dict[str, Any], where: Sequence[str]) -> RunRequested:
    with _invalid():
        run = read_event(msgspec.json.encode(request), RunRequested)
        analysis = backend.dependencies.analyses.load(run.analysis)
        if where:
            typed = {**request, "attributes": read_conditions(where, analysis.attributes)}
            run = read_event(msgspec.json.encode(typed), RunRequested)
        check_conditions(run, analysis)
        # A person who may not read the source may request a run: its plan checks this again.
        with suppress(Redeliver, Reject):
            check_source(analysis, backend.dependencies.tracking)
    return run


@contextmanager
def _invalid() -> Iterator[None]:
    try:
        yield
    except (Unreadable, AnalysisError, UnfitAttribute) as error:
        raise InvalidOperation(str(error)) from error
