"""The one closing of an attempt, whoever brings it about: who is first decides."""

import json
from collections.abc import Sequence

from analysis import Analyses
from analysis.prices import prices_of
from events import ResultsProcessed
from handlers.runs.plans import plan_of, request_of
from tracking import AttemptKey, AttemptResult, Closing, Tracking

from .output_columns import answer_columns


def close(
    attempt_key: AttemptKey, tracking: Tracking, analyses: Analyses, *, ending: str,
    never_started: bool = False, jobs: Sequence[str] = (), outputs: Sequence[str] = (),
    staged: str | None = None, seconds: float = 0.0, peak_megabytes: float | None = None,
) -> ResultsProcessed:  # fmt: skip
    """Close the attempt for good, or find it closed; `ending` as the closing transaction knows it."""
    plan = plan_of(tracking, attempt_key.run_id)
    analysis, request = analyses.load(plan.analysis), request_of(plan)
    tracking.close_attempt(
        AttemptResult(
            attempt_key=attempt_key,
            ending=ending,
            never_started=never_started,
            jobs=json.dumps(list(jobs)),
            outputs=json.dumps(list(outputs)),
            staged=staged,
            output=analysis.table,
            answer_columns=answer_columns(analysis),
            summary_column=analysis.contract.summary,
            grounding=request.grounding,
            analysis=analysis.name,
            model=plan.model,
            max_attempts=request.max_attempts,
            prices=prices_of(plan.model),
            seconds=seconds,
            peak_megabytes=peak_megabytes,
        )
    )
    closing = tracking.closing_of(attempt_key)
    assert closing is not None, "closing is one transaction, and it was done"  # noqa: S101
    return told(attempt_key, closing)


def told(attempt_key: AttemptKey, closing: Closing) -> ResultsProcessed:
    """The event of a closing; the same whoever tells it."""
    return ResultsProcessed(
        run_id=attempt_key.run_id,
        planned_on=attempt_key.planned_on,
        batch=attempt_key.batch,
        attempt=attempt_key.attempt,
        analysed=closing.analysed,
        failed=closing.failed,
        released=closing.released,
        open=closing.open,
        outcome=closing.outcome,
        cause=closing.cause,
    )
