"""What a deployment is told, and what it says when it was told wrongly."""

import json

import pytest

from tests.gcp.making import ENVIRON, gcp_settings
from troupe.backends.gcp.settings import (
    ALL,
    BadSetting,
    known_handlers,
    read_settings,
    read_terraform,
)
from troupe.deployment.topology import subscriptions


def test_a_deployment_is_read_from_the_environment() -> None:
    """The rest has defaults."""
    settings = gcp_settings(TROUPE_HANDLER="submit-job", PORT="9000")

    assert ("stories", "troupe", "submit-job", ("submit-job",), 9000) == (
        settings.project, settings.dataset, settings.handler, settings.handlers, settings.port,
    )  # fmt: skip
    assert (480.0, "", "stories-troupe") == (
        settings.time_budget_seconds, settings.topic_prefix, settings.output_bucket,
    )  # fmt: skip


def test_without_a_handler_one_service_serves_all() -> None:
    """Everybody who subscribes to anything."""
    assert (ALL, known_handlers()) == (gcp_settings().handler, gcp_settings().handlers)
    assert {each.handler for each in subscriptions()} == set(known_handlers())


@pytest.mark.parametrize(
    "name",
    [name for name in ENVIRON if name != "TROUPE_DEPLOYMENT"],
)
def test_what_is_missing_is_named_with_the_remedy(name: str) -> None:
    """The variable, what it means, and who knows its value."""
    with pytest.raises(BadSetting, match=rf"{name} is not set: give .*terraform output"):
        read_settings({k: v for k, v in ENVIRON.items() if k != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TROUPE_HANDLER", "submit_job"),
        ("TROUPE_DEPLOYMENT", "too-long-for-an-id"),
        ("TROUPE_TOPIC_PREFIX", "a.b-"),
        ("TROUPE_TIME_BUDGET_SECONDS", "600"),
        ("TROUPE_TIME_BUDGET_SECONDS", "soon"),
        ("TROUPE_CONCURRENCY", "0"),
        ("PORT", "http"),
        ("TROUPE_VERTEX_TRANSPORT", "carrier-pigeon"),
        ("TROUPE_SOURCE_TABLE", "a`b"),
        ("TROUPE_SOURCE_TRANSCRIPT", "text; DROP"),
        ("TROUPE_SOURCE_COLOUR", "red"),
        ("TROUPE_RECLAIM_SECONDS", "90"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    """At the start, not at the first message."""
    with pytest.raises(BadSetting, match=name.rpartition("SOURCE_")[0] or name):
        gcp_settings(**{name: value})


def test_the_source_may_lie_elsewhere_and_be_called_otherwise() -> None:
    """In another project, in other words."""
    source = gcp_settings(
        TROUPE_SOURCE_TABLE="theirs.calls.transcripts", TROUPE_SOURCE_TRANSCRIPT="text"
    ).source

    assert ("`theirs.calls.transcripts`", "`text`", "`direction`") == tuple(
        source.names()[name] for name in ("source", "transcript", "direction")
    )


def test_the_next_claim_waits_until_the_last_creation_is_over() -> None:
    """Whatever the waits are, two of them cannot be paid for one attempt."""
    policy = gcp_settings(TROUPE_CLAIM_SECONDS="10", TROUPE_RECLAIM_SECONDS="21").policy
    assert (10, 21) == (policy.claim_seconds, policy.reclaim_seconds)

    with pytest.raises(BadSetting, match="from 21 to"):
        gcp_settings(TROUPE_CLAIM_SECONDS="10", TROUPE_RECLAIM_SECONDS="20")


def test_terraform_s_output_says_the_same() -> None:
    """The environment goes before it."""
    text = json.dumps({"settings": {"sensitive": False, "value": ENVIRON}, "other": {"value": 1}})

    assert gcp_settings() == read_terraform(text, {})
    assert gcp_settings() == read_terraform(json.dumps(ENVIRON), {})
    assert gcp_settings(TROUPE_HANDLER="plan-run") == read_terraform(
        text, {"TROUPE_HANDLER": "plan-run"}
    )


@pytest.mark.parametrize("text", ["", "{}", '{"settings": 5}', '{"settings": {"value": [1]}}'])
def test_a_file_that_is_no_output_of_terraform_is_refused(text: str) -> None:
    """With the command that writes one."""
    with pytest.raises(BadSetting, match="terraform output -json"):
        read_terraform(text, {})


def test_a_day_can_be_capped() -> None:
    """In money and in tokens; nonsense is named."""
    policy = gcp_settings(TROUPE_BUDGET_A_DAY="12.5", TROUPE_TOKENS_A_DAY="1000000").policy

    assert (12.5, 1_000_000) == (policy.budget_a_day, policy.tokens_a_day)
    for wrong in ("0", "-1", "much", "inf"):
        with pytest.raises(BadSetting, match="TROUPE_BUDGET_A_DAY"):
            gcp_settings(TROUPE_BUDGET_A_DAY=wrong)
