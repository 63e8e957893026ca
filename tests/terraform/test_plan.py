"""What would be made: connected as the score says, and allowed what the catalogue says, no more."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from events import Deployment
from events.ids import output_folder
from tests.harness import LocalHarness
from tracking.tables import columns_of, layouts
from troupe.backends.gcp.settings import known_handlers, read_settings, read_terraform
from troupe.deployment.catalogue import catalogue
from troupe.deployment.topology import subscriptions

from .invariants import INVARIANTS, Invariant, environment, grants, services
from .terraform import Plan, Terraform

CATALOGUE = catalogue()
_SHIPPED = "transcription_analyzed_transcripts"
KNOWN = {"PORT": "8080"}


@pytest.fixture(params=["prod", "dev", "full"])
def plan(request: pytest.FixtureRequest, planned: Callable[[str], Plan]) -> Plan:
    return planned(request.param)


@pytest.mark.parametrize("check", INVARIANTS, ids=lambda each: each.__name__)
def test_an_invariant_holds(plan: Plan, check: Invariant) -> None:
    """Of both environments, and with everything switched on."""
    assert [] == list(check(plan))


def test_figures_of_the_plans(
    prod: Plan, dev: Plan, full: Plan, record_property: Callable[[str, object], None]
) -> None:
    """Printed, so that a change of size is seen."""
    for name, plan in (("prod", prod), ("dev", dev), ("full", full)):
        kinds = Counter(address.partition(".")[0] for address in plan.resources)
        most = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common(4))
        told = f"terraform plan {name}: {len(plan.resources)} resources ({most})"
        record_property("figure", f"{told}, {len(INVARIANTS)} invariants")
        assert 0 < kinds["google_pubsub_subscription"]


def test_both_provider_versions_plan_the_same(tf: Terraform, prod: Plan) -> None:
    """Resource by resource; what they know of each may differ."""
    assert set(prod.resources) == set(tf.plan("prod").resources)


# Connected as on the laptop


@pytest.mark.parametrize(("prefix", "environment_name"), [("", "prod"), ("dev-", "dev")])
def test_topics_and_subscriptions_are_those_of_the_laptop(
    prod: Plan, dev: Plan, prefix: str, environment_name: str
) -> None:
    """Names, topics and dead letters; in whatever grouping."""
    plan = {"prod": prod, "dev": dev}[environment_name]
    pushed = {
        (each["name"], _last(each["topic"]), _dead_letters(each))
        for each in plan.all("google_pubsub_subscription")
        if each["push_config"]
    }

    assert pushed == {
        (
            f"{prefix}{each.name}",
            f"{prefix}{each.topic}",
            f"{prefix}{each.dead_letter_topic}" if each.dead_letter_topic else None,
        )
        for each in subscriptions()
    }
    assert {each["name"] for each in plan.all("google_pubsub_topic")} == {
        f"{prefix}{name}"
        for name in (
            *(event["topic"] for event in CATALOGUE["events"]),
            *(each.topic for each in subscriptions()),
        )
    }


def test_every_push_goes_to_the_service_of_its_handler(prod: Plan, dev: Plan) -> None:
    """`plan-run.run-requested` to plan-run; in the compact grouping everything to one."""
    for each in prod.all("google_pubsub_subscription"):
        for push in each["push_config"]:
            handler = each["name"].partition(".")[0]
            assert push["push_endpoint"] == f"https://troupe-{handler}.a.run.app"
    assert {"https://troupe-dev-all.a.run.app"} == {
        push["push_endpoint"]
        for each in dev.all("google_pubsub_subscription")
        for push in each["push_config"]
    }


def test_tables_are_those_of_the_laptop(harness: LocalHarness, dev: Plan) -> None:
    """With the same columns in the same order."""
    made = {
        name: [column["name"] for column in json.loads(each["schema"])]
        for name, each in dev.of("google_bigquery_table", "table").items()
    }
    own = harness.sql("SELECT table_name, column_name FROM duckdb_columns() ORDER BY column_index")
    laptop: dict[str, list[str]] = {}
    for table, column in own:
        if table in layouts():
            laptop.setdefault(table, []).append(column)

    assert laptop == made


def test_tables_are_laid_out_as_tracking_says(dev: Plan, prod: Plan) -> None:
    """Partitions, clusters, filters and expirations. A source of one's own is not made."""
    for name, layout in layouts().items():
        if layout.written_by == "the user":
            assert name not in prod.of("google_bigquery_table", "table")
        table = dev.of("google_bigquery_table", "table")[name]
        cut = table["time_partitioning"][0] if table["time_partitioning"] else {}
        assert layout.partition == cut.get("field")
        assert list(layout.cluster) == (table["clustering"] or [])
        assert layout.require_partition_filter == bool(table["require_partition_filter"])
        days = layout.expiration_days
        assert (days and days * 86_400_000) == cut.get("expiration_ms")
        assert len(columns_of(name)) == len(json.loads(table["schema"]))


