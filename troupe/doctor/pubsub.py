"""The doctor at Pub/Sub: every topic, and every subscription with the settings the score needs."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from events import EVENTS, topic_of
from troupe.backends.gcp.dead_letter_store import PEOPLE
from troupe.backends.gcp.settings import GcpSettings
from troupe.deployment.topology import subscriptions

from .findings import Finding, fault, merge_alike, ok, run_check
from .subscription import Difference, operator_differences, push_differences

CALL_SECONDS = 20.0
_RIGHT = "roles/pubsub.viewer on the project"
_APPLY = "apply Terraform"

GetClient = Callable[[], Any]


def check_pubsub(
    settings: GcpSettings, publisher: GetClient, subscriber: GetClient
) -> Iterator[Finding]:
    yield from run_check("topics", partial(_topics, settings, publisher), _RIGHT)
    yield from run_check("subscriptions", partial(_subscriptions, settings, subscriber), _RIGHT)


def topics() -> list[str]:
    """Of events, of signals, of dead letters."""
    heard = (each.topic for each in subscriptions())
    return sorted({*(topic_of(kind) for kind in EVENTS), *heard})


def _topics(settings: GcpSettings, get_client: GetClient) -> Iterator[Finding]:
    project = {"project": f"projects/{settings.project}"}
    found = get_client().list_topics(request=project, retry=None, timeout=CALL_SECONDS)
    there = {each.name for each in found}
    missing = [name for name in topics() if settings.topic(name) not in there]
    if missing:
        message = f"not there: {', '.join(settings.topic_prefix + name for name in missing)}"
        yield fault("topics", message, f"{_APPLY}, and compare TROUPE_TOPIC_PREFIX with it")
    else:
        yield ok("topics", f"{len(topics())} are there")


def _subscriptions(settings: GcpSettings, get_client: GetClient) -> Iterator[Finding]:
    project = {"project": f"projects/{settings.project}"}
    found = get_client().list_subscriptions(request=project, retry=None, timeout=CALL_SECONDS)
    there = {each.name: each for each in found}
    yield from _compared(settings, there, "pushes", _pushes(settings))
    yield from _compared(settings, there, "people's letters", _people(settings))


Differences = Callable[[Any], Iterable[Difference]]


def _pushes(settings: GcpSettings) -> dict[str, Differences]:
    return {each.name: partial(push_differences, settings, each) for each in subscriptions()}


def _people(settings: GcpSettings) -> dict[str, Differences]:
    letters = dict.fromkeys(s.dead_letter_topic for s in subscriptions() if s.dead_letter_topic)
    return {
        f"{PEOPLE}.{topic}": partial(operator_differences, settings, topic) for topic in letters
    }


def _compared(
    settings: GcpSettings, there: dict[str, Any], name: str, needed: dict[str, Differences]
) -> Iterator[Finding]:
    paths = {each: settings.subscription(each) for each in needed}
    missing = [each for each, path in paths.items() if path not in there]
    if missing:
        message = f"not there: {', '.join(settings.topic_prefix + each for each in missing)}"
        yield fault(name, message, f"{_APPLY}; until then what is sent to them is lost")
    yield from merge_alike(
        (f"{settings.topic_prefix}{each}", _finding(name, list(differences(there[paths[each]]))))
        for each, differences in needed.items()
        if each not in missing
    )


def _finding(name: str, differences: list[Difference]) -> Finding:
    """The worst of them gives the state."""
    if not differences:
        return ok(name, "are as the score needs them")
    return Finding(
        name=name,
        state="fault" if any(state == "fault" for state, _ in differences) else "warning",
        message="; ".join(message for _, message in differences),
        remedy=_APPLY,
    )
