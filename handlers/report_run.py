"""Replace the rows that a completed run asked again, and write the run's summary."""

import logging
from collections.abc import Iterator

import msgspec

from events import ReportWritten, RunCompleted
from tracking import Tracking

from .runs.plans import analysis_of, plan_of
from .summary.run_summary import summarise

LOG = logging.getLogger("troupe.reports")


def report_run(event: RunCompleted, tracking: Tracking) -> Iterator[ReportWritten]:
    plan = plan_of(tracking, event.run_id)
    if plan.replaces_from:
        tracking.replace_rows(plan, analysis_of(plan).table)
    summary = summarise(tracking, plan)
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
    LOG.info("run-reported", extra={"run_id": event.run_id, **metrics})
    yield ReportWritten(run_id=event.run_id, planned_on=event.planned_on)
