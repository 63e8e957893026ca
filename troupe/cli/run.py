"""Commands on runs: request, publish, reprocess, reread."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from troupe import operations
from troupe.exit_codes import ExitCode
from troupe.operations.empty_request import WHY, Nothing
from troupe.operations.reprocess import ReprocessResult
from troupe.operations.reprocess import reprocess as reprocess_operation
from troupe.operations.reread import RereadResult
from troupe.operations.reread import reread as reread_operation
from troupe.operations.run_requests import Preview
from troupe.report.formatting import dollars, plural, span
from troupe.report.text.outcome import nothing_lines
from troupe.report.text.preview import request_lines

from .client import CallFailed, call, try_call
from .option_errors import name_options
from .options import (
    AllowEmpty,
    AsJson,
    Budget,
    BudgetTokens,
    DryRun,
    Label,
    NewRun,
    finite,
    read_labels,
    rfc3339,
)
from .output import fail, print_json, print_lines, print_result, read_text, warn

T = TypeVar("T")


def request(
    run_id: NewRun = "",
    mode: Annotated[
        str,
        typer.Option(
            metavar="MODE",
            help="Which records. production: all that are due. test: the first --limit of them. "
            "incremental: calls since the newest one of the last complete run, less --lookback-days. "
            "single: those of --record-id. custom: any mixture of these options.",
        ),
    ] = "production",
    limit: Annotated[int | None, typer.Option(help="Maximum number of records.")] = None,
    event_time_from: Annotated[
        str | None,
        typer.Option(
            callback=rfc3339, metavar="TIME", help="Only calls at or after this time; RFC 3339."
        ),
    ] = None,
    event_time_to: Annotated[
        str | None,
        typer.Option(callback=rfc3339, metavar="TIME", help="Only calls before this time."),
    ] = None,
    provider: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only calls of this provider; repeatable."),
    ] = None,
    direction: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only calls of this direction; repeatable."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Only calls whose attribute fits: queue=billing, duration_seconds>=60 or "
            "duration_seconds<600; repeatable. The analysis names the attributes.",
        ),
    ] = None,
    record_id: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID", help="Only this record, with mode single or custom; repeatable."
        ),
    ] = None,
    golden: Annotated[
        str,
        typer.Option(
            metavar="NAME[@VERSION]",
            help="Only the records of this golden set that the analysis has not analysed yet.",
        ),
    ] = "",
    rows_per_batch: Annotated[
        int | None, typer.Option(help="Records in a batch. Default: 20,000.")
    ] = None,
    bytes_per_batch: Annotated[
        int | None, typer.Option(help="Bytes of requests in a batch. Default: 700,000,000.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(help="Batches in flight at the same time. Default: 8.")
    ] = None,
    canary: Annotated[
        int | None,
        typer.Option(help="Records in batch 1, which must succeed first. Default: 500."),
    ] = None,
    breaker: Annotated[
        float | None,
        typer.Option(
            callback=finite,
            help="Stop the run above this percentage of failed records. Default: 20.",
        ),
    ] = None,
    max_attempts: Annotated[
        int | None, typer.Option(help="Maximum number of attempts at a batch. Default: 3.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="Model to use. Default: the analysis' own.")
    ] = None,
    analysis: Annotated[
        str | None, typer.Option(metavar="NAME", help="Analysis to run. Default: call_review_v1.")
    ] = None,
    budget: Budget = None,
    budget_tokens: BudgetTokens = None,
    label: Label = None,
    lookback_days: Annotated[
        int | None,
        typer.Option(help="With mode incremental: days to look back for late calls. Default: 7."),
    ] = None,
    grounding: Annotated[
        bool | None,
        typer.Option(help="Measure which part of each summary occurs in its call. Default: on."),
    ] = None,
    dry_run: DryRun = False,
    allow_empty: AllowEmpty = False,
    fail_empty: Annotated[
        bool, typer.Option("--fail-empty", help="End with 5 when no record is pending.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Request a run: transcripts to be analysed.

    A running worker starts with it at once; without one, run `troupe work`. On Google Cloud the
    services start with it. When no record is pending, no run is requested; the reason and what to
    do are printed, and the command ends with 0.

    Examples:
        troupe request --dry-run
        troupe request --run-id first --mode test --limit 20
        troupe request --mode incremental --budget 50
    """
    fields = {
        "run_id": run_id, "mode": mode, "limit": limit, "event_time_from": event_time_from,
        "event_time_to": event_time_to, "providers": provider, "directions": direction,
        "record_ids": record_id, "rows_per_batch": rows_per_batch,
        "bytes_per_batch": bytes_per_batch, "concurrency": concurrency, "canary": canary,
        "breaker": breaker, "max_attempts": max_attempts, "model": model, "analysis": analysis,
        "budget": budget, "budget_tokens": budget_tokens, "lookback_days": lookback_days,
        "grounding": grounding, "labels": read_labels(label),
    }  # fmt: skip
    answer = _send(
        operations.request,
        fields,
        dry_run=dry_run,
        allow_empty=allow_empty,
        where=where or [],
        golden=golden,
    )
    for warning in answer.warnings:
        warn([warning])
    print_result(answer, request_lines, as_json=as_json)
    is_empty = isinstance(answer, Nothing) or bool(isinstance(answer, Preview) and answer.nothing)
    if fail_empty and is_empty:
        fail("no record is pending", ExitCode.NOTHING_TO_DO)


