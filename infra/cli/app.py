"""What a person can ask for. Each command is a thin door: the work is behind it."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from .calling import call, fail
from .letters import letters

app = typer.Typer(
    name="troupe",
    help="Event-driven batch analysis of call-centre transcripts, on a laptop or on Google Cloud.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.add_typer(letters, name="dead-letters")

Home = Annotated[
    Path,
    typer.Option("--home", envvar="TROUPE_HOME", help="The state folder.", show_default=True),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
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
HOME = Path(".troupe")


def main() -> None:
    """The entry point of the command."""
    app()


@app.command()
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
    from .demo import run_demo
    from .working import settings_of

    settings = settings_of(damage, 0, _endpoint(model_url, model_name))
    ok = run_demo(home, transcripts, limit, settings, report, typer.echo)
    raise typer.Exit(0 if ok else 1)


@app.command()
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


@app.command()
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
    budget: Annotated[float | None, typer.Option(help="US dollars; over it, refused.")] = None,
    lookback_days: Annotated[int | None, typer.Option(help="Incremental; default 7.")] = None,
    grounding: Annotated[
        bool | None, typer.Option(help="Measure how much of each summary was said; default yes.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan, spend nothing.")
    ] = False,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """Ask for transcripts to be analysed. A running worker begins at once, else `troupe work`."""
    wish = {
        "run_id": run_id, "mode": mode, "limit": limit, "event_time_from": event_time_from,
        "event_time_to": event_time_to, "providers": provider, "directions": direction,
        "record_ids": record_id, "rows_per_batch": rows_per_batch,
        "bytes_per_batch": bytes_per_batch, "concurrency": concurrency, "canary": canary,
        "breaker": breaker, "max_attempts": max_attempts, "model": model, "analysis": analysis,
        "budget": budget, "lookback_days": lookback_days, "grounding": grounding,
    }  # fmt: skip
    given = {name: value for name, value in wish.items() if value not in (None, [], "")}
    answer = call(home, "request", wish=given, dry_run=dry_run)
    if as_json:
        _print_json(answer)
    elif dry_run:
        from infra.report.text import preview_lines

        _print(preview_lines(answer))
    elif answer["known"]:
        typer.echo(f"run {answer['run_id']} was requested before; nothing changes")
    else:
        typer.echo(f"requested run {answer['run_id']}")


@app.command()
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


@app.command()
def work(
    home: Home = HOME,
    linger: Annotated[
        float, typer.Option(min=0, help="Seconds without work after which it ends; 0: at once.")
    ] = 10.0,
    damage: DamagePercent = 0,
    model_url: ModelUrl = None,
    model_name: ModelName = "",
) -> None:
    """Do what there is to do: requests, and whatever a worker before left unfinished."""
    from .working import opened, settings_of, work_until_idle

    settings = settings_of(damage, 0, _endpoint(model_url, model_name))
    with opened(home, settings) as (world, office):
        told = world.wake()
        if told:
            typer.echo(f"going on with {told:,} unfinished facts")
        work_until_idle(world, office, linger=linger, say=typer.echo)
    typer.echo("done")


@app.command()
def status(
    run: Annotated[str | None, typer.Argument(help="One run in full.")] = None,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """How the runs stand, and what stands still and why."""
    answer = {"worker": None} | call(_known(home), "status", run_id=run)
    if as_json:
        _print_json(answer)
        return
    from infra.report.text import status_lines

    _print(status_lines(answer))


@app.command()
def verify(
    run: Annotated[str | None, typer.Argument(help="One run; else all of them.")] = None,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """Recompute the books; ends with 1 when they do not balance."""
    answer = call(_known(home), "verify", run_id=run)
    if as_json:
        _print_json(answer)
    else:
        names = ("planned", "analysed", "failed", "released", "open", "skipped")
        typer.echo("  ".join(f"{name} {answer[name]:,}" for name in names))
        never = ("lost", "doubled", "paid_twice")
        typer.echo("  ".join(f"{name.replace('_', ' ')} {answer[name]:,}" for name in never))
        typer.echo("the books balance" if answer["ok"] else "THE BOOKS DO NOT BALANCE")
    raise typer.Exit(0 if answer["ok"] else 1)


@app.command()
def report(
    run: Annotated[str, typer.Argument(help="The run.")],
    html: Annotated[Path | None, typer.Option(help="Write the page to this file.")] = None,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """The run in figures, as text, JSON or one HTML page."""
    answer = call(_known(home), "report", run_id=run)
    if html is not None:
        from infra.report.page import render_html

        html.write_text(render_html(answer["summary"], answer["verdict"]), encoding="utf-8")
        typer.echo(f"wrote {html}", err=as_json)
    if as_json:
        _print_json(answer)
    elif html is None:
        from infra.report.text import summary_lines

        _print(summary_lines(answer["summary"], answer["verdict"]))


@app.command()
def read(
    files: Annotated[list[Path], typer.Argument(help="Prediction files, gzip or not.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for rows, errors and summary.")],
    analysis: Annotated[str, typer.Option(help="What was asked.")] = "call_review_v1",
    lookup: Annotated[
        Path | None,
        typer.Option(help="Source rows as JSON Lines; also reads keys of the earlier system."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 1 when a line gave no row.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read prediction files on their own: rows.ndjson, errors.ndjson and summary.json."""
    from .reading import BadInput, read_files

    try:
        summary = read_files(files, out, analysis, lookup)
    except BadInput as problem:
        fail(str(problem))
    if as_json:
        _print_json(summary)
    else:
        _print(_reading_lines(summary))
    raise typer.Exit(1 if strict and summary["errors"] else 0)


