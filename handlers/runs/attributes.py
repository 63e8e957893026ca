"""The call attributes of a run: what the plan reads of them, and why it may not be able to."""

from collections.abc import Sequence

from analysis import Analysis
from events import Condition, ReprocessRequested, RunRequested
from tracking import Tracking
from tracking.attributes import AttributeSql, UnfitAttribute


def conditions_of(request: RunRequested | ReprocessRequested) -> Sequence[Condition]:
    """Return the conditions of a request; a reprocessing names its records otherwise."""
    return request.attributes if isinstance(request, RunRequested) else ()


def attributes_of(
    request: RunRequested | ReprocessRequested, analysis: Analysis, tracking: Tracking
) -> AttributeSql:
    """Return names and parameters for the planning statements. Raises `UnfitAttribute`."""
    return tracking.attribute_sql(analysis.attributes, conditions_of(request))


def check_source(analysis: Analysis, tracking: Tracking) -> None:
    """Check that the source has every attribute of the analysis. Raises `UnfitAttribute`."""
    problems = tracking.source_problems(analysis.attributes)
    if problems:
        raise UnfitAttribute(
            problems[0][0],
            f"the source table {', and '.join(problem for _, problem in problems)}; analysis "
            f"{analysis.name} names call attributes that it needs: add them to the table (`troupe "
            "load` keeps the columns of a file), or remove them from attributes of analysis.json",
        )
