"""Check of Pub/Sub's service agent: without two roles it cannot dead-letter (documented)."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from troupe.backends.gcp.settings import GcpSettings
from troupe.deployment.topology import subscriptions

from .findings import Finding, ok, run_check, warning

CALL_SECONDS = 20.0
_NAME = "Pub/Sub's service agent"
_RIGHT = "roles/iam.securityReviewer on the project, to read IAM policies"
_AGENT = re.compile(r"serviceAccount:service-\d+@gcp-sa-pubsub\.iam\.gserviceaccount\.com")
_PUBLISHERS = frozenset({"roles/pubsub.publisher", "roles/pubsub.editor", "roles/pubsub.admin"})
_SUBSCRIBERS = frozenset({"roles/pubsub.subscriber", "roles/pubsub.editor", "roles/pubsub.admin"})

GetClient = Callable[[], Any]


def check_pubsub_agent(
    settings: GcpSettings, publisher: GetClient, subscriber: GetClient
) -> Iterator[Finding]:
    check = partial(_grants, settings, publisher, subscriber)
    yield from run_check(_NAME, check, _RIGHT, vital=False)


def _grants(
    settings: GcpSettings, publisher: GetClient, subscriber: GetClient
) -> Iterator[Finding]:
    """The agent publishes the dead letter, and acknowledges the message at its subscription."""
    of_events = {each.name: each.dead_letter_topic for each in subscriptions()}
    letters = dict.fromkeys(topic for topic in of_events.values() if topic)
    lacking = [
        *(topic for topic in letters if not _may(publisher(), settings.topic(topic), _PUBLISHERS)),
        *(
            name
            for name, topic in of_events.items()
            if topic and not _may(subscriber(), settings.subscription(name), _SUBSCRIBERS)
        ),
    ]
    if not lacking:
        yield ok(_NAME, f"can move messages to {len(letters)} dead-letter topics")
        return
    message = f"has no role to dead-letter messages at {', '.join(lacking)}"
    remedy = "apply Terraform, unless it has roles/pubsub.publisher and .subscriber on the project"
    yield warning(_NAME, message, remedy)


def _may(client: Any, resource: str, roles: frozenset[str]) -> bool:
    request = {"resource": resource}
    policy = client.get_iam_policy(request=request, retry=None, timeout=CALL_SECONDS)
    return any(
        each.role in roles and any(map(_AGENT.fullmatch, each.members)) for each in policy.bindings
    )