# Allowed what the code reaches


@pytest.mark.parametrize("grouping", ["per-handler", "compact"])
def test_every_grant_of_a_service_follows_from_its_code(
    prod: Plan, dev: Plan, grouping: str
) -> None:
    """No more and no fewer."""
    plan, name = {"per-handler": (prod, "troupe"), "compact": (dev, "troupe-dev")}[grouping]
    found = held(plan)

    for service in CATALOGUE["services"][grouping]:
        account = f"{name}-{service['name']}"
        assert found.pop(account) == needed(service, plan), account
    assert {f"{name}-push"} == set(found)


def held(plan: Plan) -> dict[str, set[tuple[str, str]]]:
    """Account to where and what: role on a topic, table, bucket, dataset or the project."""
    found: dict[str, set[tuple[str, str]]] = {}
    for each in grants(plan).values():
        kind, _, account = each["member"].partition(":")
        if kind == "serviceAccount" and not account.startswith(("service-", "bq-", "stub-")):
            attempt_key = next(
                each[key]
                for key in ("table_id", "dataset_id", "topic", "bucket", "name", "project")
                if isinstance(each.get(key), str)
            )
            if each.get("condition"):
                attempt_key += "/" + each["condition"][0]["title"].removeprefix("below ")
            role = each["role"].rpartition("/")[2]
            found.setdefault(account.partition("@")[0], set()).add((_last(attempt_key), role))
    return found


def needed(service: dict[str, Any], plan: Plan) -> set[tuple[str, str]]:
    """What the catalogue says, in the same words."""
    settings = plan.outputs["settings"]
    prefix = settings["TROUPE_TOPIC_PREFIX"]
    reads, writes = (set(service["tables"][each]) for each in ("reads", "writes"))
    wanted = {(table, "bigquery.dataViewer") for table in reads - writes}
    wanted |= {(table, "bigquery.dataEditor") for table in writes}
    topics = [*service["publishes"], *service["dead_letters_on"]]
    wanted |= {(f"{prefix}{topic}", "pubsub.publisher") for topic in topics}
    wanted |= {(folder, "storage.objectUser") for folder in service["folders"]}
    project = settings["TROUPE_PROJECT"]
    wanted.add((project, "bigquery.jobUser"))
    if service["reads_source"]:
        source = settings["TROUPE_SOURCE_TABLE"].rpartition(".")[2]
        wanted.add((source, "bigquery.dataViewer"))
    if service["stages"]:
        wanted.add((settings["TROUPE_STAGING_DATASET"], "bigquery.dataEditor"))
        wanted.add((settings["TROUPE_BUCKET"], "storage.legacyBucketReader"))
    if service["reads_output"]:
        wanted.add((settings["TROUPE_OUTPUT_BUCKET"], "storage.objectViewer"))
    if service["vertex"]:
        wanted.add((project, "aiplatform.user"))
    if service["shares_transactions"]:
        (role,) = plan.of("google_project_iam_custom_role").values()
        wanted.add((project, role["role_id"]))
    return wanted


def test_people_hold_what_operating_takes(prod: Plan) -> None:
    """Publishing, taking letters, looking at every table, and writing what a discard writes."""
    operator = "group:troupe-operators@example.com"
    roles = Counter(each["role"] for each in grants(prod).values() if each["member"] == operator)

    assert CATALOGUE["operators"]["publishes"]
    assert len(CATALOGUE["operators"]["publishes"]) == roles["roles/pubsub.publisher"]
    assert len(CATALOGUE["operators"]["writes"]) == roles["roles/bigquery.dataEditor"]
    letters = prod.of("google_pubsub_topic", "dead_letter")
    assert len(letters) == roles["roles/pubsub.subscriber"]
    assert 1 == roles["roles/bigquery.dataViewer"]


