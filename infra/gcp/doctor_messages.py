"""The doctor at Pub/Sub: every topic, and every subscription with the settings the score needs."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from events import FACTS, topic_of
from handlers.score import Subscription, subscriptions

from .doctor_findings import Finding, examined, fault, ok
from .doctor_subscription import people_differences, score_differences
from .letters import PEOPLE
from .settings import CloudSettings

CALL_SECONDS = 20.0
_RIGHT = "roles/pubsub.viewer on the project"
_APPLY = "apply Terraform"

Door = Callable[[], Any]


def examine_messages(
    settings: CloudSettings, publisher: Door, subscriber: Door
) -> Iterator[Finding]:
    yield from examined("topics", partial(_topics, settings, publisher), _RIGHT)
    yield from examined("subscriptions", partial(_subscriptions, settings, subscriber), _RIGHT)


def topics() -> list[str]:
    """Of facts, of signals, of dead letters."""
    heard = (each.topic for each in subscriptions())
    return sorted({*(topic_of(kind) for kind in FACTS), *heard})


def _topics(settings: CloudSettings, door: Door) -> Iterator[Finding]:
    project = {"project": f"projects/{settings.project}"}
    found = door().list_topics(request=project, retry=None, timeout=CALL_SECONDS)
    there = {each.name for each in found}
    missing = [name for name in topics() if settings.topic(name) not in there]
    if missing:
        says = f"not there: {', '.join(settings.topic_prefix + name for name in missing)}"
        yield fault("topics", says, f"{_APPLY}, and compare TROUPE_TOPIC_PREFIX with it")
    else:
        yield ok("topics", f"{len(topics())} are there")


def _subscriptions(settings: CloudSettings, door: Door) -> Iterator[Finding]:
    project = {"project": f"projects/{settings.project}"}
    found = door().list_subscriptions(request=project, retry=None, timeout=CALL_SECONDS)
    there = {each.name: each for each in found}
    yield from _compared(settings, there, "pushes", _pushes(settings))
    yield from _compared(settings, there, "people's letters", _people(settings))


Differences = Callable[[Any], Iterable[Finding]]


def _pushes(settings: CloudSettings) -> dict[str, Differences]:
    return {each.name: partial(_of_score, settings, each) for each in subscriptions()}


def _people(settings: CloudSettings) -> dict[str, Differences]:
    letters = dict.fromkeys(s.dead_letter_topic for s in subscriptions() if s.dead_letter_topic)
    return {f"{PEOPLE}.{topic}": partial(_of_people, settings, topic) for topic in letters}


def _compared(
    settings: CloudSettings, there: dict[str, Any], name: str, needed: dict[str, Differences]
) -> Iterator[Finding]:
    missing = [each for each in needed if settings.subscription(each) not in there]
    if missing:
        says = f"not there: {', '.join(settings.topic_prefix + each for each in missing)}"
        yield fault(name, says, f"{_APPLY}; until then what is sent to them is lost")
    good = 0
    for each, differences in needed.items():
        if each in missing:
            continue
        found = list(differences(there[settings.subscription(each)]))
        good += not found
        yield from found
    if good:
        yield ok(name, f"{good} of {len(needed)} are as the score needs them")


def _of_score(settings: CloudSettings, each: Subscription, there: Any) -> Iterator[Finding]:
    return _told(f"{settings.topic_prefix}{each.name}", score_differences(settings, each, there))


def _of_people(settings: CloudSettings, topic: str, there: Any) -> Iterator[Finding]:
    name = f"{settings.topic_prefix}{PEOPLE}.{topic}"
    return _told(name, people_differences(settings, topic, there))


def _told(name: str, differences: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """One finding a subscription; the worse of its differences gives the state."""
    told = list(differences)
    if told:
        yield Finding(
            name=name,
            state="fault" if any(state == "fault" for state, _ in told) else "warning",
            says="; ".join(says for _, says in told),
            remedy=_APPLY,
        )
