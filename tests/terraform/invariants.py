"""Invariants of every plan. Each one yields a sentence for each violation."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tracking.tables import OUTPUT, layouts

from .terraform import Plan

Invariant = Callable[[Plan], Iterator[str]]
Catalogue = dict[str, Any]

INVARIANTS: list[Invariant] = []
"""Every invariant, in the order of this file."""

PUSH = ("event", "signal", "dead_letter")
ROLES = {
    "roles/aiplatform.user",
    "roles/bigquery.dataEditor",
    "roles/bigquery.dataViewer",
    "roles/bigquery.jobUser",
    "roles/cloudkms.cryptoKeyEncrypterDecrypter",
    "roles/pubsub.publisher",
    "roles/pubsub.subscriber",
    "roles/run.invoker",
    "roles/storage.legacyBucketReader",
    "roles/storage.objectUser",
    "roles/storage.objectViewer",
}
"""Every role that is granted. Add a new one on purpose only."""
ON_THE_PROJECT = {"roles/aiplatform.user", "roles/bigquery.jobUser"}
"""Roles that cannot be granted on a narrower resource."""
ALIGNERS = {"ALIGN_MAX", "ALIGN_RATE", "ALIGN_DELTA", "ALIGN_PERCENTILE_50"}
BUCKETS = {
    True: {"linear_buckets": {"offset": 0, "width": 0.01, "num_finite_buckets": 101}},
    False: {"exponential_buckets": {"scale": 1, "growth_factor": 2, "num_finite_buckets": 24}},
}
"""Histogram buckets of rates, in steps of one per cent, and of unbounded values."""
TEN_MINUTES, LONGEST = "600s", "2678400s"


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
    return plan.of("google_cloud_run_v2_service")


def grants(plan: Plan) -> dict[str, dict[str, Any]]:
    return {where: what for where, what in plan.resources.items() if "_iam_member." in where}


def environment(service: dict[str, Any]) -> dict[str, str]:
    (container,) = service["template"][0]["containers"]
    return {each["name"]: each["value"] for each in container["env"]}


# Messages


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
    publishes = plan.of("google_pubsub_topic_iam_member", "dead_letter_publisher").values()
    acknowledges = plan.of(
        "google_pubsub_subscription_iam_member", "dead_letter_subscriber"
    ).values()
    letters = {each["id"] for each in plan.of("google_pubsub_topic", "dead_letter").values()}
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


# Services


@invariant
def every_service_has_its_own_account_and_is_private(plan: Plan) -> Iterator[str]:
    accounts = [each["template"][0]["service_account"] for each in services(plan).values()]
    own = {each["email"] for each in plan.of("google_service_account", "service").values()}
    if set(accounts) != own or len(set(accounts)) != len(accounts):
        yield "services share accounts"
    for name, each in services(plan).items():
        (container,) = each["template"][0]["containers"]
        if not re.search(r"@sha256:[0-9a-f]{64}$", container["image"]):
            yield f"the image of {name} is not pinned"
        if each["ingress"] != "INGRESS_TRAFFIC_INTERNAL_ONLY":
            yield f"{name} is reachable from the internet"
        (resources,), (scaling,) = container["resources"], each["template"][0]["scaling"]
        if resources["cpu_idle"] is not True or scaling["min_instance_count"] != 0:
            yield f"{name} costs money while idle"
        if resources["startup_cpu_boost"] is not True or resources["limits"]["cpu"] != "1":
            yield f"{name} starts slowly"
        if not 1 <= (scaling["max_instance_count"] or 0) <= 100:
            yield f"{name} may grow to {scaling['max_instance_count']} instances"


@invariant
def every_service_gets_its_settings(plan: Plan) -> Iterator[str]:
    for name, each in services(plan).items():
        variables, (template,) = environment(each), each["template"]
        if variables.get("TROUPE_HANDLER") != name or not each["name"].endswith(f"-{name}"):
            yield f"{name} runs {variables.get('TROUPE_HANDLER')}"
        if variables.get("TROUPE_CONCURRENCY") != str(template["max_instance_request_concurrency"]):
            yield f"{name} receives more requests at once than it handles"
        if set(plan.outputs["settings"].items()) - set(variables.items()):
            yield f"{name} lacks settings that the command has"


@invariant
def a_service_that_does_not_start_is_stopped(plan: Plan) -> Iterator[str]:
    for name, each in services(plan).items():
        (probe,) = each["template"][0]["containers"][0]["startup_probe"]
        if probe["http_get"][0]["path"] != "/healthz":
            yield f"{name} has no startup probe"
        if not 60 <= (probe["period_seconds"] or 10) * (probe["failure_threshold"] or 3) <= 240:
            yield f"{name} has too little or too much time to start"


@invariant
def deletion_protection_is_the_same_everywhere(plan: Plan) -> Iterator[str]:
    kinds = ("google_pubsub_topic", "google_pubsub_subscription", "google_storage_bucket")
    policies = {each["deletion_policy"] for kind in kinds for each in plan.all(kind)}
    if len(policies) != 1 or policies - {"PREVENT", "DELETE"}:
        yield f"different deletion policies: {policies}"
    protected = policies == {"PREVENT"}
    for name, each in plan.of("google_bigquery_table", "table").items():
        if each["deletion_protection"] is not protected:
            yield f"table {name} has another deletion protection than the topics"
    for name, each in services(plan).items():
        if each["deletion_protection"] is not protected:
            yield f"service {name} has another deletion protection than the topics"
    for each in plan.of("google_storage_bucket").values():
        if each["force_destroy"] is protected:
            yield "a bucket has another deletion protection than the topics"


@invariant
def only_pushes_reach_a_service(plan: Plan) -> Iterator[str]:
    invokers = plan.of("google_cloud_run_v2_service_iam_member")
    if {each["name"] for each in invokers.values()} != {s["name"] for s in services(plan).values()}:
        yield "pushes do not reach every service"
    for each in invokers.values():
        if "-push@" not in each["member"] or each["role"] != "roles/run.invoker":
            yield f"{each['member']} may call {each['name']} as {each['role']}"


# Permissions


@invariant
def no_permission_is_broad_or_public(plan: Plan) -> Iterator[str]:
    custom = {each["name"] for each in plan.of("google_project_iam_custom_role").values()}
    for where, each in grants(plan).items():
        if each["role"] not in ROLES | custom:
            yield f"{where} grants {each['role']}"
        if where.startswith("google_project_") and each["role"] not in ON_THE_PROJECT | custom:
            yield f"{where} grants {each['role']} on the whole project"
        if str(each["member"]).startswith("all"):
            yield f"{where} is public"
    for each in plan.of("google_project_iam_custom_role").values():
        if set(each["permissions"]) != {"bigquery.jobs.get"}:
            yield f"the custom role holds {sorted(each['permissions'])}"
    authoritative = [a for a in plan.resources if "_iam_binding." in a or "_iam_policy." in a]
    if authoritative:
        yield f"{authoritative} would remove permissions of others"


@invariant
def nothing_belongs_to_the_whole_project(plan: Plan) -> Iterator[str]:
    """A destroy would remove it for every deployment in the project: it belongs to the bootstrap."""
    for kind in ("google_project_service", "google_project_service_identity"):
        for name in plan.of(kind):
            yield f"{kind} {name} would be destroyed with this deployment"
    for name, each in plan.of("google_project_iam_member").items():
        if "@gcp-sa-" in each["member"]:
            yield f"{name}: the role of {each['member']} would be destroyed with this deployment"


# Data


@invariant
def buckets_are_private_and_delete_their_objects(plan: Plan) -> Iterator[str]:
    for name, each in plan.of("google_storage_bucket").items():
        if (
            each["public_access_prevention"] != "enforced"
            or not each["uniform_bucket_level_access"]
        ):
            yield f"bucket {name} could be made public"
        ages = {
            prefix: rule["condition"][0]["age"]
            for rule in each["lifecycle_rule"]
            for prefix in rule["condition"][0]["matches_prefix"] or [""]
            if rule["action"][0]["type"] == "Delete"
        }
        if not ages or any(not prefix.endswith("/") for prefix in ages):
            yield f"bucket {name} never deletes its objects"
        if each["soft_delete_policy"] != [{"retention_duration_seconds": 0}]:
            yield f"bucket {name} keeps deleted objects"
        if not any(
            rule["action"][0]["type"] == "AbortIncompleteMultipartUpload"
            and rule["condition"][0]["age"] == 1
            for rule in each["lifecycle_rule"]
        ):
            yield f"bucket {name} keeps incomplete uploads"


@invariant
def only_vertex_output_sends_notifications(plan: Plan) -> Iterator[str]:
    (notification,) = plan.of("google_storage_notification").values()
    buckets = plan.of("google_storage_bucket")
    if (
        notification["bucket"] != buckets["output"]["name"]
        or notification["object_name_prefix"] != "output/"
    ):
        yield f"{notification['bucket']}/{notification['object_name_prefix']} sends notifications"
    if (
        notification["event_types"] != ["OBJECT_FINALIZE"]
        or notification["payload_format"] != "JSON_API_V1"
    ):
        yield "the notification is not of finished objects"
    writers = plan.of("google_storage_bucket_iam_member", "folder_writer").values()
    below = [re.findall(r"/objects/(\w+)/", str(each["condition"])) for each in writers]
    if sorted(below) != [["requests"], ["staging"]]:
        yield f"services write below {below}"
    if any(each["bucket"] != buckets["work"]["name"] for each in writers):
        yield "a service writes into the bucket of Vertex's output"


@invariant
def vertex_may_read_requests_and_write_output(plan: Plan) -> Iterator[str]:
    held = {
        (each["bucket"].rsplit("-", 1)[-1], each["role"].rpartition(".")[2])
        for each in plan.of("google_storage_bucket_iam_member", "vertex").values()
    }
    need = {("work", "legacyBucketReader"), ("output", "legacyBucketReader"),
            ("work", "objectViewer"), ("output", "objectUser")}  # fmt: skip
    if held != need:
        yield f"Vertex's agent holds {sorted(held)}"


@invariant
def staging_expires(plan: Plan) -> Iterator[str]:
    datasets = plan.of("google_bigquery_dataset")
    if datasets["staging"]["default_table_expiration_ms"] != 86_400_000:
        yield "staging tables do not expire"
    if datasets["staging"]["delete_contents_on_destroy"] is not True:
        yield "staging tables block a destroy"
    if datasets["troupe"]["default_table_expiration_ms"] is not None:
        yield "the tables of the deployment expire"


@invariant
def tables_are_partitioned_by_day(plan: Plan) -> Iterator[str]:
    for name, each in plan.of("google_bigquery_table", "table").items():
        columns = {column["name"]: column["type"] for column in json.loads(each["schema"])}
        for partition in each["time_partitioning"]:
            if partition["type"] != "DAY" or columns.get(partition["field"]) not in (
                "DATE",
                "TIMESTAMP",
            ):
                yield f"{name} is not partitioned by day"
        if not each["time_partitioning"] and (
            each["clustering"] or each["require_partition_filter"] or len(columns) > 5
        ):
            yield f"{name} is not partitioned"
        layout = layouts().get(
            name, layouts()[OUTPUT]
        )  # tables of custom analyses have the layout of the shipped one
        if bool(each["require_partition_filter"]) != layout.require_partition_filter:
            yield f"{name} has another requirement of a partition filter than its layout"
        if set(each["clustering"] or []) - set(columns):
            yield f"{name} is clustered by a column that it does not have"


@invariant
def views_may_be_replaced(plan: Plan) -> Iterator[str]:
    for name, each in plan.of("google_bigquery_table", "view").items():
        if each["deletion_protection"] or each["view"][0]["use_legacy_sql"] is not False:
            yield f"view {name} cannot be replaced, or is read as legacy SQL"


@invariant
def a_customer_managed_key_is_used_everywhere_or_nowhere(plan: Plan) -> Iterator[str]:
    keys = {each["kms_key_name"] for each in plan.all("google_pubsub_topic")}
    for each in plan.of("google_storage_bucket").values():
        keys |= {e["default_kms_key_name"] for e in each["encryption"]} or {None}
    for each in plan.of("google_bigquery_dataset").values():
        keys |= {e["kms_key_name"] for e in each["default_encryption_configuration"]} or {None}
    held = plan.of("google_kms_crypto_key_iam_member").values()
    agents = {re.sub(r".*@|\.iam.*|stub-", "", each["member"]) for each in held}
    if len(keys) != 1:
        yield f"not everything has the same key: {keys}"
    if keys != {None} and (len(agents) != 3 or {each["crypto_key_id"] for each in held} != keys):
        yield f"only {sorted(agents)} may use the key"


# Schedules and sinks


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
def every_alert_links_to_the_runbook(plan: Plan) -> Iterator[str]:
    policies = [*plan.of("google_monitoring_alert_policy", "alert").items()]
    policies += [("silent-tick", plan.of("google_monitoring_alert_policy")["silent_tick"])]
    for name, each in policies:
        (documentation,) = each["documentation"] or [{"content": "", "links": []}]
        where = documentation["content"].removeprefix("What to do: ")
        if not where.endswith(f"#{name}"):
            yield f"{name} does not name its section of the runbook"
        wanted = [where] if where.startswith("https://") else []
        if [link["url"] for link in documentation["links"]] != wanted:
            yield f"{name} does not link to the runbook, or links to a path"
        if not each["severity"] or not each["combiner"]:
            yield f"{name} has no severity"


@invariant
def every_alert_has_a_threshold(plan: Plan) -> Iterator[str]:
    for name, each in plan.of("google_monitoring_alert_policy", "alert").items():
        (threshold,) = each["conditions"][0]["condition_threshold"] or [{}]
        (aggregation,) = threshold.get("aggregations") or [{}]
        if (
            threshold.get("comparison") != "COMPARISON_GT"
            or threshold.get("threshold_value") is None
        ):
            yield f"{name} has no threshold"
        if aggregation.get("alignment_period") != "900s" or not aggregation.get(
            "per_series_aligner"
        ):
            yield f"{name} has no alignment"
        if not re.fullmatch(r"\d+s", threshold.get("duration") or "") or not threshold.get(
            "trigger"
        ):
            yield f"{name} has no duration or trigger"
    (silent,) = plan.of("google_monitoring_alert_policy")["silent_tick"]["conditions"]
    (absent,) = silent["condition_absent"] or [{}]
    if "watch-tick" not in (absent.get("filter") or ""):
        yield "the alert on a missing tick watches another subscription"
    if absent.get("duration") != "1800s" or not absent.get("aggregations"):
        yield "the alert on a missing tick has another duration"


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
