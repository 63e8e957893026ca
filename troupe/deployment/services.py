"""The Cloud Run services of a deployment, one per handler or one for all: sizes and permissions.

Permissions are derived from the code. Sizes are set here; other handlers get the default size.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, get_args, get_type_hints

from events import EVENTS, Command, topic_of
from handlers.choreography import CHOREOGRAPHY, SIGNALS, Handler, name_of
from handlers.dispatch.deliver import deliver
from handlers.dispatch.instructions import GiveUp, Replay, Republish

from .permissions import SOURCE, permissions_of, permissions_of_transactions
from .topology import follows, subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Resources of one instance, and the largest number of instances."""

    memory: str = "512Mi"
    timeout_seconds: int = 290
    """Below the acknowledgement deadline: Pub/Sub redelivers a message that is still handled."""
    concurrency: int = 8
    max_instances: int = 5


SIZES: dict[str, Size] = {
    # Transactions of minutes. Plans update one row in turn, so two instances are enough.
    "plan-run": Size(timeout_seconds=590, concurrency=1, max_instances=2),
    "write-jsonl": Size(memory="1Gi", timeout_seconds=590, concurrency=1, max_instances=10),
    "process-results": Size(memory="1Gi", timeout_seconds=590, concurrency=1, max_instances=10),
    # Vertex's client takes about 110 MB of its own.
    "submit-job": Size(memory="1Gi", concurrency=4),
    "watch-jobs": Size(memory="1Gi", timeout_seconds=590, concurrency=4, max_instances=2),
    "stop-run": Size(memory="1Gi", concurrency=4, max_instances=2),
    "replay-dead-letters": Size(memory="1Gi", timeout_seconds=590, concurrency=1, max_instances=2),
    "report-run": Size(concurrency=1, max_instances=2),
}
"""Google's clients take 230 MB together (measured), a handler at most 150 MB."""

_MEMORIES = ("512Mi", "1Gi", "2Gi", "4Gi")

RESERVE_SECONDS = 110
"""Difference of the time budget to the timeout, for the last step of a handler."""

DEPLOYMENT_TABLE = "planning_lock"
"""The table that holds the deployment id; every service reads it."""

INITIALIZER = "plan-run"
"""The handler that writes the deployment id, when its service first starts."""

CO_HOSTED = {"plan-run": ("refuse-run",)}
"""Handlers without a topic of their own, run by the service of another handler."""


def groupings() -> dict[str, list[dict[str, Any]]]:
    """Return the services of both groupings, in the order of the event flow."""
    names = list(dict.fromkeys(each.handler for each in subscriptions()))
    return {
        "per-handler": [_service(name, [name]) for name in names],
        "compact": [_service("all", names)],
    }


def operators() -> dict[str, Any]:
    """Return the topics on which operators publish: those of commands. They write no table."""
    return {"publishes": sorted(topic_of(kind) for kind in EVENTS if issubclass(kind, Command))}


def stewards() -> dict[str, Any]:
    """Return the tables that stewards write, who clear a run's history and forget persons."""
    return {"writes": sorted(permissions_of_transactions("clear_history", "forget_person").writes)}


def labellers() -> dict[str, Any]:
    """Return the tables that labellers write, who say which answers are right."""
    return {
        "writes": sorted(
            permissions_of_transactions(
                "add_golden_version", "record_review", "save_review_labels"
            ).writes
        )
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
            | {topic for each in handlers for topic in _gives_up_to(each)}
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
    """Return the topics of its events; a handler that republishes may use every handled topic."""
    is_republishing = bool({Republish, Replay} & _yielded(handler))
    republished = _handled_topics() if is_republishing else []
    return [*republished, *(topic_of(event) for event in follows(handler))]


def _gives_up_to(handler: Handler) -> set[str | None]:
    """Return the dead-letter topics that a handler publishes to beside its own."""
    gives_up = GiveUp in _yielded(handler)
    return {each.dead_letter_topic for each in subscriptions()} - {None} if gives_up else set()


def _yielded(handler: Handler) -> set[object]:
    return set(get_args(get_args(get_type_hints(handler)["return"])[0]))


def _handled_topics() -> list[str]:
    return sorted(each.topic for each in subscriptions() if each.dead_letter_topic)


def _shared_transactions() -> frozenset[str]:
    """Return the transactions of several accounts, which have to read each other's jobs."""
    known = set(handlers_by_name().values())
    names = [name for each in known for name in permissions_of([each]).transactions]
    return frozenset(name for name in names if names.count(name) > 1)


def _size(handler_names: Iterable[str]) -> dict[str, Any]:
    """Return the size of a service: of several handlers the most memory, the least concurrency."""
    sizes = [SIZES.get(each, Size()) for each in handler_names]
    timeout = max(each.timeout_seconds for each in sizes)
    whole = Size(
        memory=max((each.memory for each in sizes), key=_MEMORIES.index),
        timeout_seconds=timeout,
        concurrency=min(each.concurrency for each in sizes),
        max_instances=max(each.max_instances for each in sizes),
    )
    return asdict(whole) | {"time_budget_seconds": timeout - RESERVE_SECONDS}
