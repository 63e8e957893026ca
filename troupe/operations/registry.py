"""Every operation by its name, and the type of its result."""

from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

from .clear_history import clear_history, forget
from .costs import costs
from .dead_letters import discard, letter_results, list_dead_letters, replay, show_letter
from .explain import explain
from .reconciliation import verify
from .reprocess import reprocess
from .reread import reread
from .run_report import report
from .run_requests import cancel, publish, request
from .run_status import status

Operation = Callable[..., Any]
"""Takes the backend and named arguments in JSON values; returns a msgspec Struct."""

OPERATIONS: dict[str, Operation] = {
    operation.__name__: operation
    for operation in (
        request,
        publish,
        cancel,
        status,
        verify,
        report,
        costs,
        explain,
        list_dead_letters,
        show_letter,
        replay,
        discard,
        letter_results,
        reprocess,
        reread,
        clear_history,
        forget,
    )
}


_READ = frozenset(
    {"status", "verify", "report", "costs", "explain", "list_dead_letters", "show_letter",
     "letter_results"}
)  # fmt: skip
_PREVIEW = {"clear_history": "sure", "forget": "sure"}
"""Operations that only count before their argument confirms them."""


def only_reads(name: str, arguments: Mapping[str, Any]) -> bool:
    """Return whether this call changes nothing, so that it needs no permission to write."""
    if name in _PREVIEW:
        return not arguments.get(_PREVIEW[name])
    return name in _READ or bool(arguments.get("dry_run"))


def result_types(operations: Mapping[str, Operation]) -> dict[str, Any]:
    """The result type of each operation, for decoding a result that travelled as JSON."""
    return {name: get_type_hints(each)["return"] for name, each in operations.items()}
