"""Replace the rows that a completed run asked again, and write the run's summary with what moved."""

import logging
from collections.abc import Iterator

import msgspec

from events import ReportWritten, RunCompleted
from tracking import Tracking

from .runs.plans import analysis_of, plan_of
from .summary.drift import log_moved_shares, moved_shares
from .summary.run_summary import summarise

LOG = logging.getLogger("troupe.reports")


def report_run(event: RunCompleted, tracking: Tracking) -> Iterator[ReportWritten]:
    plan = plan_of(tracking, event.run_id)
    analysis = analysis_of(plan)
    if plan.replaces_from:
        tracking.replace_rows(plan, analysis.table)
    moved = moved_shares(tracking, analysis, until=None)
    summary = msgspec.structs.replace(summarise(tracking, plan), moved=moved)
    metrics = msgspec.structs.asdict(summary.metrics)
    tracking.write_report(
        event.run_id,
        {
            "planned_on": summary.planned_on,
            "report": msgspec.json.encode(summary).decode(),
            **metrics,
            "cost": summary.totals.cost,
            "expected_low": summary.expected_cost[0],
            "expected_high": summary.expected_cost[1],
            "wasted": summary.totals.wasted,
            "saved": summary.money.saved.cost,
        },
    )
    log_moved_shares(moved)
    LOG.info(
        "run-reported",
        extra={"run_id": event.run_id, **metrics, "hours": summary.times.hours},
    )
    yield ReportWritten(run_id=event.run_id, planned_on=event.planned_on)
