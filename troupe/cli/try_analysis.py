"""The command `analysis try`: a prompt tried on a handful of transcripts now, and nothing stored."""

import shutil
import time
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from analysis import Analysis, AnalysisError, PreflightError, check_template
from analysis.models import STAND_IN
from troupe.analysis_folders import load_folder, problems_of_folder
from troupe.backends.defaults import utc_now
from troupe.endpoint.address import shown
from troupe.exit_codes import ExitCode
from troupe.online.answered import AnsweredModel
from troupe.online.port import ModelUnavailable, OnlineModel
from troupe.online.price import expected_cost
from troupe.online.results import TriedAnalysis, TriedRecord, TryResult
from troupe.online.trial import Trial, totals, tried_records
from troupe.redactor import refused_rules
from troupe.report.text.trial import asked_line, record_lines, summary_lines
from troupe.standin.prediction_lines import analyst

from .client import installed_analyses, vertex_model
from .endpoint import EndpointOptions, checked_endpoint
from .options import (
    AsJson,
    FileFormat,
    Mapped,
    ModelApiVersion,
    ModelConcurrency,
    ModelName,
    ModelTimeout,
    ModelUrl,
    Timezone,
    Yes,
)
from .output import fail, print_lines, print_result
from .target import target
from .try_samples import SampleOptions, samples_of

MOST_UNASKED = 20
"""Requests to Vertex that need no confirmation."""
DOLLARS_UNASKED = 0.05
"""Their cost in US dollars."""
VERTEX_AT_ONCE = 8


class _Asked(NamedTuple):
    """Who answers an analysis."""

    model: OnlineModel
    name: str
    """Of the model; `stand-in` for simulated answers."""
    place: str
    """Where it runs, for people."""
    priced: str | None
    """The model whose price counts; None: there is no price."""
    at_once: int


