"""The planned deployment has the topology of the code and exactly the grants of the catalogue."""

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from events import EVENTS, Command, Deployment, topic_of
from events.ids import output_folder
from tests.harness import LocalHarness
from tests.imports import REPO
from tracking.tables import columns_of, layouts
from troupe.backends.gcp.settings import known_handlers, read_settings, read_terraform
from troupe.deployment.topology import subscriptions

from .invariants import INVARIANTS, Invariant, environment, grants, services
from .terraform import Plan, Terraform

CATALOGUE = json.loads((REPO / "infra" / "catalogue.json").read_text(encoding="utf-8"))
"""As the code has it, which tests/test_packages.py compares."""
_SHIPPED = "transcription_analyzed_transcripts"
KNOWN = {"PORT": "8080"}


@pytest.fixture(params=["prod", "dev", "full"])
def plan(request: pytest.FixtureRequest, planned: Callable[[str], Plan]) -> Plan:
    return planned(request.param)


@pytest.mark.parametrize("check", INVARIANTS, ids=lambda each: each.__name__)
def test_an_invariant_holds(plan: Plan, check: Invariant) -> None:
    """For both environments, and with every option set."""
    assert [] == list(check(plan))


def test_figures_of_the_plans(
    prod: Plan, dev: Plan, full: Plan, record_property: Callable[[str, object], None]
) -> None:
    """The sizes are printed, so that a change is visible."""
    for name, plan in (("prod", prod), ("dev", dev), ("full", full)):
        kinds = Counter(address.partition(".")[0] for address in plan.resources)
        most = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common(4))
        text = f"terraform plan {name}: {len(plan.resources)} resources ({most})"
        record_property("figure", f"{text}, {len(INVARIANTS)} invariants")
        assert 0 < kinds["google_pubsub_subscription"]


def test_both_provider_versions_plan_the_same(tf: Terraform, prod: Plan) -> None:
    """The same resources; their known attributes may differ."""
    assert set(prod.resources) == set(tf.plan("prod").resources)


# The topology of the local backend


@pytest.mark.parametrize(("prefix", "environment_name"), [("", "prod"), ("dev-", "dev")])
def test_topics_and_subscriptions_are_those_of_the_local_backend(
    prod: Plan, dev: Plan, prefix: str, environment_name: str
) -> None:
    """Names, topics and dead letters, in both groupings."""
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
    """`plan-run.run-requested` to plan-run; in the compact grouping all pushes to one service."""
    for each in prod.all("google_pubsub_subscription"):
        for push in each["push_config"]:
            handler = each["name"].partition(".")[0]
            assert push["push_endpoint"] == f"https://troupe-{handler}.a.run.app"
    assert {"https://troupe-dev-all.a.run.app"} == {
        push["push_endpoint"]
        for each in dev.all("google_pubsub_subscription")
        for push in each["push_config"]
    }


def test_tables_are_those_of_the_local_backend(harness: LocalHarness, dev: Plan) -> None:
    """With the same columns in the same order."""
    planned = {
        name: [column["name"] for column in json.loads(each["schema"])]
        for name, each in dev.of("google_bigquery_table", "table").items()
    }
    columns = harness.sql(
        "SELECT table_name, column_name FROM duckdb_columns() ORDER BY column_index"
    )
    local: dict[str, list[str]] = {}
    for table, column in columns:
        if table in layouts():
            local.setdefault(table, []).append(column)

    assert local == planned


def test_tables_have_the_layout_of_tracking(dev: Plan, prod: Plan) -> None:
    """Partitions, clusters, filters and expirations. An existing source table is not created."""
    assert len(layouts()) > 10
    for name, layout in layouts().items():
        if layout.written_by == "the user":
            assert name not in prod.of("google_bigquery_table", "table")
        table = dev.of("google_bigquery_table", "table")[name]
        partition = table["time_partitioning"][0] if table["time_partitioning"] else {}
        assert layout.partition == partition.get("field")
        assert list(layout.cluster) == (table["clustering"] or [])
        assert layout.require_partition_filter == bool(table["require_partition_filter"])
        days = layout.expiration_days
        assert (days and days * 86_400_000) == partition.get("expiration_ms")
        assert len(columns_of(name)) == len(json.loads(table["schema"]))


# Grants


