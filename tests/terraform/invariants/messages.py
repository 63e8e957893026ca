"""Topics, subscriptions and dead letters."""

import re
from collections.abc import Iterator

from tests.terraform.terraform import Plan

from .registry import PUSH, environment, granted, invariant, services, subscriptions

TEN_MINUTES, LONGEST = "600s", "2678400s"


@invariant
def every_push_carries_a_token(plan: Plan) -> Iterator[str]:
    audiences = {service["uri"]: service["custom_audiences"] for service in services(plan).values()}
    for name, each in subscriptions(plan):
        (push,) = each["push_config"] or [{"push_endpoint": None, "oidc_token": []}]
        (token,) = push["oidc_token"] or [{"audience": None, "service_account_email": ""}]
        if [token["audience"]] != audiences.get(push["push_endpoint"]):
            yield f"{name} pushes to {push['push_endpoint']} with audience {token['audience']}"
        if "-push@" not in token["service_account_email"]:
            yield f"{name} is pushed as {token['service_account_email']!r}"


@invariant
def every_service_compares_the_token_with_its_own_audience(plan: Plan) -> Iterator[str]:
    seen = set[str]()
    for name, service in services(plan).items():
        given = environment(service)
        if [given["TROUPE_PUSH_AUDIENCE"]] != service["custom_audiences"]:
            yield f"{name} expects the audience {given['TROUPE_PUSH_AUDIENCE']}"
        if given["TROUPE_PUSH_AUDIENCE"] in seen:
            yield f"{name} shares its audience with another service"
        if "-push@" not in given["TROUPE_PUSH_ACCOUNT"] or "TROUPE_PUSH_TOKENS" in given:
            yield f"{name} takes pushes of {given['TROUPE_PUSH_ACCOUNT']}"
        seen.add(given["TROUPE_PUSH_AUDIENCE"])


@invariant
def no_subscription_expires_and_every_push_backs_off(plan: Plan) -> Iterator[str]:
    for name, each in subscriptions(plan, *PUSH):
        if each["expiration_policy"] != [{"ttl": ""}]:
            yield f"{name} may expire"
    for name, each in subscriptions(plan):
        if each["retry_policy"] != [{"minimum_backoff": "10s", "maximum_backoff": "600s"}]:
            yield f"{name} is redelivered without back-off"


@invariant
def every_event_has_dead_letters(plan: Plan) -> Iterator[str]:
    letters = {each["id"] for each in plan.of("google_pubsub_topic", "dead_letter").values()}
    for name, each in subscriptions(plan, "event"):
        policy = each["dead_letter_policy"]
        if not policy or policy[0]["dead_letter_topic"] not in letters:
            yield f"{name} has no dead letters"
        elif policy[0]["max_delivery_attempts"] != 40:
            yield f"{name} is dead-lettered after {policy[0]['max_delivery_attempts']} deliveries"
        if each["message_retention_duration"] != LONGEST:
            yield f"{name} drops its messages after {each['message_retention_duration']}"


@invariant
def signals_are_short_lived(plan: Plan) -> Iterator[str]:
    for name, each in subscriptions(plan, "signal"):
        if each["message_retention_duration"] != TEN_MINUTES or each["dead_letter_policy"]:
            yield f"{name} keeps signals"
    for name, each in plan.of("google_pubsub_topic", "signal").items():
        if each["message_retention_duration"] != TEN_MINUTES:
            yield f"topic {name} keeps signals"


@invariant
def every_dead_letter_is_recorded(plan: Plan) -> Iterator[str]:
    topics = {each["id"] for each in plan.of("google_pubsub_topic", "dead_letter").values()}
    letters = [each for _, each in subscriptions(plan, "dead_letter")]
    if {each["topic"] for each in letters} != topics:
        yield "not every dead-letter topic has a subscription"
    for each in letters:
        if each["message_retention_duration"] != LONGEST or each["dead_letter_policy"]:
            yield f"{each['name']} loses dead letters"


@invariant
def pubsub_may_dead_letter_messages(plan: Plan) -> Iterator[str]:
    """Without both grants Pub/Sub redelivers a message without end and never counts its deliveries."""
    agent = re.compile(r"serviceAccount:service-\S+@gcp-sa-pubsub\.iam\.gserviceaccount\.com$")
    letters = {each["id"] for each in plan.of("google_pubsub_topic", "dead_letter").values()}
    publishes = [
        each for each in granted(plan, "google_pubsub_topic") if "gcp-sa-pubsub" in each["member"]
    ]
    acknowledges = granted(plan, "google_pubsub_subscription")
    if {each["topic"] for each in publishes} != letters:
        yield "the agent may not publish on every dead-letter topic"
    if {each["subscription"] for each in acknowledges} != {
        s["name"] for _, s in subscriptions(plan, "event")
    }:
        yield "the agent may not acknowledge on every subscription"
    for each in (*publishes, *acknowledges):
        if not agent.match(each["member"]):
            yield f"{each['member']} is not the agent of Pub/Sub"
    if {each["role"] for each in publishes} != {"roles/pubsub.publisher"}:
        yield "the agent cannot publish dead letters"
    if {each["role"] for each in acknowledges} != {"roles/pubsub.subscriber"}:
        yield "the agent cannot acknowledge what it dead-letters"


@invariant
def a_push_is_answered_before_its_deadline(plan: Plan) -> Iterator[str]:
    seconds = {s["uri"]: int(s["template"][0]["timeout"][:-1]) for s in services(plan).values()}
    for name, each in subscriptions(plan):
        deadline = each["ack_deadline_seconds"] or 10
        if deadline > 600 or seconds.get(each["push_config"][0]["push_endpoint"], 0) >= deadline:
            yield f"{name} is redelivered while it is still handled"
