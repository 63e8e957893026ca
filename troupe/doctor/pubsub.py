"""Checks of Pub/Sub: every topic, every subscription with its settings, and the service agent."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from events import EVENTS, topic_of
from troupe.backends.gcp.settings import GcpSettings
from troupe.deployment.topology import subscriptions

from .findings import Finding, fault, merge_alike, ok, run_check, warning
from .subscription import Difference, push_differences

CALL_SECONDS = 20.0
_RIGHT = "roles/pubsub.viewer on the project"
_APPLY = "apply Terraform"
_AGENT_NAME = "Pub/Sub's service agent"
_AGENT_RIGHT = "roles/iam.securityReviewer on the project, to read IAM policies"
_AGENT = re.compile(r"serviceAccount:service-\d+@gcp-sa-pubsub\.iam\.gserviceaccount\.com")
_PUBLISHERS = frozenset({"roles/pubsub.publisher", "roles/pubsub.editor", "roles/pubsub.admin"})
_SUBSCRIBERS = frozenset({"roles/pubsub.subscriber", "roles/pubsub.editor", "roles/pubsub.admin"})

GetClient = Callable[[], Any]


def check_pubsub(
    settings: GcpSettings, publisher: GetClient, subscriber: GetClient
) -> Iterator[Finding]:
    yield from run_check("topics", partial(_topics, settings, publisher), _RIGHT)
    yield from run_check("subscriptions", partial(_subscriptions, settings, subscriber), _RIGHT)


def topics() -> list[str]:
    """Return the topics of events, signals and dead letters."""
    subscribed = (each.topic for each in subscriptions())
    return sorted({*(topic_of(kind) for kind in EVENTS), *subscribed})


def _topics(settings: GcpSettings, get_client: GetClient) -> Iterator[Finding]:
    project = {"project": f"projects/{settings.project}"}
    listed = get_client().list_topics(request=project, retry=None, timeout=CALL_SECONDS)
    existing = {each.name for each in listed}
    missing = [name for name in topics() if settings.topic(name) not in existing]
    if missing:
        message = f"missing: {', '.join(settings.topic_prefix + name for name in missing)}"
        yield fault("topics", message, f"{_APPLY}, and check TROUPE_TOPIC_PREFIX")
    else:
        yield ok("topics", f"all {len(topics())} exist")


def _subscriptions(settings: GcpSettings, get_client: GetClient) -> Iterator[Finding]:
    project = {"project": f"projects/{settings.project}"}
    listed = get_client().list_subscriptions(request=project, retry=None, timeout=CALL_SECONDS)
    existing = {each.name: each for each in listed}
    yield from _compared(settings, existing, "push subscriptions", _push_subscriptions(settings))


Differences = Callable[[Any], Iterable[Difference]]


def _push_subscriptions(settings: GcpSettings) -> dict[str, Differences]:
    return {each.name: partial(push_differences, settings, each) for each in subscriptions()}


def _compared(
    settings: GcpSettings, existing: dict[str, Any], name: str, needed: dict[str, Differences]
) -> Iterator[Finding]:
    paths = {each: settings.subscription(each) for each in needed}
    missing = [each for each, path in paths.items() if path not in existing]
    if missing:
        message = f"missing: {', '.join(settings.topic_prefix + each for each in missing)}"
        yield fault(name, message, f"{_APPLY}; until then their messages are lost")
    yield from merge_alike(
        (f"{settings.topic_prefix}{each}", _finding(name, list(differences(existing[paths[each]]))))
        for each, differences in needed.items()
        if each not in missing
    )


def _finding(name: str, differences: list[Difference]) -> Finding:
    """Return one finding for a subscription; a single fault makes it a fault."""
    if not differences:
        return ok(name, "have the required settings")
    return Finding(
        name=name,
        state="fault" if any(state == "fault" for state, _ in differences) else "warning",
        message="; ".join(message for _, message in differences),
        remedy=_APPLY,
    )


def check_pubsub_agent(
    settings: GcpSettings, publisher: GetClient, subscriber: GetClient
) -> Iterator[Finding]:
    """Check Pub/Sub's service agent: without two roles it cannot dead-letter (documented)."""
    check = partial(_grants, settings, publisher, subscriber)
    yield from run_check(_AGENT_NAME, check, _AGENT_RIGHT, vital=False)


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
        yield ok(_AGENT_NAME, f"can move messages to {len(letters)} dead-letter topics")
        return
    message = f"has no role to dead-letter messages at {', '.join(lacking)}"
    remedy = "apply Terraform, unless it has roles/pubsub.publisher and .subscriber on the project"
    yield warning(_AGENT_NAME, message, remedy)


def _may(client: Any, resource: str, roles: frozenset[str]) -> bool:
    request = {"resource": resource}
    policy = client.get_iam_policy(request=request, retry=None, timeout=CALL_SECONDS)
    return any(
        each.role in roles and any(map(_AGENT.fullmatch, each.members)) for each in policy.bindings
    )
