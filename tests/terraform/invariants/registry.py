"""Invariants of every plan. Each one yields a sentence for each violation."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.terraform.terraform import Plan

Invariant = Callable[[Plan], Iterator[str]]

INVARIANTS: list[Invariant] = []
"""Every invariant, in the order of its file."""

PUSH = ("event", "signal", "dead_letter")


def invariant(check: Invariant) -> Invariant:
    """Register an invariant."""
    INVARIANTS.append(check)
    return check


def violations(plan: Plan) -> list[str]:
    """Return every violation of every invariant."""
    return [f"{each.__name__}: {text}" for each in INVARIANTS for text in each(plan)]


def subscriptions(plan: Plan, *kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield push subscriptions by kind of topic, and pull subscriptions; without a kind, all pushes."""
    topics = {
        topic["id"]: kind
        for kind in PUSH
        for topic in plan.of("google_pubsub_topic", kind).values()
    }
    for name, each in plan.of("google_pubsub_subscription", "push").items():
        if topics[each["topic"]] in (kinds or PUSH):
            yield name, each


def services(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return the services of handlers: not the console."""
    return plan.of("google_cloud_run_v2_service", "service")


def grants(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return what each member is granted, by address and member: single members, and those of bindings."""
    return {
        f"{where} {member}": {**what, "member": member}
        for where, what in plan.resources.items()
        if "_iam_member." in where or "_iam_binding." in where
        for member in what.get("members") or [what["member"]]
    }


def granted(plan: Plan, kind: str) -> list[dict[str, Any]]:
    """Return the grants on one type of resource, such as `google_pubsub_topic`."""
    return [what for where, what in grants(plan).items() if where.startswith(f"{kind}_iam_")]


def environment(service: dict[str, Any]) -> dict[str, str]:
    """Return the variables of a service, without those that are secrets."""
    (container,) = service["template"][0]["containers"]
    return {each["name"]: each["value"] for each in container["env"] if not each["value_source"]}
