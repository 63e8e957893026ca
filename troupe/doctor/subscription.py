"""Differences of one subscription from the settings that Terraform gives it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from events.cloudevents import HANDLER
from events.ids import handler_of_dead_letters
from troupe.backends.gcp.settings import ACK_DEADLINE_SECONDS, GcpSettings
from troupe.deployment.topology import Subscription

from .findings import State

FEWEST_ATTEMPTS = 20
"""With fewer deliveries a message is dead-lettered within three hours (by the back-off)."""
LONGEST = timedelta(days=31)
_FIRST, _MOST = timedelta(seconds=10), timedelta(seconds=600)

Difference = tuple[State, str]


def push_differences(
    settings: GcpSettings, needed: Subscription, there: Any
) -> Iterator[Difference]:
    """Compare a push subscription of a handler."""
    yield from _place(settings.topic(needed.topic), there)
    deadline = int(there.ack_deadline_seconds)
    if deadline < ACK_DEADLINE_SECONDS:
        yield "fault", f"acknowledgement deadline {deadline} s, not {ACK_DEADLINE_SECONDS:.0f}"
    if there.filter and _plain(there.filter) != _plain(filter_of(needed)):
        yield "fault", "has a filter of its own, which cannot be changed: delete it first"
    yield from _push(settings.push_account, there)
    yield from _retries(there)
    if needed.dead_letter_topic:
        yield from _dead_letters(settings.topic(needed.dead_letter_topic), there)
        yield from _retention(there)
    elif there.dead_letter_policy.dead_letter_topic:
        yield "warning", "has a dead-letter topic, although it needs none"


def filter_of(needed: Subscription) -> str:
    """Return the only filter that loses no message. Services check it too, so it is optional.

    Dead letters keep the attribute of their message: a filter by it would drop them.
    """
    if handler_of_dead_letters(needed.topic) is not None:
        return ""
    handler = needed.handler
    return f'NOT attributes:{HANDLER} OR attributes.{HANDLER} = "{handler}"'


def _place(topic: str, there: Any) -> Iterator[Difference]:
    if there.topic != topic:
        name = there.topic.rsplit("/", 1)[-1]
        yield "fault", f"belongs to topic {name}, which cannot be changed: delete it first"
    if there.detached:
        yield "fault", "is detached: it receives no messages"
    if "expiration_policy" not in there or there.expiration_policy.ttl:
        yield "fault", "expires after a time without activity"


def _push(account: str, there: Any) -> Iterator[Difference]:
    push = there.push_config
    token = push.oidc_token
    if not push.push_endpoint:
        yield "fault", "has no push endpoint: messages reach no service"
    elif push.push_endpoint.startswith("https://") and not token.service_account_email:
        yield "fault", "pushes without a service account, which Cloud Run refuses"
    elif account and token.service_account_email != account:
        yield "fault", f"pushes as another account than {account}, which the service refuses"
    elif account and token.audience in ("", push.push_endpoint):
        yield "fault", "pushes with the address as audience, which the service refuses"


def _retries(there: Any) -> Iterator[Difference]:
    if "retry_policy" not in there:
        yield "fault", "has no retry policy: all delivery attempts follow at once"
        return
    first, most = there.retry_policy.minimum_backoff, there.retry_policy.maximum_backoff
    if (first, most) != (_FIRST, _MOST):
        message = f"retries after {first.total_seconds():g} to {most.total_seconds():g} s"
        yield "warning", f"{message}, not 10 to 600"


def _dead_letters(topic: str, there: Any) -> Iterator[Difference]:
    policy = there.dead_letter_policy
    if not policy.dead_letter_topic:
        yield "fault", "has no dead-letter topic: an invalid message is redelivered for ever"
        return
    if policy.dead_letter_topic != topic:
        actual = policy.dead_letter_topic.rsplit("/", 1)[-1]
        yield "fault", f"has dead-letter topic {actual}, not {topic.rsplit('/', 1)[-1]}"
    attempts = policy.max_delivery_attempts or 5
    if attempts < FEWEST_ATTEMPTS:
        yield "warning", f"dead-letters after {attempts} deliveries: a short outage is enough"


def _retention(there: Any) -> Iterator[Difference]:
    kept = there.message_retention_duration
    if kept < LONGEST:
        yield "warning", f"retains messages for {kept / timedelta(days=1):g} days, not 31"


def _plain(text: str) -> str:
    return " ".join(text.split())
