"""The AsyncAPI document is generated from the code, valid, and true for a real run."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from events import EVENT_OF_TYPE, EVENTS, to_pubsub, topic_of
from scripts import asyncapi
from tests.harness import START, LocalHarness, calls
from troupe.deployment.topology import subscriptions

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "reference" / "asyncapi.json"
SCHEMA = Path(__file__).parent / "asyncapi-schema" / "asyncapi-3.0.0.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return asyncapi.asyncapi()


def validator(document: dict[str, Any], message: str) -> jsonschema_rs.Validator:
    """Return a validator for the payload of one message."""
    payload = document["components"]["messages"][message]["payload"]
    return jsonschema_rs.validator_for({**payload, "components": document["components"]})


def test_the_document_is_the_one_of_the_code() -> None:
    """Renew it with `python -m scripts.reference`."""
    assert asyncapi.text() == FILE.read_text(encoding="utf-8")


def test_the_document_is_valid_asyncapi(document: dict[str, Any]) -> None:
    """Version 3.0.0; the schema refuses a typo."""
    schema = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text(encoding="utf-8")))

    assert [] == [error.message for error in schema.iter_errors(document)]
    assert not schema.is_valid({**document, "channels": {"x": {"adress": "typo"}}})


def test_every_reference_resolves(document: dict[str, Any]) -> None:
    """Including those inside the schemas."""
    unresolved = []
    for reference in _references(document):
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node.get(part) if isinstance(node, dict) else None
        if node is None:
            unresolved.append(reference)

    assert [] == unresolved


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [r for each in part.values() for r in _references(each)]
    return [r for each in part for r in _references(each)] if isinstance(part, list) else []


def test_every_topic_is_a_channel_and_every_subscription_an_operation(
    document: dict[str, Any],
) -> None:
    """Under their names in Pub/Sub."""
    topics = {topic_of(kind) for kind in EVENTS} | {each.topic for each in subscriptions()}
    received = {n for n, each in document["operations"].items() if each["action"] == "receive"}

    assert topics == document["channels"].keys()
    assert {each.name for each in subscriptions()} == received


def test_every_event_of_a_run_matches_the_document(
    document: dict[str, Any], harness: LocalHarness
) -> None:
    """Checked with the events of one run, from its command to its report."""
    harness.load(calls(4))
    harness.run()
    rows = harness.sql("SELECT DISTINCT event_id FROM events")
    envelopes = harness.backend.dependencies.event_log.load([id_ for (id_,) in rows], START.date())

    kinds = {envelope.type for envelope in envelopes}
    for envelope in envelopes:
        body, _ = to_pubsub(envelope)
        name = EVENT_OF_TYPE[envelope.type].__name__
        assert validator(document, name).is_valid(msgspec.json.decode(body)), name
    assert len(kinds) >= 9


@pytest.mark.parametrize(
    ("command", "fits"),
    [({"mode": "test", "limit": 5}, True), ({"limit": 0}, False), ({"limt": 5}, False)],
)
def test_the_document_accepts_a_bare_command_as_the_code_does(
    document: dict[str, Any], command: dict[str, Any], fits: bool
) -> None:
    """Typos and bounds."""
    assert fits == validator(document, "RunRequested").is_valid(command)


def test_every_field_of_a_command_has_a_description(document: dict[str, Any]) -> None:
    """Users fill them in."""
    schemas = document["components"]["schemas"]
    without = [
        f"{name}.{field}"
        for name in ("RunRequested", "ReprocessRequested", "CancelRequested")
        for field, schema in schemas[name]["properties"].items()
        if not schema.get("description")
    ]

    assert [] == without
