"""Schedules, sinks, metrics, the dashboard, and receivers of notifications."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.terraform.terraform import Plan

from .registry import invariant, services

ALIGNERS = {"ALIGN_MAX", "ALIGN_RATE", "ALIGN_DELTA", "ALIGN_PERCENTILE_50"}
BUCKETS = {
    True: {"linear_buckets": {"offset": 0, "width": 0.01, "num_finite_buckets": 101}},
    False: {"exponential_buckets": {"scale": 1, "growth_factor": 2, "num_finite_buckets": 24}},
}
"""Histogram buckets of rates, in steps of one per cent, and of unbounded values."""


@invariant
def a_log_sink_publishes_a_tick(plan: Plan) -> Iterator[str]:
    for each in plan.of("google_logging_project_sink").values():
        if not each["destination"].endswith("watch-tick"):
            yield f"the sink publishes to {each['destination']}"
        if each["unique_writer_identity"] is not True or "Delete" not in each["filter"]:
            yield "the sink has no identity of its own, or the wrong filter"


@invariant
def the_tick_is_scheduled(plan: Plan) -> Iterator[str]:
    jobs = plan.of("google_cloud_scheduler_job")
    if jobs["tick"]["schedule"] != "*/5 * * * *" or not jobs["tick"]["pubsub_target"]:
        yield "Vertex is not polled every five minutes"
    for name, each in jobs.items():
        (target,) = each["pubsub_target"] or [{"topic_name": "", "data": ""}]
        wanted = "watch-tick" if name == "tick" else "run-requested"
        if not target["topic_name"].endswith(wanted) or not target["data"]:
            yield f"{name} publishes to {target['topic_name']}"
        if not each["time_zone"]:
            yield f"{name} has no time zone"
        if each["attempt_deadline"] is not None:
            yield f"{name} has a deadline, which Google drops for Pub/Sub: every plan would set it"
        if not re.fullmatch(r"[\d*/,-]+( [\d*/,-]+){4}", each["schedule"] or ""):
            yield f"{name} has no valid schedule: {each['schedule']}"
        if each["retry_config"] != [{**dict.fromkeys(each["retry_config"][0]), "retry_count": 3}]:
            yield f"{name} is tried only once"


@invariant
def people_are_told_by_one_service_alone(plan: Plan) -> Iterator[str]:
    """It alone reads the secrets, by name; the log line reaches the channels that were given."""
    variables = {
        "TROUPE_NOTIFY_URL",
        "TROUPE_NOTIFY_SECRET",
        "TROUPE_NOTIFY_FORMAT",
        "TROUPE_NOTIFY_LOG",
    }
    for name, service in services(plan).items():
        (container,) = service["template"][0]["containers"]
        given = [each for each in container["env"] if each["name"] in variables]
        if given and name not in ("notify-run", "all"):
            yield f"{name} has settings of notifications"
        for each in given:
            source = each.get("value_source")
            is_secret = each["name"] in ("TROUPE_NOTIFY_URL", "TROUPE_NOTIFY_SECRET")
            if is_secret and (each.get("value") or not source):
                yield f"{name} shows {each['name']} to everyone who may view it"
            if is_secret and source[0]["secret_key_ref"][0]["version"] != "latest":
                yield f"{name} reads an old version of {each['name']}"
    accounts = {each["secret_id"]: each["member"] for each in _secret_grants(plan)}
    if any("-notify-run" not in member and "-all" not in member for member in accounts.values()):
        yield f"another account reads {sorted(accounts)}"
    if any(each["project"] is None for each in _secret_grants(plan)):
        yield "a secret of another project is read"
    for each in plan.of("google_monitoring_alert_policy", "run_ended").values():
        (matched,) = each["conditions"][0]["condition_matched_log"] or [{}]
        if "run-ended" not in matched.get("filter", "") or not each["notification_channels"]:
            yield "no channel hears that a run is over"
        fields = set(matched.get("label_extractors") or {})
        shown = set(
            re.findall(r"\{log\.extracted_label\.(\w+)\}", each["documentation"][0]["content"])
        )
        if fields != shown:
            yield f"the mail shows {sorted(shown)} of {sorted(fields)}"
        if each["combiner"] != "OR" or not each["alert_strategy"]:
            yield "the alert on a run's end has no rate limit"
        elif each["alert_strategy"][0]["notification_rate_limit"] != [{"period": "300s"}]:
            yield "a run's end is mailed at another rate"
        elif each["alert_strategy"][0]["auto_close"] != "1800s":
            yield "an incident of a run's end stays open"


def _secret_grants(plan: Plan) -> list[dict[str, Any]]:
    return plan.all("google_secret_manager_secret_iam_member")


@invariant
def every_metric_is_complete(plan: Plan) -> Iterator[str]:
    for name, each in plan.of("google_logging_metric").items():
        (descriptor,) = each["metric_descriptor"] or [{}]
        labels = {label["key"] for label in descriptor.get("labels") or []}
        if labels != set(each["label_extractors"] or {}):
            yield f"{name} has labels without values, or values without labels"
        if any(
            not text.startswith("EXTRACT(") for text in (each["label_extractors"] or {}).values()
        ):
            yield f"{name} has a label without an extractor"
        wanted = "DISTRIBUTION" if each["value_extractor"] else "INT64"
        if descriptor.get("metric_kind") != "DELTA" or descriptor.get("value_type") != wanted:
            yield f"{name} has another kind of value"
    for name, each in plan.of("google_logging_metric", "success").items():
        if not each["value_extractor"]:
            yield f"{name} has no value"
        buckets = {k: v[0] for options in each["bucket_options"] for k, v in options.items() if v}
        if buckets != BUCKETS[name.endswith("_rate")]:
            yield f"{name} has the histogram {buckets}"


@invariant
def the_dashboard_is_complete(plan: Plan) -> Iterator[str]:
    (board,) = plan.of("google_monitoring_dashboard").values()
    dashboard = json.loads(board["dashboard_json"])
    if (
        set(dashboard) != {"displayName", "mosaicLayout"}
        or dashboard["mosaicLayout"].get("columns") != 12
    ):
        yield "the dashboard has no mosaic of twelve columns"
    for tile in dashboard["mosaicLayout"]["tiles"]:
        if set(tile) != {"xPos", "yPos", "width", "height", "widget"} or tile["xPos"] % 6:
            yield "a tile has no position"
        (data,) = tile["widget"]["xyChart"]["dataSets"]
        query = data["timeSeriesQuery"]["timeSeriesFilter"]
        if data["plotType"] != "LINE" or set(query) != {"filter", "aggregation"}:
            yield f"{tile['widget']['title']} shows nothing"
        wanted = {"alignmentPeriod", "perSeriesAligner", "crossSeriesReducer", "groupByFields"}
        aggregation = query["aggregation"]
        if set(aggregation) != wanted or aggregation["crossSeriesReducer"] != "REDUCE_MAX":
            yield f"{tile['widget']['title']} has no reducer"
        if (
            aggregation["perSeriesAligner"] not in ALIGNERS
            or aggregation["alignmentPeriod"] != "300s"
        ):
            yield f"{tile['widget']['title']} has no alignment"


@invariant
def a_budget_counts_this_project_alone(plan: Plan) -> Iterator[str]:
    for each in plan.of("google_billing_budget").values():
        (budget_filter,) = each["budget_filter"] or [{"projects": None}]
        if not budget_filter["projects"] or not budget_filter["projects"][0].startswith(
            "projects/"
        ):
            yield "the budget counts every project of the account"
        if [rule["threshold_percent"] for rule in each["threshold_rules"]] != [0.5, 0.9, 1.0]:
            yield "no mail is sent before the budget is spent"
        if (
            not each["all_updates_rule"]
            or each["all_updates_rule"][0]["disable_default_iam_recipients"] is not False
        ):
            yield "the account's administrators get no mail"


@invariant
def an_objective_is_cut_at_a_bound_of_a_bucket(plan: Plan) -> Iterator[str]:
    """Then the share of good values is exact, and not an estimate within a bucket."""
    metrics = {
        each["name"]: each for each in plan.of("google_logging_metric", "objective").values()
    }
    for name, each in plan.of("google_monitoring_slo").items():
        ((cut,),) = (sli["distribution_cut"] for sli in each["request_based_sli"])
        (metric,) = (
            m for full, m in metrics.items() if f'/user/{full}"' in cut["distribution_filter"]
        )
        (buckets,) = metric["bucket_options"][0]["linear_buckets"]
        (bounds,) = ([b for b in (r["min"], r["max"]) if b is not None] for r in cut["range"])
        steps = [bound / buckets["width"] for bound in bounds]
        if len(steps) != 1 or abs(steps[0] - round(steps[0])) > 1e-9 or steps[0] > 101:
            yield f"{name} is cut at {bounds}, between two bounds of {buckets}"
        if (buckets["offset"], buckets["num_finite_buckets"]) != (0, 101):
            yield f"{name} is measured in {buckets}"
        if each["rolling_period_days"] != 28 or not 0.9 < each["goal"] < 1:
            yield f"{name} has the goal {each['goal']} over {each['rolling_period_days']} days"