def try_analysis(
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="Folder of an analysis, or its name.")
    ],
    sample: Annotated[
        int, typer.Option(min=1, max=1000, help="Number of transcripts, taken by chance.")
    ] = 5,
    seed: Annotated[
        str, typer.Option(metavar="TEXT", help="Another text takes other transcripts.")
    ] = "0",
    record: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="The transcript with this record id; repeatable."),
    ] = None,
    file: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Take the transcripts from this file, as `troupe load` takes it; repeatable. "
            "Default: the source table.",
        ),
    ] = None,
    mapped: Mapped = None,
    timezone: Timezone = "",
    format_: FileFormat = "",
    against: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER", help="Another analysis, to show the answers of both side by side."
        ),
    ] = None,
    model_url: ModelUrl = None,
    model_name: ModelName = "",
    model_concurrency: ModelConcurrency = 8,
    model_timeout: ModelTimeout = 120,
    model_api_version: ModelApiVersion = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Ask about a few transcripts now, and show what a run would store; nothing is stored.

    Requests are rendered and answers read as in a run. On the local backend the stand-in answers,
    or the endpoint of --model-url; with --backend gcp Vertex AI does, at the online price, which is
    shown first. It ends with 3 if a transcript gave no row. Transcripts and answers are shown, and
    written nowhere.

    Examples:
        troupe analysis try compliance_check_v1 --file calls.csv
        troupe analysis try check_v2 --against check_v1 --sample 10
        troupe --backend gcp analysis try check_v2 --sample 3
    """
    analyses = [_analysis(each) for each in (folder, against) if each is not None]
    endpoint = EndpointOptions(
        model_url, model_name, model_concurrency, model_timeout, model_api_version
    )
    chosen = SampleOptions(
        sample=sample, seed=seed, record_ids=tuple(record or ()), files=tuple(file or ()),
        mapped=tuple(mapped or ()), timezone=timezone, format=format_,
    )  # fmt: skip
    samples = [samples_of(analysis, chosen) for analysis in analyses]
    asked = _asked(analyses, endpoint)
    trials = [
        Trial(analysis, some, who.model, who.priced)
        for analysis, some, who in zip(analyses, samples, asked, strict=True)
    ]
    _confirm(trials, asked, yes=yes, quiet=as_json)
    result = _run(trials, asked, quiet=as_json)
    print_result(result, summary_lines, as_json=as_json)
    refused = any(each.refused for each in result.analyses)
    raise typer.Exit(ExitCode.RECORDS_FAILED if refused else ExitCode.OK)


def _analysis(name: str) -> Analysis:
    """Load the analysis of a folder, or an installed one; end the command if it is not valid."""
    folder = Path(name)
    try:
        if not folder.is_dir():
            return installed_analyses().load(name)
        problems = problems_of_folder(folder.resolve())
        if problems:
            fail("\n".join([f"{len(problems)} to correct in {folder}", *problems]), ExitCode.FAILED)
        analysis = load_folder(folder.resolve())
        check_template(analysis)
        problems = refused_rules(analysis.redaction.rules)
        if problems:
            fail(
                "\n".join([f"{len(problems)} to correct in {folder}/redact.json", *problems]),
                ExitCode.FAILED,
            )
    except AnalysisError as error:
        fail(f"there is no folder {name}, and no analysis of this name ({error})")
    except PreflightError as error:
        fail(
            f"{folder.name}/schema.json: Vertex would refuse the requests: {error}", ExitCode.FAILED
        )
    return analysis


def _asked(analyses: list[Analysis], options: EndpointOptions) -> list[_Asked]:
    """Return who answers each analysis; end the command if that does not answer at all."""
    endpoint = checked_endpoint(options)
    if endpoint is not None:
        own = AnsweredModel(endpoint, utc_now, options.model)
        who = _Asked(own, options.model, shown(options.url or ""), None, options.concurrency)
        return [who] * len(analyses)
    if target().is_gcp:
        return [_on_vertex(each.model) for each in analyses]
    simulator = AnsweredModel(analyst, utc_now, STAND_IN)
    return [_Asked(simulator, STAND_IN, "here", each.model, 1) for each in analyses]


def _on_vertex(model: str) -> _Asked:
    online, place = vertex_model(model)
    return _Asked(online, model, f"Vertex AI in {place}", model, VERTEX_AT_ONCE)


def _confirm(trials: list[Trial], asked: list[_Asked], *, yes: bool, quiet: bool) -> None:
    """Say who is asked and what that costs, before anything is sent; ask where it costs more."""
    high, unknown, count = 0.0, False, 0
    for trial, who in zip(trials, asked, strict=True):
        texts = [text for text, _ in trial.sent]
        cost = None
        if who.name != STAND_IN and who.priced is not None:
            cost = expected_cost(trial.analysis, texts, sum(len(line) for _, line in trial.sent))
            high, unknown = high + (cost[1] if cost else 0.0), unknown or cost is None
            count += len(texts)
        text = asked_line(
            trial.analysis.name,
            who.name,
            who.place,
            len(texts),
            has_price=who.priced is not None,
            cost=cost,
        )
        typer.echo(text, err=quiet)
    if not yes and (unknown or high > DOLLARS_UNASKED or count > MOST_UNASKED):
        typer.confirm("Ask now? --yes confirms it in scripts.", abort=True, err=True)


def _run(trials: list[Trial], asked: list[_Asked], *, quiet: bool) -> TryResult:
    """Ask, and show each record when its answers are there."""
    started = time.monotonic()
    records = list[TriedRecord]()
    names = [trial.analysis.name for trial in trials]
    count, width = len(trials[0].requests), shutil.get_terminal_size((120, 24)).columns
    try:
        for each in tried_records(trials, min(who.at_once for who in asked)):
            records.append(each)
            if not quiet:
                print_lines(record_lines(each, names, len(records), count, width))
    except ModelUnavailable as error:
        fail(str(error), ExitCode.FAILED)
    analyses: list[TriedAnalysis] = [
        totals(trial.analysis.name, who.name, [each.answers[at] for each in records])
        for at, (trial, who) in enumerate(zip(trials, asked, strict=True))
    ]
    return TryResult(analyses=analyses, records=records, seconds=time.monotonic() - started)
