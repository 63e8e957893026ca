"""What a notification says: counts, cost and the commands that follow, the same each time."""

from datetime import datetime
from typing import Literal

import msgspec

from handlers.summary.ended_run import EndedRun, MovedFigure, RefusedRun
from troupe.operations.next_steps import Step, analysis_option, skipped_steps
from troupe.operations.outcome import Outcome, Severity, outcome_of
from troupe.operations.runs import RunStatus

REFUSED = "refused"


class FailedRecords(msgspec.Struct, frozen=True, kw_only=True):
    """Records that ended without a row, by their error."""

    error_type: str
    cause: str | None
    records: int


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a notification. No transcript, no text of an answer, no id of a record or a person."""

    version: Literal[1] = 1
    """Fields may be added within a version."""
    id: str
    """The idempotency key: equal for each delivery of this notification."""
    deployment: str
    run_id: str
    outcome: str
    """completed, completed with failures, stopped, empty or refused."""
    severity: Severity
    analysis: str | None = None
    simulated: bool = False
    """The stand-in gave some of the answers: they are invented, and were not paid for."""
    records: int = 0
    analysed: int = 0
    failed: int = 0
    released: int = 0
    failures: list[FailedRecords] = []
    stop_reasons: list[str] = []
    refused_for: str | None = None
    """Why the request was refused."""
    moved: list[MovedFigure] = []
    """Shares of the analysis' answers that moved beyond chance, as `troupe drift` names them."""
    cost: float | None = None
    """US dollars, of a simulated run what it would have cost; null when the price is unknown."""
    planned_at: datetime | None = None
    completed_at: datetime | None = None
    next: list[Step]
    """Commands, the first one to begin with."""


def notification_of(run: EndedRun | RefusedRun) -> Notification:
    """Build the notification of a run."""
    if isinstance(run, RefusedRun):
        return _of_refusal(run)
    figures, outcome = run.figures, outcome_of_ended(run)
    return Notification(
        id=run.notification_id,
        deployment=run.deployment,
        run_id=figures.run_id,
        outcome=outcome.word,
        severity=outcome.severity,
        analysis=figures.analysis,
        simulated=outcome.simulated,
        records=outcome.records,
        analysed=outcome.analysed,
        failed=outcome.failed,
        released=outcome.released,
        failures=msgspec.convert(outcome.failures, list[FailedRecords], from_attributes=True),
        stop_reasons=outcome.stop_reasons,
        moved=figures.moved,
        cost=figures.totals.cost,
        planned_at=figures.planned_at,
        completed_at=figures.times.completed_at,
        next=outcome.next,
    )


def outcome_of_ended(run: EndedRun) -> Outcome:
    """Judge a run by its stored report, as `troupe report` does."""
    figures, endings = run.figures, run.figures.endings
    status = RunStatus(
        run_id=figures.run_id,
        planned_on=figures.planned_on,
        planned_at=figures.planned_at,
        analysis=figures.analysis,
        mode=figures.mode,
        model=figures.model,
        dry_run=figures.dry_run,
        batches=figures.batches,
        records=figures.records,
        analysed=endings.analysed,
        failed=endings.failed,
        released=endings.released,
        cost=figures.totals.cost,
        answered_by=figures.totals.answered_by,
        stopped_for=",".join(figures.stop_reasons) or None,
        completed_at=figures.times.completed_at or figures.planned_at,
    )
    option = analysis_option(figures.analysis)
    return outcome_of(
        status,
        figures.errors,
        when_empty=[] if figures.records else list(skipped_steps(figures.skipped, option=option)),
        balanced=endings.total == figures.records and not endings.open,
    )


def _of_refusal(run: RefusedRun) -> Notification:
    show = Step(
        command=f"troupe status {run.run_id}", why="shows which field it is, and what to do"
    )
    return Notification(
        id=run.notification_id,
        deployment=run.deployment,
        run_id=run.run_id,
        outcome=REFUSED,
        severity="bad",
        refused_for=run.reason,
        next=[show],
    )
