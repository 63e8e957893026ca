"""Facts that nobody finished are told again, at doubling intervals, a bounded number of times."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from events import Envelope
from handlers.codes import coded
from handlers.ports import Policy
from tracking import Ledger, Row, Tracking, UnhandledFact

LOG = logging.getLogger("troupe.tick")


@dataclass(frozen=True, slots=True)
class Retell:
    """The loop publishes this event again, as it was."""

    envelope: Envelope
    handler: str


def retell(
    tracking: Tracking, ledger: Ledger, subscriptions: Sequence[Row], since: date, policy: Policy
) -> Iterator[Retell]:
    """The facts that are due, oldest first; those told too often become system errors."""
    unhandled = tracking.unhandled_facts(since, subscriptions)
    for lost in given_up(unhandled, policy):
        is_new = tracking.store_error(
            f"stuck_fact__{lost.fact_id}__{lost.handler}",
            "stuck_fact",
            cause=lost.handler,
            detail=f"{lost.fact_id} was told again {lost.retold} times",
        )
        if is_new:
            about = {"fact_id": lost.fact_id, "handler": lost.handler}
            LOG.error("fact-stuck", extra=coded("stuck_fact") | about)
    chosen = due(unhandled, policy)
    known = {e.id: e for e in ledger.recall([fact.fact_id for fact in chosen], since)}
    for fact in chosen:
        yield Retell(known[fact.fact_id], fact.handler)


def due(unhandled: Sequence[UnhandledFact], policy: Policy) -> list[UnhandledFact]:
    """What this tick tells again."""
    late = [
        fact for fact in unhandled if fact.retold < policy.retell_times and _is_silent(fact, policy)
    ]
    return late[: policy.retell_per_tick]


def given_up(unhandled: Sequence[UnhandledFact], policy: Policy) -> list[UnhandledFact]:
    """What was told as often as allowed, and stayed silent for the gap that would be next."""
    return [
        fact
        for fact in unhandled
        if fact.retold >= policy.retell_times and _is_silent(fact, policy)
    ]


def _is_silent(fact: UnhandledFact, policy: Policy) -> bool:
    gap: int = policy.retell_after_seconds * 2**fact.retold
    return fact.silent_seconds >= gap
