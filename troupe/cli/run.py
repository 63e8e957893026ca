"""Commands that bring work: load, request, publish, work, and all of it as demo."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from .client import call, fail
from .client_gcp import local_only
from .options import HOME, AsJson, Budget, BudgetTokens, DryRun, Home, print_json, print_lines

DamagePercent = Annotated[
    float, typer.Option("--damage", min=0, max=100, help="Per cent of answers to damage.")
]
ModelUrl = Annotated[
    str | None,
    typer.Option(
        "--model-url",
        envvar="TROUPE_MODEL_URL",
        help="Send the prompts to this OpenAI-compatible endpoint instead of the stand-in.",
    ),
]
ModelName = Annotated[
    str, typer.Option("--model-name", envvar="TROUPE_MODEL_NAME", help="The model there.")
]


def demo(
    transcripts: Annotated[
        Path | None,
        typer.Option("--transcripts", help="JSON Lines, gzip or not; else generated."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Analyse at most this many.")] = None,
    home: Home = HOME,
    damage: DamagePercent = 0,
    report: Annotated[Path, typer.Option(help="Where the report goes.")] = Path("report.html"),
    model_url: ModelUrl = None,
    model_name: ModelName = "",
) -> None:
    """Load, request, work until idle, verify and report: the whole job in one command."""
    local_only("demo")
    from .demo import run_demo
    from .worker import settings_of

    settings = settings_of(damage, 0, _endpoint(model_url, model_name))
    ok = run_demo(home, transcripts, limit, settings, report, typer.echo)
    raise typer.Exit(0 if ok else 1)


def load(
    file: Annotated[Path, typer.Argument(help="JSON Lines in the source table's columns.")],
    home: Home = HOME,
) -> None:
    """Add transcripts to the source table: the whole file, or nothing of it."""
    loaded = call(home, "load", file=str(file.resolve()))
    for column in loaded["ignored_columns"]:
        typer.echo(f"ignored column {column}: the source table has none of this name", err=True)
    if loaded["added"] or not loaded["rows"]:
        typer.echo(f"loaded {loaded['added']:,} rows")
    else:
        typer.echo(f"this file was loaded before; its {loaded['rows']:,} rows are there already")


def request(
    run_id: Annotated[str, typer.Option("--run-id", help="Name of the run; else derived.")] = "",
    mode: Annotated[
        str, typer.Option(help="test, production, incremental, single or custom.")
    ] = "production",
    limit: Annotated[int | None, typer.Option(help="At most this many records.")] = None,
    event_time_from: Annotated[str | None, typer.Option(help="RFC 3339, inclusive.")] = None,
    event_time_to: Annotated[str | None, typer.Option(help="RFC 3339, exclusive.")] = None,
    provider: Annotated[list[str] | None, typer.Option(help="Only this one; repeatable.")] = None,
    direction: Annotated[list[str] | None, typer.Option(help="Only this one; repeatable.")] = None,
    record_id: Annotated[list[str] | None, typer.Option(help="For mode single.")] = None,
    rows_per_batch: Annotated[int | None, typer.Option(help="Default 20,000.")] = None,
    bytes_per_batch: Annotated[int | None, typer.Option(help="Default 700,000,000.")] = None,
    concurrency: Annotated[int | None, typer.Option(help="Batches in flight; default 8.")] = None,
    canary: Annotated[int | None, typer.Option(help="Records of batch 1; default 500.")] = None,
    breaker: Annotated[float | None, typer.Option(help="Per cent failed; default 20.")] = None,
    max_attempts: Annotated[int | None, typer.Option(help="Per batch; default 3.")] = None,
    model: Annotated[str | None, typer.Option(help="Default: the analysis' own.")] = None,
    analysis: Annotated[str | None, typer.Option(help="Default call_review_v1.")] = None,
    budget: Budget = None,
    budget_tokens: BudgetTokens = None,
    lookback_days: Annotated[int | None, typer.Option(help="Incremental; default 7.")] = None,
    grounding: Annotated[
        bool | None, typer.Option(help="Measure how much of each summary was said; default yes.")
    ] = None,
    dry_run: DryRun = False,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """Ask for transcripts to be analysed. A running worker begins at once, else `troupe work`."""
    request = {
        "run_id": run_id, "mode": mode, "limit": limit, "event_time_from": event_time_from,
        "event_time_to": event_time_to, "providers": provider, "directions": direction,
        "record_ids": record_id, "rows_per_batch": rows_per_batch,
        "bytes_per_batch": bytes_per_batch, "concurrency": concurrency, "canary": canary,
        "breaker": breaker, "max_attempts": max_attempts, "model": model, "analysis": analysis,
        "budget": budget, "budget_tokens": budget_tokens, "lookback_days": lookback_days,
        "grounding": grounding,
    }  # fmt: skip
    given = {name: value for name, value in request.items() if value not in (None, [], "")}
    answer = call(home, "request", request=given, dry_run=dry_run)
    if as_json:
        print_json(answer)
    elif dry_run:
        from troupe.report.plain_text import preview_lines

        print_lines(preview_lines(answer))
    elif answer["known"]:
        typer.echo(f"run {answer['run_id']} was requested before; nothing changes")
    else:
        typer.echo(f"requested run {answer['run_id']}")


def publish(
    topic: Annotated[str, typer.Argument(help="For example run-requested.")],
    file: Annotated[Path, typer.Argument(help="The message's body; - for standard input.")],
    message_id: Annotated[str, typer.Option(help="Publish under this message id.")] = "",
    home: Home = HOME,
) -> None:
    """Publish a message as it is, bare JSON included, as one would with gcloud."""
    body = sys.stdin.read() if str(file) == "-" else _read(file)
    sent = call(home, "publish", topic=topic, body=body, message_id=message_id)
    typer.echo(f"published message {sent['message_id']}")
    if refused := sent.get("refused"):
        why = f"{refused['reason']}: {refused['detail']}"
        typer.echo(f"troupe: run {refused['run_id']} was refused: {why}", err=True)


def work(
    home: Home = HOME,
    linger: Annotated[
        float, typer.Option(min=0, help="Seconds without work after which it ends; 0: at once.")
    ] = 10.0,
    damage: DamagePercent = 0,
    model_url: ModelUrl = None,
    model_name: ModelName = "",
) -> None:
    """Do what there is to do: requests, and whatever a worker before left unfinished.

    Ended by Ctrl-C with a run still open it ends with 130, by SIGTERM with 143, else with 0.
    """
    local_only("work")
    from .worker import opened, settings_of, still_open, work_until_idle

    settings = settings_of(damage, 0, _endpoint(model_url, model_name))
    with opened(home, settings) as (backend, control_server):
        told = backend.wake()
        if told:
            typer.echo(f"going on with {told:,} unfinished {'event' if told == 1 else 'events'}")
        number = work_until_idle(backend, control_server, linger=linger, say=typer.echo)
        left = still_open(backend) if number else []
    if left:
        from troupe.report.formatting import plural

        open_runs = f"{plural(len(left), 'run')} open: {', '.join(left)}"
        typer.echo(f"ended with {open_runs}; `troupe work` goes on")
        raise typer.Exit(128 + number)
    typer.echo("done")


def _endpoint(url: str | None, model: str) -> Any:
    if url is None:
        return None
    from troupe.endpoint.openai import Endpoint

    if not model:
        fail("--model-name is missing: name the model that the endpoint should use")
    try:
        endpoint = Endpoint(base_url=url, model=model, key=os.environ.get("TROUPE_MODEL_KEY"))
        endpoint.knock()
    except ValueError as error:
        fail(f"--model-url {url}: {error}")
    except OSError as error:
        fail(f"--model-url {url}: nobody answers there ({error}); start the model's server first")
    return endpoint


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} cannot be read: {error}")
