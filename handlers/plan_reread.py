"""Plan a run that reads a completed run's stored answers again: no request, no job, no cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from analysis import Analyses, Analysis, AnalysisError, encode_analysis
from events import (
    Envelope,
    RereadPlanned,
    RereadRequested,
    RunCompleted,
    RunPlanned,
    RunRefused,
    data_of,
)
from tracking import Plan, Tracking
from tracking.tables import layouts

from .ports import Clock
from .refuse_run import refused
from .runs.plans import content_hash
from .runs.window import age_of, begin_run


@dataclass
class CannotReread(Exception):
    """The answers of the run cannot be read again."""

    reason: str
    detail: str
    """Why, and what to do."""


def plan_reread(
    request: RereadRequested,
    envelope: Envelope,
    tracking: Tracking,
    analyses: Analyses,
    clock: Clock,
) -> Iterator[RunPlanned | RereadPlanned | RunCompleted | RunRefused]:
    if tracking.plan_of(request.run_id) is None:
        try:
            tracking.plan_reread(
                request.run_id, _params(request, envelope, tracking, analyses, clock)
            )
        except CannotReread as refusal:
            yield refused(tracking, request.run_id, envelope.id, refusal.reason, refusal.detail)
            return
    yield from begin_run(tracking, request, envelope.id, RereadPlanned)


def _params(
    request: RereadRequested,
    envelope: Envelope,
    tracking: Tracking,
    analyses: Analyses,
    clock: Clock,
) -> dict[str, Any]:
    """Return the parameters of `plan_reread.sql`. Raises `CannotReread`."""
    plan, analysis = rereadable(request.of_run, tracking, analyses, clock().date())
    return {
        **reread_params(plan),
        "request": data_of(request).decode(),
        "request_hash": content_hash(request),
        "request_id": envelope.id,
        "analysis_files": encode_analysis(analysis),
        "prompt_fingerprint": plan.prompt_fingerprint,
        "model": plan.model,
    }


def reread_params(plan: Plan) -> dict[str, Any]:
    """Return the parameters that select the records of this completed run."""
    return {"of_run": plan.run_id, "of_planned_on": plan.planned_on, "analysis": plan.analysis}


def rereadable(
    of_run: str, tracking: Tracking, analyses: Analyses, today: date
) -> tuple[Plan, Analysis]:
    """Return the plan of a completed run, and the installed analysis that may read its answers.

    Only reading rules may differ from those of the run. Raises `CannotReread`.
    """
    plan = tracking.plan_of(of_run)
    if plan is None:
        raise CannotReread(
            "unknown_run", f"run {of_run} is not planned here: `troupe status` lists the runs"
        )
    _check_answers(plan, tracking, today)
    try:
        analysis = analyses.load(plan.analysis)
    except AnalysisError as error:
        raise CannotReread("unknown_analysis", str(error)) from error
    if analysis.prompt_fingerprint(plan.model) != plan.prompt_fingerprint:
        detail = (
            f"analysis {plan.analysis} asks otherwise than run {of_run} did, so its answers belong "
            f"to another prompt; only reading rules may differ: `troupe reprocess --run {of_run}`"
        )
        raise CannotReread("prompt_changed", detail)
    return plan, analysis


def _check_answers(plan: Plan, tracking: Tracking, today: date) -> None:
    """Raise `CannotReread` for a run whose answers are another's, incomplete, or of lost records."""
    if plan.of_run:
        detail = f"run {plan.run_id} has no answers of its own: read run {plan.of_run} again"
        raise CannotReread("no_answers", detail)
    days = layouts()["batch_records"].expiration_days
    if days is not None and age_of(plan.day, today) >= days:
        detail = f"the transcripts of run {plan.run_id} were kept for {days} days"
        raise CannotReread("membership_gone", detail)
    if tracking.progress(plan.run_id, plan.day).finished < plan.batches:
        raise CannotReread("run_open", f"run {plan.run_id} is not completed: wait for its end")