@pytest.mark.parametrize("grouping", ["per-handler", "compact"])
def test_grants_of_a_service_are_those_of_the_catalogue(
    prod: Plan, dev: Plan, grouping: str
) -> None:
    """No more and no fewer."""
    plan, name = {"per-handler": (prod, "troupe"), "compact": (dev, "troupe-dev")}[grouping]
    granted = held(plan)

    for service in CATALOGUE["services"][grouping]:
        account = f"{name}-{service['name']}"
        assert granted.pop(account) == needed(service, plan), account
    assert {f"{name}-push"} == set(granted)


def held(plan: Plan) -> dict[str, set[tuple[str, str]]]:
    """Return the resource and role of each grant, by service account."""
    by_account: dict[str, set[tuple[str, str]]] = {}
    for each in grants(plan).values():
        kind, _, account = each["member"].partition(":")
        if kind == "serviceAccount" and not account.startswith(("service-", "bq-", "stub-")):
            resource = next(
                each[key]
                for key in ("table_id", "dataset_id", "topic", "bucket", "name", "project")
                if isinstance(each.get(key), str)
            )
            if each.get("condition"):
                resource += "/" + each["condition"][0]["title"].removeprefix("below ")
            role = each["role"].rpartition("/")[2]
            by_account.setdefault(account.partition("@")[0], set()).add((_last(resource), role))
    return by_account


def needed(service: dict[str, Any], plan: Plan) -> set[tuple[str, str]]:
    """Return the grants that the catalogue demands, in the form of `held`."""
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


def grants_of(plan: Plan, member: str) -> Counter[tuple[str, str]]:
    """Role and resource of each grant of one member."""
    return Counter(
        (each["role"], str(each.get("topic") or each.get("table_id") or each.get("bucket") or ""))
        for each in grants(plan).values()
        if each["member"] == member
    )


def test_operators_publish_commands_and_read_tables_and_nothing_else(prod: Plan) -> None:
    """No table is theirs to write, and no topic of an event, a signal or a dead letter."""
    given = grants_of(prod, "group:troupe-operators@example.com")

    (viewer,) = prod.of("google_project_iam_custom_role").values()
    topics = {
        prod.outputs["topics"][topic_of(kind)] for kind in EVENTS if issubclass(kind, Command)
    }
    assert topics == {topic for role, topic in given if role == "roles/pubsub.publisher"}
    assert {"roles/pubsub.publisher", "roles/bigquery.dataViewer", "roles/bigquery.jobUser"} == {
        role for role, _ in given if viewer["role_id"] not in role
    }


def test_the_console_has_the_rights_of_operators(full: Plan, prod: Plan) -> None:
    """No more: it acts for those whom Identity-Aware Proxy lets in. By default there is none."""
    (account,) = full.of("google_service_account", "console").values()

    assert grants_of(full, account["member"])
    assert grants_of(full, "group:troupe-operators@example.com") == grants_of(
        full, account["member"]
    )
    assert "https://troupe-dev-console-123456789012.europe-west4.run.app" == full.outputs["console"]
    assert not any("console" in address for address in prod.resources)


def test_stewards_write_the_tables_that_they_delete_from_and_no_topic(
    prod: Plan, dev: Plan
) -> None:
    """Only if they are named; they read files, to list what is left of a person."""
    given = grants_of(prod, "group:troupe-stewards@example.com")

    written = {table for role, table in given if role == "roles/bigquery.dataEditor"}
    assert {*CATALOGUE["stewards"]["writes"]} <= written
    assert not written & {"events", "deliveries", "dead_letters", "claims", "attempt_closings"}
    assert "roles/storage.objectViewer" in {role for role, _ in given}
    assert "roles/pubsub.publisher" not in {role for role, _ in given}
    assert not any("stewards" in each["member"] for each in grants(dev).values())


def test_labellers_write_labels_alone_and_read_the_other_tables(prod: Plan, dev: Plan) -> None:
    """They publish nothing, and read no file: a label is a row and names its record by an id."""
    given = grants_of(prod, "group:troupe-labellers@example.com")

    (viewer,) = prod.of("google_project_iam_custom_role").values()
    written = {table for role, table in given if role == "roles/bigquery.dataEditor"}
    assert {"golden_labels"} <= written == {*CATALOGUE["labellers"]["writes"]}
    assert {"roles/bigquery.dataEditor", "roles/bigquery.dataViewer", "roles/bigquery.jobUser"} == {
        role for role, _ in given if viewer["role_id"] not in role
    }
    assert not any("labellers" in each["member"] for each in grants(dev).values())


# Settings


