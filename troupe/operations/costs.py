"""What the runs cost, and what each version of an analysis did."""

from itertools import groupby
from operator import itemgetter

from analysis import AnalysisError
from handlers.summary.costs import sum_of

from .backend import Answer, Backend, InvalidOperation


def costs(backend: Backend, analysis: str | None = None) -> Answer:
    """Every run that closed an attempt, under its version of an analysis and its model.

    An analysis that was taken away keeps its runs; an unknown one without any is refused.
    """
    key = itemgetter("analysis", "model")
    runs = sorted(backend.dependencies.tracking.query("costs", {"analysis": analysis}), key=key)
    if analysis and not runs:
        try:
            backend.dependencies.analyses.load(analysis)
        except AnalysisError as error:
            raise InvalidOperation(str(error)) from error
    return {
        "analyses": [
            {"analysis": name, "model": model, **sum_of(of_it), "of_runs": of_it}
            for (name, model), found in groupby(runs, key)
            for of_it in [list(found)]
        ]
    }
