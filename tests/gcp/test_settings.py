"""Settings of a deployment: sources, defaults, and errors for wrong variables."""

import json

import pytest

from handlers.ports import Policy
from tests.gcp.making import ENVIRON, gcp_settings
from troupe.backends.defaults import BadSetting, capped
from troupe.backends.gcp.settings import (
    ALL,
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
    """Every handler with a subscription."""
    assert (ALL, known_handlers()) == (gcp_settings().handler, gcp_settings().handlers)
    assert {each.handler for each in subscriptions()} == set(known_handlers())


@pytest.mark.parametrize(
    "name",
    [name for name in ENVIRON if name not in ("TROUPE_DEPLOYMENT", "TROUPE_PUSH_TOKENS")],
)
def test_a_missing_variable_is_named_with_the_remedy(name: str) -> None:
    """The variable, what it means, and which command shows its value."""
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
        ("TROUPE_PUSH_TOKENS", "verified"),
        ("TROUPE_VERTEX_TRANSPORT", "carrier-pigeon"),
        ("TROUPE_SOURCE_TABLE", "a`b"),
        ("TROUPE_SOURCE_TRANSCRIPT", "text; DROP"),
        ("TROUPE_SOURCE_COLOUR", "red"),
        ("TROUPE_RECLAIM_SECONDS", "90"),
    ],
)
def test_an_invalid_value_is_refused_by_name(name: str, value: str) -> None:
    """At the start, not at the first message."""
    with pytest.raises(BadSetting, match=name.rpartition("SOURCE_")[0] or name):
        gcp_settings(**{name: value})


def test_an_error_names_every_wrong_variable_its_value_and_the_remedy() -> None:
    """One start shows all of them."""
    wrong = {"PORT": "http", "TROUPE_CONCURRENCY": "4.5", "TROUPE_VERTEX_TRANSPORT": "grpc\n,x"}
    with pytest.raises(BadSetting) as found:
        read_settings(ENVIRON | wrong | {"TROUPE_BUCKET": " ", "TROUPE_DEPLOYMENT": "A"})

    assert [
        (
            "TROUPE_BUCKET is not set: give the bucket of request files; "
            "`terraform output -json` shows it in settings"
        ),
        "TROUPE_DEPLOYMENT is 'A': give one to eight small letters and digits",
        "TROUPE_CONCURRENCY is '4.5': give a number from 1 to 80",
        "PORT is 'http': give a number from 1 to 65535",
        "TROUPE_VERTEX_TRANSPORT is 'grpc\\n,x': give one of grpc, rest",
    ] == str(found.value).split("\n")


def test_an_empty_variable_counts_as_not_set() -> None:
    """The default is used; spaces around a value are removed."""
    names = ("PORT", "TROUPE_HANDLER", "TROUPE_CLAIM_SECONDS", "TROUPE_TOKENS_A_DAY")

    assert gcp_settings() == gcp_settings(**dict.fromkeys(names, " "))
    assert gcp_settings(PORT=9000) == gcp_settings(PORT=" 9000 ")


def test_the_source_may_be_in_another_project_with_other_column_names() -> None:
    """Each column has a variable."""
    source = gcp_settings(
        TROUPE_SOURCE_TABLE="theirs.calls.transcripts", TROUPE_SOURCE_TRANSCRIPT="text"
    ).source

    assert ("`theirs.calls.transcripts`", "`text`", "`direction`") == tuple(
        source.names()[name] for name in ("source", "transcript", "direction")
    )


def test_the_next_claim_waits_until_the_last_creation_is_over() -> None:
    """With any waits, two claims cannot both create a job."""
    policy = gcp_settings(TROUPE_CLAIM_SECONDS="10", TROUPE_RECLAIM_SECONDS="21").policy
    assert (10, 21) == (policy.claim_seconds, policy.reclaim_seconds)

    with pytest.raises(BadSetting, match="RECLAIM_SECONDS is 20: give a number from 21 to 86400"):
        gcp_settings(TROUPE_CLAIM_SECONDS="10", TROUPE_RECLAIM_SECONDS="20")
    with pytest.raises(BadSetting, match="RECLAIM_SECONDS is 1200: give a number from 2061 to"):
        gcp_settings(TROUPE_CLAIM_SECONDS="2000")


def test_terraform_s_output_is_read_as_the_environment_is() -> None:
    """The environment takes precedence."""
    text = json.dumps({"settings": {"sensitive": False, "value": ENVIRON}, "other": {"value": 1}})

    assert gcp_settings() == read_terraform(text, {})
    assert gcp_settings() == read_terraform(json.dumps(ENVIRON), {})
    assert gcp_settings(TROUPE_HANDLER="plan-run") == read_terraform(
        text, {"TROUPE_HANDLER": "plan-run"}
    )


@pytest.mark.parametrize("text", ["", "{}", '{"settings": 5}', '{"settings": {"value": [1]}}'])
def test_a_file_that_terraform_did_not_write_is_refused(text: str) -> None:
    """With the command that writes it."""
    with pytest.raises(BadSetting, match="terraform output -json"):
        read_terraform(text, {})


def test_the_location_of_a_service_that_is_not_google_s_tells_nothing_of_its_models() -> None:
    """An endpoint in its place may have any."""
    here = gcp_settings(TROUPE_VERTEX_LOCATION="EU")
    elsewhere = gcp_settings(TROUPE_VERTEX_ENDPOINT="http://127.0.0.1:9000")

    assert ("eu", "") == (here.policy.vertex_location, elsewhere.policy.vertex_location)


def test_a_day_can_be_capped() -> None:
    """In money and in tokens, for every backend."""
    environ = {"TROUPE_BUDGET_A_DAY": "12.5", "TROUPE_TOKENS_A_DAY": "1e6"}
    policy = gcp_settings(**environ).policy

    assert (12.5, 1_000_000) == (policy.budget_a_day, policy.tokens_a_day)
    assert policy == capped(Policy(vertex_location="europe-west4"), environ)
    assert Policy(run_days=9) == capped(Policy(run_days=9), {"TROUPE_TOKENS_A_DAY": ""})


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        (name, kind, value)
        for name, kind, values in (
            ("TROUPE_BUDGET_A_DAY", "a number", ("0", "-1", "much", "inf", "nan", "1e999", "null")),
            ("TROUPE_TOKENS_A_DAY", "a whole number", ("0", "-1", "much", "inf", "0.5", "1e999")),
        )
        for value in values
    ],
)
def test_a_wrong_cap_is_refused_by_name(name: str, kind: str, value: str) -> None:
    """In a deployment and on a laptop, with its value and the remedy."""
    text = f"{name} is {value!r}: give {kind} above 0, or nothing for no cap"
    with pytest.raises(BadSetting, match=text):
        gcp_settings(**{name: value})
    with pytest.raises(BadSetting, match=text):
        capped(Policy(), {name: value})
