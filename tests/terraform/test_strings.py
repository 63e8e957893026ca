"""Strings that no provider schema checks: filters, dashboards, table schemas, views, links."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from handlers.summary.run_summary import Metrics
from tests.files import files_in
from tests.harness import LocalHarness, calls
from tracking.tables import layouts
from troupe.backends.local.sql_translation import translate
from troupe.deployment.topology import subscriptions

from .terraform import Plan

REPO = Path(__file__).parents[2]
VIEWS = [file.stem for file in files_in(REPO / "tracking" / "views", "*.sql")]

# Filters

_TEXT = r'"(?:[^"\\]|\\.)*"'
_ONE = rf"(?:starts_with|monitoring\.regex\.full_match)\({_TEXT}\)"
_CALL = rf"(?:one_of\({_TEXT}(?:, {_TEXT})*\)|{_ONE})"
_PATH = r"[a-zA-Z]+(?:\.[a-zA-Z_]+)*"
MONITORING = re.compile(rf"{_PATH}=(?:{_TEXT}|{_CALL})")
LOGGING = re.compile(rf"{_PATH}(?:=~|>=|>|=)(?:{_TEXT}|\d+(?:\.\d+)?)")
KNOWN_METRICS = {
    "pubsub.googleapis.com/subscription/num_undelivered_messages",
    "pubsub.googleapis.com/subscription/oldest_unacked_message_age",
    "pubsub.googleapis.com/subscription/push_request_count",
    "run.googleapis.com/request_count",
}
LONGEST_FILTER = 2048
"""Characters of a monitoring filter (documented)."""


def clauses(filter_: str, grammar: re.Pattern[str]) -> list[str]:
    """Return each comparison. Raises `AssertionError` for one that the grammar does not have."""
    comparisons = re.split(r"\s+AND\s+", filter_.strip())
    for each in comparisons:
        assert grammar.fullmatch(each), f"no comparison: {each}"
    return comparisons


def filters(plan: Plan) -> dict[str, str]:
    """Return the filter of each alert that has one; those of objectives name an objective."""
    return {
        name: condition["filter"]
        for name, policy in plan.of("google_monitoring_alert_policy", "alert").items()
        for one in policy["conditions"]
        for condition in (*one["condition_threshold"], *one["condition_absent"])
    }


def metrics_of(plan: Plan) -> set[str]:
    own = plan.all("google_logging_metric")
    return KNOWN_METRICS | {f"logging.googleapis.com/user/{each['name']}" for each in own}


def check_monitoring(filter_: str, plan: Plan) -> None:
    fields = dict(each.split("=", 1) for each in clauses(filter_, MONITORING))
    assert len(filter_) <= LONGEST_FILTER
    assert {"resource.type", "metric.type"} <= set(fields)
    assert fields["metric.type"].strip('"') in metrics_of(plan)
    for call in re.findall(r"(?:one_of|starts_with|full_match)\((.*?)\)$", filter_):
        check_names(call, filter_, plan)


def check_names(inside: str, filter_: str, plan: Plan) -> None:
    """Check that a filter matches a name: one that matches nothing never opens its alert."""
    names = {each["name"] for each in plan.all("google_pubsub_subscription")}
    names |= {each["name"] for each in plan.all("google_cloud_run_v2_service")}
    for text in re.findall(_TEXT, inside):
        wanted = json.loads(text)
        if "full_match" in filter_:
            assert any(re.fullmatch(wanted, name) for name in names), wanted
        elif "starts_with" in filter_:
            assert any(name.startswith(wanted) for name in names), wanted
        else:
            assert wanted in names


@pytest.mark.parametrize("environment", ["prod", "dev"])
def test_every_alert_filters_existing_metrics_and_names(
    prod: Plan, dev: Plan, environment: str
) -> None:
    """Names of subscriptions and services are those of the plan."""
    plan = {"prod": prod, "dev": dev}[environment]

    assert len(filters(plan)) >= 11
    for filter_ in filters(plan).values():
        check_monitoring(filter_, plan)


def test_the_oldest_event_is_measured_in_every_subscription(prod: Plan) -> None:
    """Signals and dead letters have their own alerts."""
    filter_ = filters(prod)["oldest-unacknowledged"]

    assert {each.name for each in subscriptions() if each.dead_letter_topic} == {
        json.loads(text) for text in re.findall(_TEXT, filter_.partition("one_of")[2])
    }


def test_every_chart_of_the_dashboard_filters_existing_metrics(prod: Plan) -> None:
    """Tiles do not overlap, and each shows a known metric."""
    (board,) = prod.of("google_monitoring_dashboard").values()
    tiles = json.loads(board["dashboard_json"])["mosaicLayout"]["tiles"]
    taken = [
        (x, y)
        for tile in tiles
        for x in range(tile["xPos"], tile["xPos"] + tile["width"])
        for y in range(tile["yPos"], tile["yPos"] + tile["height"])
    ]

    assert len(tiles) >= 10
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 12
    for tile in tiles:
        assert tile["widget"]["title"]
        (data,) = tile["widget"]["xyChart"]["dataSets"]
        check_monitoring(data["timeSeriesQuery"]["timeSeriesFilter"]["filter"], prod)


def test_every_metric_counts_log_lines_that_the_code_writes(prod: Plan) -> None:
    """By the name of the line and its fields."""
    code = "\n".join(f.read_text(encoding="utf-8") for f in files_in(REPO / "handlers", "**/*.py"))
    metrics = prod.all("google_logging_metric")

    assert len(metrics) >= 3
    for metric in metrics:
        comparisons = clauses(metric["filter"], LOGGING)
        (event,) = (
            re.findall(r'jsonPayload\.message="(.*)"', each)
            for each in comparisons
            if "message" in each
        )
        assert f'"{event[0]}"' in code, f"no line of the code is named {event[0]}"
        extracted = [metric["value_extractor"], *(metric["label_extractors"] or {}).values()]
        for field in re.findall(r"jsonPayload\.(\w+)", " ".join(filter(None, extracted))):
            is_logged = f'"{field}"' in code or field in Metrics.__struct_fields__
            assert is_logged, f"no line of the code has {field}"
        (service,) = re.findall(r'service_name=~"(.*?)"', metric["filter"])
        names = [each["name"] for each in prod.all("google_cloud_run_v2_service")]
        assert all(re.search(json.loads(f'"{service}"'), name) for name in names)


def test_the_log_sink_filters_cancel_and_delete_calls(full: Plan) -> None:
    """Vertex logs these calls; no log reports that a job ended."""
    (sink,) = full.all("google_logging_project_sink")

    comparisons = clauses(sink["filter"], LOGGING)

    assert 'protoPayload.serviceName="aiplatform.googleapis.com"' in comparisons
    assert re.search(json.loads(comparisons[1].partition("=~")[2].replace("\\", "\\\\")),
                     "google.cloud.aiplatform.v1.JobService.CancelBatchPredictionJob")  # fmt: skip


def test_the_success_metrics_are_those_of_the_report(prod: Plan) -> None:
    """All five of them."""
    named = Metrics.__struct_fields__
    own = set(prod.of("google_logging_metric", "success"))

    assert 5 == len(own)
    assert own <= set(named)


# The runbook


def anchors(document: str) -> set[str]:
    text = (REPO / "docs" / document).read_text(encoding="utf-8")
    return {
        re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", text, re.M)
    }


def test_every_alert_has_its_section_in_the_runbook(prod: Plan) -> None:
    """Every section of an alert has its alert, too."""
    linked = {
        policy["documentation"][0]["content"].partition("#")[2]
        for policy in prod.all("google_monitoring_alert_policy")
    }
    (budget,) = prod.all("google_billing_budget")
    linked.add(budget["display_name"].partition("#")[2])

    assert linked <= anchors("runbook.md")
    text = (REPO / "docs" / "runbook.md").read_text(encoding="utf-8")
    assert linked == set(re.findall(r"^### ([a-z-]+)$", text, re.M))


# Tables and views

_KINDS = {"STRING", "INTEGER", "FLOAT", "BOOLEAN", "TIMESTAMP", "DATE", "RECORD"}


@pytest.mark.parametrize("table", sorted(layouts()))
def test_bigquery_accepts_a_table_schema(table: str) -> None:
    """Known keys, types and modes, unique names, and no defaults, which a load job ignores."""
    text = (REPO / "tracking" / "schemas" / f"{table}.json").read_text(encoding="utf-8")

    check_columns(json.loads(text))


def check_columns(columns: list[dict[str, Any]]) -> None:
    names = [column["name"].lower() for column in columns]
    assert len(names) == len(set(names))
    for column in columns:
        assert {"name", "type", "mode", "description"} <= set(column) <= {
            "name", "type", "mode", "description", "fields"
        }  # fmt: skip
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,299}", column["name"])
        assert column["type"] in _KINDS
        assert column["mode"] in ("NULLABLE", "REQUIRED", "REPEATED")
        assert column["description"]
        assert ("fields" in column) == (column["type"] == "RECORD")
        check_columns(column.get("fields", []))


def test_the_client_of_bigquery_reads_every_schema() -> None:
    """Skipped where the client is not installed."""
    bigquery = pytest.importorskip("google.cloud.bigquery", reason="the extra gcp is not installed")
    assert len(layouts()) > 10
    for table in layouts():
        columns = json.loads((REPO / "tracking" / "schemas" / f"{table}.json").read_text("utf-8"))
        read = [bigquery.SchemaField.from_api_repr(column) for column in columns]
        assert [column["name"] for column in columns] == [field.name for field in read]


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_names_tables_of_the_dataset_alone(prod: Plan, view: str) -> None:
    """In BigQuery's dialect, each with its project."""
    (definition,) = prod.of("google_bigquery_table", "view")[view]["view"]
    parsed = sqlglot.parse_one(definition["query"], read="bigquery")
    within = {each.alias for each in parsed.find_all(exp.CTE)}
    tables = [each for each in parsed.find_all(exp.Table) if each.name not in within]

    assert definition["use_legacy_sql"] is False
    assert not list(parsed.find_all(exp.Parameter))
    for table in tables:
        assert ("my-troupe-prod", "troupe") == (table.catalog, table.db)
        assert table.name in layouts()


def _ran_with_a_dead_letter(harness: LocalHarness) -> None:
    harness.load(calls(3))
    harness.complete()
    harness.backend.bus.send("batch-planned", b"no event", {})
    harness.play()


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_has_rows_on_the_local_backend(harness: LocalHarness, view: str) -> None:
    """After a run and an unreadable message."""
    harness.begin_after(_ran_with_a_dead_letter)
    text = (REPO / "tracking" / "views" / f"{view}.sql").read_text(encoding="utf-8")

    ((statement),) = translate(text.replace("{dataset}", ""))
    rows = harness.backend.warehouse.query(text.replace("{dataset}", ""), {})

    assert statement.parameters <= {"now"}
    assert rows
