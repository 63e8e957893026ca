"""The run is complete: write its summary, with the five success metrics and the cost."""

import json
from collections.abc import Iterator

from events import ReportWritten, RunCompleted
from tracking import Tracking

from .plans import plan_of
from .summary import summarise


def report_run(event: RunCompleted, tracking: Tracking) -> Iterator[ReportWritten]:
    summary = summarise(tracking, plan_of(tracking, event.run_id))
    metrics = summary["metrics"]
    tracking.write_report(
        event.run_id,
        {
            "planned_on": summary["planned_on"],
            "report": json.dumps(summary, ensure_ascii=False, default=str),
            "batch_success_rate": metrics["batch_success_rate"],
            "batches_per_hour": metrics["batches_per_hour"],
            "error_rate": metrics["error_rate"],
            "deduplication_rate": metrics["deduplication_rate"],
            "recovery_seconds": metrics["recovery_seconds"],
            "cost": summary["totals"]["cost"],
        },
    )
    yield ReportWritten(run_id=event.run_id, planned_on=event.planned_on)
