"""Runs in every state that a report may show, as summary, outcome and totals."""

from typing import Any

import msgspec

from handlers.summary.run_summary import RunSummary
from tests.report import samples
from tests.report.samples import error, page_of, summary, totals
from troupe.operations.next_steps import skipped_steps
from troupe.operations.outcome import Outcome, outcome_of
from troupe.report.html.page import render_html


def failed_run(**changes: Any) -> RunSummary:
    """78 of 1,878 records have no row; 40 others needed a second answer."""
    return summary(
        endings={"analysed": 1800, "failed": 78},
        exits=[
            {"ending": "failed", "error_type": "attempts_exhausted", "cause": "schema_mismatch",
             "records": 70},
            {"ending": "failed", "error_type": "blocked", "cause": None, "records": 8},
        ],
        errors=[
            error("schema_mismatch", retryable=True, errors=210, records=110),
            error("attempts_exhausted", cause="schema_mismatch", errors=70, records=70),
            error("blocked", errors=8, records=8),
        ],
        times={"batches_completed": 2, "batches_with_failures": 2},
        totals={"wasted": 0.04},
        metrics={
            "batch_success_rate": 0.0, "batches_per_hour": 37.5, "error_rate": 0.0415,
            "deduplication_rate": 0.0, "recovery_seconds": 93.0,
        },
        **changes,
    )  # fmt: skip


def stopped_run() -> RunSummary:
    """Its circuit breaker stopped it."""
    return summary(
        endings={"analysed": 300, "failed": 200, "released": 1378},
        exits=[
            {"ending": "failed", "error_type": "attempts_exhausted", "cause": "truncated",
             "records": 200},
            {"ending": "released", "error_type": "breaker_tripped", "cause": None, "records": 1378},
        ],
        errors=[
            error("truncated", retryable=True, errors=600, records=200),
            error("attempts_exhausted", cause="truncated", errors=200, records=200),
            error("breaker_tripped", replan=True, errors=1378, records=1378),
        ],
        times={"batches_completed": 1, "batches_abandoned": 1},
        totals={"wasted": 0.2},
    )  # fmt: skip


def open_run() -> RunSummary:
    """The first of two batches is over."""
    return summary(
        endings={"analysed": 500, "open": 1378},
        times={"completed_at": None, "batches_completed": 1},
        totals={"attempts": 1, "cost": 0.16},
        errors=[],
    )


def empty_run() -> RunSummary:
    """Every record was analysed before."""
    found = samples.empty_summary()
    return msgspec.structs.replace(
        found, source_rows=2000, skipped={"processed": 1990, "failed_before": 10}
    )


def huge_run() -> RunSummary:
    """A thousand batches with every kind of trouble."""
    return samples.many_rows()


def outcome_of_empty(found: RunSummary) -> Outcome:
    """With the commands that the operation finds in the tables."""
    steps = list(skipped_steps(found.skipped, failed_run="nightly-7"))
    return outcome_of(samples.run_of(found), when_empty=steps)


def totals_of(found: RunSummary, **changes: Any) -> Any:
    """The recounted totals of a summary."""
    endings = found.endings
    fields = {name: getattr(endings, name) for name in samples.ENDINGS}
    over = found.times.completed_at is not None
    return totals(planned=found.records, completed=over, **(fields | changes))


def pages() -> dict[str, str]:
    """The page of each state by its name."""
    simulated = failed_run()
    simulated = samples.with_totals(simulated, answered_by="stand-in")
    own = samples.with_totals(failed_run(), answered_by="gemma3", cost=None, wasted=None)
    empty = empty_run()
    return {
        "completed": page_of(summary(), totals()),
        "failures": page_of(failed_run(), totals_of(failed_run())),
        "open": page_of(open_run(), totals_of(open_run())),
        "stopped": page_of(stopped_run(), totals_of(stopped_run()), stopped_for="breaker"),
        "empty": render_html(empty, outcome_of_empty(empty), totals_of(empty)),
        "unbalanced": page_of(summary(), totals(lost=4, ok=False)),
        "simulated": page_of(simulated, totals_of(simulated)),
        "own endpoint": page_of(own, totals_of(own)),
        "huge": page_of(huge_run(), totals_of(huge_run())),
        "dry run": page_of(samples.dry_run()),
    }