def test_every_service_gets_all_settings_that_it_reads(prod: Plan, dev: Plan) -> None:
    """Read by the function with which the service starts."""
    settings = [
        read_settings(KNOWN | environment(each))
        for plan in (prod, dev)
        for each in services(plan).values()
    ]

    assert [*known_handlers(), "all"] == [each.handler for each in _in_order(settings)]
    for each in settings:
        assert each.deployment in ("a1b2c3", "dev001")
        assert each.bucket != each.output_bucket


def test_a_further_variable_reaches_every_service_and_replaces_none(full: Plan) -> None:
    """Variables of the deployment itself take precedence."""
    assert services(full)
    for service in services(full).values():
        settings = read_settings(KNOWN | environment(service))
        assert 1800 == settings.policy.reclaim_seconds
        assert "my-troupe-dev" == settings.project


def test_a_time_budget_is_below_the_timeout_of_its_service(plan: Plan) -> None:
    """So the service answers before Cloud Run ends the request."""
    assert services(plan)
    for service in services(plan).values():
        settings = read_settings(KNOWN | environment(service))
        assert settings.time_budget_seconds <= int(service["template"][0]["timeout"][:-1]) - 60
        assert settings.concurrency == service["template"][0]["max_instance_request_concurrency"]


def test_the_command_reads_its_settings_from_the_outputs(prod: Plan) -> None:
    """`troupe --backend gcp` needs only `terraform output -json`."""
    outputs = json.dumps({name: {"value": value} for name, value in prod.outputs.items()})

    settings = read_terraform(outputs, {})

    assert "my-troupe-prod" == settings.project
    assert "my-warehouse.calls.transcription_pass_2" == settings.source.table
    assert settings.topic("run-requested") == prod.outputs["topics"]["run-requested"]


def test_output_folders_of_the_code_send_notifications(prod: Plan) -> None:
    """The notification covers the folder into which jobs write."""
    (notification,) = prod.of("google_storage_notification").values()
    folder = output_folder(Deployment("acme").attempt("r1", 1, 1), 1)

    assert folder.startswith(notification["object_name_prefix"])


def _dead_letters(subscription: dict[str, Any]) -> str | None:
    policy = subscription["dead_letter_policy"]
    return _last(policy[0]["dead_letter_topic"]) if policy else None


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _in_order(settings: list[Any]) -> list[Any]:
    order = [*known_handlers(), "all"]
    return sorted(settings, key=lambda each: order.index(each.handler))


def test_the_table_of_a_custom_analysis_is_like_the_shipped_one(full: Plan, dev: Plan) -> None:
    """Layout and grants are equal, and the services know the folder of analyses."""
    shipped, own = (
        full.resources[f'google_bigquery_table.table["{name}"]'] for name in (_SHIPPED, "checks")
    )
    addresses = [a for a in grants(full) if a.startswith("google_bigquery_table_iam_binding.")]
    own_grants, shipped_grants = (
        [a for a in addresses if name in a] for name in ("checks", _SHIPPED)
    )

    assert (own["clustering"], own["time_partitioning"]) == (
        shipped["clustering"], shipped["time_partitioning"],
    )  # fmt: skip
    assert shipped_grants
    assert set(shipped_grants) == {a.replace("checks", _SHIPPED) for a in own_grants}
    assert "analyses" == full.outputs["settings"]["TROUPE_ANALYSES"]
    assert "TROUPE_ANALYSES" not in dev.outputs["settings"]


def test_the_shares_of_a_custom_analysis_are_in_the_view_beside_the_shipped_one(
    full: Plan, dev: Plan
) -> None:
    """Every table has its dataset; without a further file the view has one part."""
    both, one = (
        plan.of("google_bigquery_table", "view")["answers_daily"]["view"][0]["query"]
        for plan in (full, dev)
    )
    parsed = sqlglot.parse_one(both, read="bigquery")

    assert isinstance(parsed, exp.Union)
    assert 2 * one.count("AS of_records") == both.count("AS of_records") == 2
    assert "{dataset}" not in both
    assert {"troupe_dev"} == {table.db for table in parsed.find_all(exp.Table)}


def test_the_alert_of_a_moved_share_names_analysis_column_and_value(prod: Plan) -> None:
    """By the labels of its metric, which holds nothing else."""
    alert = prod.of("google_monitoring_alert_policy", "alert")["moved-share"]
    (metric,) = prod.of("google_logging_metric", "moved_shares").values()

    labels = {each["key"] for each in metric["metric_descriptor"][0]["labels"]}
    assert {"analysis", "column", "value"} == labels == metric["label_extractors"].keys()
    named = re.findall(r"\$\{metric\.label\.(\w+)\}", alert["documentation"][0]["content"])
    assert labels == set(named)
