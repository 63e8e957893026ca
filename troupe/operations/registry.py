"""Every operation by its name, and the type of its result."""

from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

from .analyses import list_analyses, show_analysis
from .answers import answers
from .cancelling import cancel, cancel_all
from .clear_history import clear_history, forget
from .cost_overview import cost_overview
from .costs import costs
from .dead_letters import discard, letter_results, list_dead_letters, replay, show_letter
from .explain import explain
from .find_records import find_records
from .list_runs import list_runs
from .notify import notify
from .quality.compare import compare
from .quality.drift import drift
from .quality.golden_add import add_golden
from .quality.golden_check import check_golden
from .quality.golden_sets import list_golden
from .quality.review_record import save_review, show_review
from .quality.review_sample import record_review, review_sample
from .quality.reviews import list_reviews, review_labels
from .reconciliation import verify
from .record_details import record_details
from .reprocess import reprocess
from .reread import reread
from .run_report import report
from .run_requests import publish, request
from .run_status import status
from .sample_source import sample_source

Operation = Callable[..., Any]
"""Takes the backend and named arguments in JSON values; returns a msgspec Struct."""

OPERATIONS: dict[str, Operation] = {
    operation.__name__: operation
    for operation in (
        request,
        publish,
        cancel,
        cancel_all,
        status,
        list_runs,
        verify,
        report,
        costs,
        cost_overview,
        answers,
        find_records,
        record_details,
        list_analyses,
        show_analysis,
        compare,
        drift,
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
        notify,
        sample_source,
        add_golden,
        list_golden,
        check_golden,
        review_sample,
        record_review,
        list_reviews,
        show_review,
        save_review,
        review_labels,
    )
}


_READ = frozenset(
    {
        "status",
        "list_runs",
        "verify",
        "report",
        "costs",
        "cost_overview",
        "answers",
        "find_records",
        "record_details",
        "list_analyses",
        "show_analysis",
        "compare",
        "drift",
        "explain",
        "list_dead_letters",
        "show_letter",
        "letter_results",
        "notify",
        "sample_source",
        "list_golden",
        "check_golden",
        "review_sample",
        "list_reviews",
        "show_review",
        "review_labels",
    }
)
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