def publish(
    topic: Annotated[str, typer.Argument(help="Topic, for example run-requested.")],
    file: Annotated[
        Path, typer.Argument(help="File with the body of the message; - for standard input.")
    ],
    message_id: Annotated[str, typer.Option(help="Id of the message. Default: a new one.")] = "",
    as_json: AsJson = False,
) -> None:
    """Publish a message on a topic, as `gcloud pubsub topics publish` does.

    The body may be an event, or a request as bare JSON. It ends with 1 if the message is refused.

    Examples:
        troupe publish run-requested request.json
        echo '{"run_id": "first"}' | troupe publish cancel-requested -
    """
    body = _standard_input() if str(file) == "-" else read_text("FILE", file, "name another file")
    sent = call(operations.publish, topic=topic, body=body, message_id=message_id)
    if as_json:
        print_json(sent)
    else:
        typer.echo(f"published message {sent.message_id}")
    if refused := sent.refused:
        why = f"{refused.reason}: {refused.detail}"
        fail(f"run {refused.run_id} was refused: {why}", ExitCode.FAILED)
    if sent.unreadable:
        fail(f"the message was refused: {sent.unreadable}", ExitCode.FAILED)


def reprocess(
    of_run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="Records of this run.")
    ] = None,
    batch: Annotated[
        list[int] | None,
        typer.Option(metavar="NUMBER", help="Records of this batch of --run; repeatable."),
    ] = None,
    error_type: Annotated[
        list[str] | None,
        typer.Option(metavar="TYPE", help="Records with this type of error; repeatable."),
    ] = None,
    record_id: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="The record with this id; repeatable.")
    ] = None,
    changed: Annotated[
        bool,
        typer.Option(
            "--changed",
            help="Analysed records whose transcript has changed since. Their new rows replace the "
            "old ones when the run is over.",
        ),
    ] = False,
    analysis: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Analysis whose records to send. Default: that of --run, or call_review_v1.",
        ),
    ] = None,
    run_id: NewRun = "",
    budget: Budget = None,
    budget_tokens: BudgetTokens = None,
    label: Label = None,
    dry_run: DryRun = False,
    allow_empty: AllowEmpty = False,
    as_json: AsJson = False,
) -> None:
    """Send failed, released or changed records to the model again, in a new run.

    A closed batch is never opened again. Select records by --run, --error-type, --record-id or
    --changed.

    Examples:
        troupe reprocess --run first --dry-run
        troupe reprocess --run first --error-type truncated --budget 5
        troupe reprocess --changed --dry-run
    """
    fields = {
        "of_run": of_run, "batches": batch, "error_types": error_type, "record_ids": record_id,
        "changed": changed or None, "analysis": analysis, "run_id": run_id, "budget": budget, "budget_tokens": budget_tokens,
        "labels": read_labels(label),
    }  # fmt: skip
    answer = _send(reprocess_operation, fields, dry_run=dry_run, allow_empty=allow_empty)
    if as_json:
        print_json(answer)
    else:
        print_lines(_reprocess_lines(answer, of_run, changed=changed))


