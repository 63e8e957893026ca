"""An operator gives an attempt up: it is closed without answers, by the one closing transaction."""

import json

from analysis import load_analysis
from analysis.prices import prices_of
from events import ResultsProcessed
from tracking import Ending, Place, Tracking

from .plans import plan_of, wish_of
from .process_results import NOTHING_STAGED, told


def discard_attempt(place: Place, tracking: Tracking) -> ResultsProcessed:
    """What `process-results` would tell of the closing; who closed first decides how it reads."""
    plan = plan_of(tracking, place.run_id)
    analysis = load_analysis(plan.analysis)
    wish = wish_of(plan)
    tracking.close_attempt(
        Ending(
            place=place,
            ending="discarded",
            never_started=False,
            jobs=json.dumps([]),
            outputs=json.dumps([]),
            staged=NOTHING_STAGED,
            output=analysis.table,
            answer_columns=[name for name, _type, _mode in analysis.output_columns],
            summary_column=analysis.contract.summary,
            grounding=wish.grounding,
            analysis=analysis.name,
            model=plan.model,
            max_attempts=wish.max_attempts,
            prices=prices_of(plan.model),
            seconds=0.0,
            peak_megabytes=None,
        )
    )
    closing = tracking.closing_of(place)
    assert closing is not None, "closing is one transaction, and it was done"  # noqa: S101
    return told(place, closing)
