"""The analyses that an operation names, as they are installed."""

from analysis import Analysis, AnalysisError
from handlers.summary.attribute_groups import grouped_attributes

from .backend import Backend, InvalidOperation


def installed_analysis(backend: Backend, name: str) -> Analysis:
    """Return an analysis by name. Raises `InvalidOperation`."""
    try:
        return backend.dependencies.analyses.load(name)
    except AnalysisError as error:
        raise InvalidOperation(str(error)) from error


def installed_analyses(backend: Backend, name: str | None) -> list[Analysis]:
    """Return the analysis of this name, or all of them. Raises `InvalidOperation`."""
    names = [name] if name else backend.dependencies.analyses.names
    return [installed_analysis(backend, each) for each in names]


def grouped_by(
    backend: Backend, name: str | None, attribute: str, otherwise: str = ""
) -> list[Analysis]:
    """Return those that have a call attribute by whose values reports may group.

    Raises `InvalidOperation` without any; `otherwise` says what --by takes beside attributes.
    """
    found = installed_analyses(backend, name)
    named = [each for each in found if attribute in each.attributes]
    shown = [each for each in named if attribute in grouped_attributes(each)]
    if not named:
        raise InvalidOperation(
            f"invalid --by {attribute!r}: no analysis has such a call attribute; use one that "
            f"attributes of analysis.json names{otherwise}"
        )
    if not shown:
        raise InvalidOperation(
            f"invalid --by {attribute!r}: its values may name a person or be too many; name it in "
            f"shown of analysis.json ({named[0].name}) if they do not"
        )
    return shown
