"""The call attributes of a run: what the plan reads of them, and why it may not be able to."""

from collections.abc import Sequence

from analysis import Analysis
from events import Condition, RunRequested
from tracking import SourceReading, Tracking
from tracking.attributes import UnfitAttribute, attribute_sql

from .plan_params import redaction_of
from .plans import PlanRequest


def conditions_of(request: PlanRequest) -> Sequence[Condition]:
    """Return the conditions of a request; a reprocessing names its records otherwise."""
    return request.attributes if isinstance(request, RunRequested) else ()


def reading_of(request: PlanRequest, analysis: Analysis) -> SourceReading:
    """Return what the plan of this request reads of its source, and how it redacts that."""
    return SourceReading(
        redaction=redaction_of(analysis),
        attributes=analysis.attributes,
        conditions=conditions_of(request),
    )


def check_conditions(request: PlanRequest, analysis: Analysis) -> None:
    """Check that the conditions of a request fit the analysis. Raises `UnfitAttribute`."""
    attribute_sql(analysis.attributes, conditions_of(request), {})


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
