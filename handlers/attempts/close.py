"""Close an attempt exactly once. The first caller's result is stored; later callers read it back."""

import json
from collections.abc import Sequence

from analysis import Analyses
from analysis.prices import prices_of
from events import ResultsProcessed
from handlers.runs.plans import plan_of, settings_of
from tracking import AttemptKey, AttemptResult, Closing, Tracking

from .output_columns import answer_columns


def close(
    attempt_key: AttemptKey, tracking: Tracking, analyses: Analyses, *, ending: str,
    never_started: bool = False, jobs: Sequence[str] = (), outputs: Sequence[str] = (),
    staged: str | None = None, seconds: float = 0.0, peak_megabytes: float | None = None,
) -> ResultsProcessed:  # fmt: skip
    """Close the attempt in one transaction, or find it closed, and return the event of its closing.

    `ending` is succeeded, failed, cancelled, refused or discarded, as in `close_attempt.sql`.
    """
    plan = plan_of(tracking, attempt_key.run_id)
    analysis, settings = analyses.load(plan.analysis), settings_of(plan)
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
            grounding=settings.grounding,
            analysis=analysis.name,
            model=plan.model,
            max_attempts=settings.max_attempts,
            prices=prices_of(plan.model),
            seconds=seconds,
            peak_megabytes=peak_megabytes,
        )
    )
    closing = tracking.closing_of(attempt_key)
    assert closing is not None, "the closing transaction committed"  # noqa: S101
    return results_processed(attempt_key, closing)


def discard_attempt(
    attempt_key: AttemptKey, tracking: Tracking, analyses: Analyses
) -> ResultsProcessed:
    """Close an attempt without answers, at an operator's command."""
    return close(attempt_key, tracking, analyses, ending="discarded")


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
    )
