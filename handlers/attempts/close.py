"""Close an attempt exactly once. The first caller's result is stored; later callers read it back."""

import json
from collections.abc import Sequence

from analysis import Analysis
from analysis.prices import prices_of
from analysis.schema import Node
from events import ResultsProcessed
from handlers.ports import Policy
from handlers.runs.plans import analysis_of, plan_of, settings_of
from tracking import AttemptKey, Closing, Tracking
from tracking.tables import Column, columns_at

_TYPES = {
    "string": "STRING", "integer": "INTEGER", "number": "FLOAT", "boolean": "BOOLEAN",
    "object": "RECORD",
}  # fmt: skip


def close(
    attempt_key: AttemptKey, tracking: Tracking, policy: Policy, *,
    ending: str, cause: str = "", never_started: bool = False, jobs: Sequence[str] = (), outputs: Sequence[str] = (),
    staged: str | None = None, seconds: float = 0.0, peak_megabytes: float | None = None,
) -> ResultsProcessed:  # fmt: skip
    """Close the attempt in one transaction, or find it closed, and return the event of its closing.

    `ending` is succeeded, failed, cancelled, refused, discarded or reread, and `cause` why the jobs
    broke off, as in `close_attempt.sql`. `never_started`: no job was created.
    """
    plan = plan_of(tracking, attempt_key.run_id)
    analysis, settings = analysis_of(plan), settings_of(plan)
    prices = prices_of(plan.model) if policy.answers_are_paid else None
    input_price, cached_price, output_price = prices or (None, None, None)
    tracking.close_attempt(
        attempt_key,
        {
            "ending": ending,
            "cause": cause,
            "never_started": never_started,
            "jobs": json.dumps(list(jobs)),
            "outputs": json.dumps(list(outputs)),
            "analysis": plan.analysis,
            "prompt_fingerprint": plan.prompt_fingerprint,
            "reader_fingerprint": analysis.reader_fingerprint,
            "model": plan.model,
            "max_attempts": settings.max_attempts,
            "first_gap": policy.first_gap_seconds,
            "longest_gap": policy.longest_gap_seconds,
            "grounding": settings.grounding,
            "input_price": input_price,
            "cached_price": cached_price,
            "output_price": output_price,
            "seconds": seconds,
            "peak_megabytes": peak_megabytes,
        },
        staged=staged,
        output=analysis.table,
        answer=answer_record(analysis),
        paths=analysis.columns,
        summary=analysis.contract.summary,
    )
    closing = tracking.closing_of(attempt_key)
    assert closing is not None, "the closing transaction committed"  # noqa: S101
    return results_processed(attempt_key, closing)


def results_processed(attempt_key: AttemptKey, closing: Closing) -> ResultsProcessed:
    """Build the event of a closing from its row, so that every caller builds the same."""
    return ResultsProcessed(
        **attempt_key.fields(),
        analysed=closing.analysed,
        failed=closing.failed,
        released=closing.released,
        open=closing.open,
        outcome=closing.outcome,
        cause=closing.cause,
        not_before=closing.not_before,
    )


def answer_record(analysis: Analysis) -> Column:
    """Return the column that holds an answer in a staging table, nested as its schema is."""
    return _column("answer", analysis.contract.root)


def answer_columns(analysis: Analysis) -> tuple[Column, ...]:
    """Return the columns that an answer fills, in the order of the table."""
    return columns_at(answer_record(analysis), analysis.columns)


def _column(name: str, node: Node) -> Column:
    element = node.items or node
    properties = (element.properties or {}).items()
    return Column(
        name=name,
        type=_TYPES[element.kind],
        mode="REPEATED" if node.items else "NULLABLE",
        fields=tuple(_column(field, child) for field, child in properties),
    )
