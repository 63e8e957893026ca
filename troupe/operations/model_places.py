"""Whether Vertex AI offers the model of a request where this deployment asks it."""

from analysis.places import not_offered
from events import ReprocessRequested, RunRequested, topic_of

from .backend import Backend, InvalidOperation


def model_problem(backend: Backend, request: RunRequested | ReprocessRequested) -> str | None:
    """Say that the model is not offered, and what to use; None where it may be offered."""
    model = request.model or backend.dependencies.analyses.load(request.analysis).model
    return not_offered(model, backend.dependencies.policy.vertex_location)


def refuse_missing_model(backend: Backend, request: RunRequested | ReprocessRequested) -> None:
    """Raise `InvalidOperation` for a model that is not offered, with the way to try it nevertheless.

    What is known may be out of date; Vertex AI refuses such a job at once, and nothing is paid.
    """
    if problem := model_problem(backend, request):
        topic = topic_of(type(request))
        raise InvalidOperation(
            f"{problem}; `troupe publish {topic}` sends the request nevertheless"
        )