def reread(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id of a completed run.")],
    run_id: NewRun = "",
    dry_run: DryRun = False,
    allow_empty: AllowEmpty = False,
    as_json: AsJson = False,
) -> None:
    """Read the stored answers of a run again, by the reading rules of the installed analysis.

    For after you mended them: an equivalent, a column's rule, a lower share of required fields.
    Records of the run that have no row are read in a new run. No model is asked, nothing is paid.
    A prompt, schema or model that was changed asks something else: use `reprocess`.

    Examples:
        troupe reread first --dry-run
        troupe reread first --run-id first-read-again
    """
    answer = call(
        reread_operation, of_run=run, run_id=run_id, dry_run=dry_run, allow_empty=allow_empty
    )
    print_result(answer, _reread_lines, as_json=as_json)


def _reread_lines(answer: RereadResult) -> list[str]:
    if answer.nothing and not answer.run_id:
        return nothing_lines(answer.nothing)
    lines = [f"{plural(answer.records, 'record')} of run {answer.of_run} without a row"]
    if answer.held:
        lines.append(f"left out: {answer.held:,} held by an open run")
    if answer.new_rows is not None:
        lines.append(f"{answer.new_rows:,} would become rows now, at no cost")
        lines += [f"refused: {count:,} {name}" for name, count in sorted(answer.refused.items())]
    return lines + _requested(answer)


def _requested(answer: RereadResult | ReprocessResult) -> list[str]:
    if not answer.run_id:
        return []
    if answer.known:
        return [f"run {answer.run_id} was requested before; nothing changes"]
    return [f"requested run {answer.run_id}"]


def _send(operation: Callable[..., T], fields: dict[str, Any], **further: Any) -> T:
    """Send the fields that were given; an error names the option of its field."""
    given = {name: value for name, value in fields.items() if value not in (None, [], {}, "")}
    try:
        return try_call(operation, request=given, **further)
    except CallFailed as error:
        fail(name_options(str(error), fields), error.code)


def _reprocess_lines(answer: ReprocessResult, of_run: str | None, *, changed: bool) -> list[str]:
    if answer.nothing and not answer.run_id:
        return [*nothing_lines(answer.nothing), *_left_out(answer, of_run, changed=changed)]
    cost = span(*map(dollars, answer.cost))
    tokens = [*map(sum, zip(answer.input_tokens, answer.output_tokens, strict=True))]
    batches = plural(answer.batches, "batch", "batches")
    size = f"{plural(answer.records, 'record')} in {batches}"
    lines = [f"{size}, {tokens[0]:,} to {tokens[1]:,} tokens, cost {cost}"]
    for name, count in answer.left_out.items():
        lines.append(f"left out: {count:,} {WHY[name]}")
    lines += _left_out(answer, of_run, changed=changed)
    return lines + _requested(answer)


def _left_out(answer: ReprocessResult, of_run: str | None, *, changed: bool) -> list[str]:
    """What to do about records that have a row."""
    lines = []
    if "changed" in answer.left_out:
        lines.append(
            "for those with another transcript now, `troupe reprocess --changed` replaces the row"
        )
    if "processed" in answer.left_out and not changed:
        run = of_run or "RUN"
        lines.append(
            "those analysed already keep their row; to ask for them all the same, delete it first"
            f" with `troupe clear-history --run {run}`"
        )
    return lines


def _standard_input() -> str:
    try:
        return sys.stdin.read()
    except UnicodeDecodeError:
        fail("invalid FILE -: standard input is not a text in UTF-8")
