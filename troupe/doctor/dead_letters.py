"""The doctor at the dead letters: how many wait for somebody."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from troupe.backends.gcp.dead_letters import PubSubDeadLetters
from troupe.backends.gcp.settings import GcpSettings

from .findings import Finding, examined, ok, warning

_NAME = "dead letters"
_RIGHT = "roles/pubsub.subscriber on the subscriptions people.*"


def examine_dead_letters(settings: GcpSettings, door: Callable[[], Any]) -> Iterator[Finding]:
    yield from examined(_NAME, partial(_waiting, settings, door), _RIGHT)


def _waiting(settings: GcpSettings, door: Callable[[], Any]) -> Iterator[Finding]:
    letters = PubSubDeadLetters(settings, door())
    try:
        groups = letters.waiting()
    finally:
        letters.release()
    if not groups:
        yield ok(_NAME, "none waits")
        return
    told = ", ".join(
        f"{each['handler'] or 'of nobody'} {each['cause']} {each['count']:,}" for each in groups
    )
    count = sum(each["count"] for each in groups)
    says = f"{count:,} {'letter waits' if count == 1 else 'letters wait'}: {told}"
    yield warning(_NAME, says, "see them: `troupe --backend gcp dead-letters list`")
