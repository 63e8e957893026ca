"""Create topics, subscriptions, dead-letter and retry policies as Terraform does."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from google.cloud.pubsub_v1 import (
    PublisherClient,
    SubscriberClient,
)
from google.protobuf.duration_pb2 import Duration

from events import EVENTS, topic_of
from troupe.backends.gcp.settings import GcpSettings
from troupe.deployment.topology import Subscription, subscriptions
from troupe.doctor.subscription import filter_of

Endpoint = Callable[[Subscription], str | None]
"""The push endpoint of a subscription; None for a pull subscription."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The retry policy; the defaults are the deployment's."""

    ack_deadline_seconds: int = 600
    first_seconds: float = 10.0
    most_seconds: float = 600.0
    attempts: int = 40


def everything() -> tuple[Subscription, ...]:
    return subscriptions()


def lay_out(
    settings: GcpSettings,
    publisher: PublisherClient,
    subscriber: SubscriberClient,
    endpoint: Endpoint,
    pace: Pace,
    wanted: Iterable[Subscription] = (),
    *,
    unwrapped: bool = False,
) -> None:
    """Create the subscriptions of the catalogue, or `wanted` alone, with their topics."""
    chosen = tuple(wanted) or everything()
    letters = {each.dead_letter_topic for each in chosen if each.dead_letter_topic}
    events = {topic_of(kind) for kind in EVENTS} if not tuple(wanted) else set()
    for topic in sorted(events | letters | {each.topic for each in chosen}):
        publisher.create_topic(name=settings.topic(topic))
    for each in chosen:
        subscriber.create_subscription(
            request=_subscription(each, settings, endpoint(each), pace, unwrapped)
        )


def _subscription(
    each: Subscription,
    settings: GcpSettings,
    endpoint: str | None,
    pace: Pace,
    unwrapped: bool,
) -> dict[str, object]:
    request: dict[str, object] = {
        "name": settings.subscription(each.name),
        "topic": settings.topic(each.topic),
        "ack_deadline_seconds": pace.ack_deadline_seconds,
        "filter": filter_of(each),
        "retry_policy": {
            "minimum_backoff": _duration(pace.first_seconds),
            "maximum_backoff": _duration(pace.most_seconds),
        },
    }
    if endpoint is not None:
        push: dict[str, object] = {"push_endpoint": endpoint}
        request["push_config"] = push | (
            {"no_wrapper": {"write_metadata": True}} if unwrapped else {}
        )
    if each.dead_letter_topic:
        request["dead_letter_policy"] = {
            "dead_letter_topic": settings.topic(each.dead_letter_topic),
            "max_delivery_attempts": pace.attempts,
        }
    return request


def _duration(seconds: float) -> Duration:
    return Duration(seconds=int(seconds), nanos=round(seconds % 1 * 1e9))