@app.command()
def cancel(run: Annotated[str, typer.Argument(help="The run.")], home: Home = HOME) -> None:
    """Stop a run: no new job is paid for, what was answered is kept, the rest is released."""
    answer = call(_known(home), "cancel", run_id=run)
    if answer["already"]:
        typer.echo(f"run {run} is {answer['already']} already")
    else:
        typer.echo(f"asked run {run} to stop; `troupe status {run}` shows how it ends")


@app.command()
def reprocess(
    of_run: Annotated[str | None, typer.Option("--run", help="Of this run.")] = None,
    batch: Annotated[list[int] | None, typer.Option(help="Of this batch; repeatable.")] = None,
    error_type: Annotated[list[str] | None, typer.Option(help="With this error.")] = None,
    record_id: Annotated[list[str] | None, typer.Option(help="This record.")] = None,
    analysis: Annotated[str | None, typer.Option(help="Default call_review_v1.")] = None,
    run_id: Annotated[str, typer.Option("--run-id", help="Name of the new run.")] = "",
    budget: Annotated[float | None, typer.Option(help="US dollars; over it, refused.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, spend nothing.")] = False,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """Ask failed or released records again, in a new run: no batch is ever reopened."""
    wish = {
        "of_run": of_run, "batches": batch, "error_types": error_type, "record_ids": record_id,
        "analysis": analysis, "run_id": run_id, "budget": budget,
    }  # fmt: skip
    given = {name: value for name, value in wish.items() if value not in (None, [], "")}
    answer = call(_known(home), "reprocess", wish=given, dry_run=dry_run)
    if as_json:
        _print_json(answer)
        return
    low, high = answer["cost"]
    cost = "unknown" if low is None else f"{low:.2f} to {high:.2f} US dollars"
    typer.echo(f"{answer['records']:,} records, cost {cost}")
    if answer["run_id"]:
        typer.echo(f"requested run {answer['run_id']}")


@app.command()
def explain(
    record_id: Annotated[str, typer.Argument(help="32 hex digits.")],
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """The whole journey of one record."""
    answer = call(_known(home), "explain", record_id=record_id)
    if as_json:
        _print_json(answer)
        return
    from infra.report.text import journey_lines

    _print(journey_lines(answer))


@app.command()
def choreography(as_json: AsJson = False) -> None:
    """Who reacts to what: the score, from the code."""
    from handlers.catalogue import score_rows

    if as_json:
        _print_json(score_rows())
        return
    from infra.report.text import choreography_lines

    _print(choreography_lines(score_rows()))


def _reading_lines(summary: dict[str, Any]) -> list[str]:
    """Lines, rows and errors; then each kind with its count and a few records."""
    kinds = [
        f"  {count:>9,}  {name:<18} {' '.join(summary['examples'].get(name, []))}".rstrip()
        for part in ("parse_methods", "error_types")
        for name, count in summary[part].items()
    ]
    counts = (f"{summary[name]:,} {name}" for name in ("lines", "rows", "errors"))
    return [", ".join(counts), *kinds]


def _known(home: Path) -> Path:
    if not home.is_dir():
        fail(f"there is no state folder {home}; begin with `troupe demo` or `troupe load FILE`")
    return home


def _endpoint(url: str | None, model: str) -> Any:
    if url is None:
        return None
    from infra.local.openai import Endpoint

    if not model:
        fail("--model-name is missing: name the model that the endpoint should use")
    return Endpoint(base_url=url, model=model, key=os.environ.get("TROUPE_MODEL_KEY"))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} cannot be read: {error}")


def _print(lines: list[str]) -> None:
    for line in lines:
        typer.echo(line)


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
