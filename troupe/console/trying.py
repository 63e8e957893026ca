"""A prompt tried on a few transcripts from the console: asked now, and nothing stored."""

import time
from typing import NamedTuple

import anyio
import typer

from analysis import Analysis, AnalysisError, PreflightError
from analysis.models import STAND_IN
from troupe.backends.defaults import utc_now
from troupe.cli.client import CallFailed, installed_analyses, vertex_model
from troupe.cli.target import Target, set_target
from troupe.exit_codes import ExitCode
from troupe.online.answered import AnsweredModel
from troupe.online.port import ModelUnavailable, OnlineModel
from troupe.online.price import expected_cost
from troupe.online.results import TriedRecord, TryResult
from troupe.online.trial import Sample, Trial, totals, tried_records
from troupe.operations.sample_source import sample_source
from troupe.report.text.trial import asked_line
from troupe.standin.prediction_lines import analyst

from .client import Client

SAMPLE = 5
AT_ONCE = 5
LONGEST_SEED = 40


class Prepared(NamedTuple):
    """A trial with its transcripts, before anything is asked."""

    trial: Trial
    model: str
    """`stand-in` for simulated answers."""
    line: str
    """Who is asked about how many transcripts, and for how much."""


async def prepare(client: Client, name: str, seed: str) -> Prepared:
    """Draw the transcripts and render their requests. Raises `CallFailed`."""
    analysis = await anyio.to_thread.run_sync(_load, client.target, name)
    found = await client.call(
        sample_source,
        sample=SAMPLE,
        seed=seed[:LONGEST_SEED],
        rules=[list(rule) for rule in analysis.redaction.applied],
        attributes=dict(analysis.attributes),
    )
    samples = [Sample(each.record_id, each.transcript, each.attributes) for each in found.records]
    return await anyio.to_thread.run_sync(_prepared, client.target, analysis, samples)


async def ask(prepared: Prepared) -> TryResult:
    """Ask, and read the answers as a run does. Raises `CallFailed` where the model does not answer."""
    return await anyio.to_thread.run_sync(_ask, prepared)


def _load(target: Target, name: str) -> Analysis:
    set_target(target)
    try:
        return installed_analyses().load(name)
    except AnalysisError as error:
        raise CallFailed(str(error)) from error
    except typer.Exit as error:
        raise CallFailed("the analyses cannot be read: see the terminal of the console") from error


def _prepared(target: Target, analysis: Analysis, samples: list[Sample]) -> Prepared:
    set_target(target)
    model, name, place = _model(target, analysis)
    try:
        trial = Trial(analysis, samples, model, analysis.model)
    except PreflightError as error:
        raise CallFailed(f"{analysis.name}: Vertex would refuse the requests: {error}") from error
    size = sum(len(line) for _, line in trial.sent)
    cost = expected_cost(analysis, [text for text, _ in trial.sent], size)
    line = asked_line(analysis.name, name, place, len(trial.sent), has_price=True, cost=cost)
    return Prepared(trial, name, line)


def _model(target: Target, analysis: Analysis) -> tuple[OnlineModel, str, str]:
    """Return who answers, its name and where it runs: the stand-in on a laptop."""
    if not target.is_gcp:
        return AnsweredModel(analyst, utc_now, STAND_IN), STAND_IN, "here"
    try:
        model, place = vertex_model(analysis.model)
    except typer.Exit as error:
        raise CallFailed("Vertex AI cannot be asked: see the terminal of the console") from error
    return model, analysis.model, f"Vertex AI in {place}"


def _ask(prepared: Prepared) -> TryResult:
    started, trial = time.monotonic(), prepared.trial
    at_once = 1 if prepared.model == STAND_IN else AT_ONCE
    try:
        records: list[TriedRecord] = [*tried_records([trial], at_once)]
    except ModelUnavailable as error:
        raise CallFailed(str(error), ExitCode.FAILED) from error
    answers = [each.answers[0] for each in records]
    return TryResult(
        analyses=[totals(trial.analysis.name, prepared.model, answers)],
        records=records,
        seconds=time.monotonic() - started,
    )
