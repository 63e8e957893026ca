"""Check of the dead letters: how many wait for an operator."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from troupe.backends.gcp.dead_letter_store import PubSubDeadLetters
from troupe.backends.gcp.settings import GcpSettings

from .findings import Finding, ok, run_check, warning

_NAME = "dead letters"
_RIGHT = "roles/pubsub.subscriber on the subscriptions people.*"


def check_dead_letters(settings: GcpSettings, get_client: Callable[[], Any]) -> Iterator[Finding]:
    yield from run_check(_NAME, partial(_waiting, settings, get_client), _RIGHT)


def _waiting(settings: GcpSettings, get_client: Callable[[], Any]) -> Iterator[Finding]:
    letters = PubSubDeadLetters(settings, get_client())
    try:
        groups = letters.waiting()
    finally:
        letters.release()
    if not groups:
        yield ok(_NAME, "no dead letter waits")
        return
    details = ", ".join(
        f"{each['handler'] or 'unknown handler'} {each['cause']} {each['count']:,}"
        for each in groups
    )
    count = sum(each["count"] for each in groups)
    message = f"{count:,} {'dead letter waits' if count == 1 else 'dead letters wait'}: {details}"
    yield warning(_NAME, message, "list them: `troupe --backend gcp dead-letters list`")