def test_only_stewards_may_take_rows_away(prod: Plan, dev: Plan) -> None:
    """Nobody unless named; and nothing but the tables, and a look at the files."""
    roles = [
        each["role"]
        for each in grants(prod).values()
        if each["member"] == "group:troupe-stewards@example.com"
    ]

    assert {
        "roles/bigquery.dataEditor",
        "roles/bigquery.jobUser",
        "roles/storage.objectViewer",
    } <= {*roles}
    assert 5 == len(roles)
    assert not dev.of("google_bigquery_dataset_iam_member", "steward")


# Told what the code reads


def test_every_service_is_told_all_that_it_reads(prod: Plan, dev: Plan) -> None:
    """By the very function that the service starts with."""
    told = [
        read_settings(KNOWN | environment(each))
        for plan in (prod, dev)
        for each in services(plan).values()
    ]

    assert [*known_handlers(), "all"] == [each.handler for each in _in_order(told)]
    for each in told:
        assert each.deployment in ("a1b2c3", "dev001")
        assert each.bucket != each.output_bucket


def test_a_setting_of_one_s_own_reaches_every_service_and_replaces_none(full: Plan) -> None:
    """What the deployment itself settles stays as it is."""
    for service in services(full).values():
        told = read_settings(KNOWN | environment(service))
        assert 1800 == told.policy.reclaim_seconds
        assert "my-troupe-dev" == told.project


def test_no_time_budget_outlasts_its_service(plan: Plan) -> None:
    """A push is answered, or its message comes again; the container is not cut down."""
    for service in services(plan).values():
        settings = read_settings(KNOWN | environment(service))
        assert settings.time_budget_seconds <= int(service["template"][0]["timeout"][:-1]) - 60
        assert settings.concurrency == service["template"][0]["max_instance_request_concurrency"]


def test_the_command_reads_its_settings_from_the_outputs(prod: Plan) -> None:
    """`terraform output -json` is all that `troupe --backend gcp` needs."""
    outputs = json.dumps({name: {"value": value} for name, value in prod.outputs.items()})

    settings = read_terraform(outputs, {})

    assert "my-troupe-prod" == settings.project
    assert "my-warehouse.calls.transcription_pass_2" == settings.source.table
    assert settings.subscription("people.dead-letter-plan-run") in (
        prod.outputs["dead_letter_subscriptions"].values()
    )
    assert settings.topic("run-requested") == prod.outputs["topics"]["run-requested"]


def test_output_folders_of_the_code_raise_signals(prod: Plan) -> None:
    """Where the jobs write is what the notification listens to."""
    (told,) = prod.of("google_storage_notification").values()

    assert output_folder(Deployment("acme").attempt("r1", 1, 1), 1).startswith(
        told["object_name_prefix"]
    )


def _dead_letters(subscription: dict[str, Any]) -> str | None:
    policy = subscription["dead_letter_policy"]
    return _last(policy[0]["dead_letter_topic"]) if policy else None


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _in_order(told: list[Any]) -> list[Any]:
    order = [*known_handlers(), "all"]
    return sorted(told, key=lambda each: order.index(each.handler))


def test_the_table_of_an_own_analysis_is_used_as_the_shipped_one(full: Plan, dev: Plan) -> None:
    """The table, its layout and its grants; and the services are told where the folder lies."""
    shipped, own = (
        full.resources[f'google_bigquery_table.table["{name}"]'] for name in (_SHIPPED, "checks")
    )
    given = [a for a in full.resources if a.startswith("google_bigquery_table_iam_member.service")]
    own_grants, grants = ([a for a in given if name in a] for name in ("checks", _SHIPPED))

    assert (own["clustering"], own["time_partitioning"]) == (
        shipped["clustering"], shipped["time_partitioning"],
    )  # fmt: skip
    assert grants
    assert grants == [a.replace("checks", _SHIPPED) for a in own_grants]
    assert "analyses" == full.outputs["settings"]["TROUPE_ANALYSES"]
    assert "TROUPE_ANALYSES" not in dev.outputs["settings"]
