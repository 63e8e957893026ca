"""What the troupe needs of the cloud, one service a handler or all in one: size and reach.

The reach is read from the code. Sizes are judgements; a handler without one gets the usual size.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, get_args, get_type_hints

from events import topic_of
from handlers.attempts.close import discard_attempt
from handlers.choreography import CHOREOGRAPHY, SIGNALS, Handler, name_of
from handlers.dispatch.deliver import deliver
from handlers.dispatch.republish import Republish

from .permissions import SOURCE, permissions_of
from .topology import follows, subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What one instance gets, and how many there may be."""

    memory: str = "512Mi"
    timeout_seconds: int = 290
    """Below the acknowledgement deadline, or Pub/Sub delivers again what is still being done."""
    concurrency: int = 8
    max_instances: int = 5


SIZES: dict[str, Size] = {
    # The transactions of these take minutes; the first bends one row, so few of it suffice.
    "plan-run": Size(timeout_seconds=590, concurrency=1, max_instances=2),
    "write-jsonl": Size(memory="1Gi", timeout_seconds=590, concurrency=1, max_instances=10),
    "process-results": Size(memory="1Gi", timeout_seconds=590, concurrency=1, max_instances=10),
    # Vertex's client takes about 110 MB of its own.
    "submit-job": Size(memory="1Gi", concurrency=4),
    "watch-jobs": Size(memory="1Gi", timeout_seconds=590, concurrency=4, max_instances=2),
    "stop-run": Size(memory="1Gi", concurrency=4, max_instances=2),
    "report-run": Size(concurrency=1, max_instances=2),
}
"""Clients of Google's take 230 MB together (measured), a handler at most 150 MB."""

_MEMORIES = ("512Mi", "1Gi", "2Gi", "4Gi")

RESERVE_SECONDS = 110
"""Of the timeout, kept for what a handler does after it was told to come to an end."""

DEPLOYMENT_TABLE = "planning_lock"
"""Every service reads the id of its deployment from it."""

INITIALIZER = "plan-run"
"""The one handler that may write it; operators may too. Whoever comes first does."""

CO_HOSTED = {"plan-run": ("refuse-run",)}
"""Handlers without a topic of their own: they answer what arrives at another's."""


def groupings() -> dict[str, list[dict[str, Any]]]:
    """The services of either grouping, in the order of the flow."""
    names = list(dict.fromkeys(each.handler for each in subscriptions()))
    return {
        "per-handler": [_service(name, [name]) for name in names],
        "compact": [_service("all", names)],
    }


def operators() -> dict[str, Any]:
    """What people need who request, replay and discard."""
    permissions = permissions_of([deliver, discard_attempt])
    return {
        "publishes": _handled_topics(),
        "writes": sorted(permissions.writes | {DEPLOYMENT_TABLE}),
    }


def handlers_by_name() -> dict[str, Handler]:
    return {name_of(each): each for each in (*CHOREOGRAPHY.values(), *SIGNALS.values())}


def _service(name: str, handler_names: Sequence[str]) -> dict[str, Any]:
    known = handlers_by_name()
    whole = [
        *handler_names,
        *(co_hosted for each in handler_names for co_hosted in CO_HOSTED.get(each, ())),
    ]
    handlers = [known[each] for each in whole]
    permissions = permissions_of([deliver, *handlers])
    return {
        "name": name,
        "handlers": whole,
        "publishes": sorted({topic for each in handlers for topic in _publishes(each)}),
        "dead_letters_on": sorted(
            {s.dead_letter_topic for s in subscriptions() if s.handler in handler_names} - {None}
        ),
        "tables": {
            "reads": sorted(permissions.reads - {SOURCE} | {DEPLOYMENT_TABLE}),
            "writes": sorted(permissions.writes),
        },
        "reads_source": SOURCE in permissions.reads,
        "stages": permissions.stages,
        "folders": sorted(permissions.folders),
        "reads_output": permissions.reads_output,
        "vertex": permissions.vertex,
        "shares_transactions": bool(permissions.transactions & _shared_transactions()),
        **_size(handler_names),
    }


def _publishes(handler: Handler) -> list[str]:
    """A handler that tells events again may tell any that somebody handles."""
    told = get_args(get_type_hints(handler)["return"])[0]
    again = _handled_topics() if Republish in get_args(told) else []
    return [*again, *(topic_of(event) for event in follows(handler))]


def _handled_topics() -> list[str]:
    return sorted(each.topic for each in subscriptions() if each.dead_letter_topic)


def _shared_transactions() -> frozenset[str]:
    """Transactions of more than one account: who comes second has to see the job of the first."""
    known: list[Callable[..., object]] = [*set(handlers_by_name().values()), discard_attempt]
    told = [transaction for each in known for transaction in permissions_of([each]).transactions]
    return frozenset(transaction for transaction in told if told.count(transaction) > 1)


def _size(handler_names: Iterable[str]) -> dict[str, Any]:
    """One handler's own size; for several the largest memory and the smallest concurrency."""
    sizes = [SIZES.get(each, Size()) for each in handler_names]
    timeout = max(each.timeout_seconds for each in sizes)
    whole = Size(
        memory=max((each.memory for each in sizes), key=_MEMORIES.index),
        timeout_seconds=timeout,
        concurrency=min(each.concurrency for each in sizes),
        max_instances=max(each.max_instances for each in sizes),
    )
    return asdict(whole) | {"time_budget_seconds": timeout - RESERVE_SECONDS}
