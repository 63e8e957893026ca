"""What holds of every plan. Each invariant tells the faults that it finds."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tracking.tables import OUTPUT, layouts

from .terraform import Plan

Invariant = Callable[[Plan], Iterator[str]]
Catalogue = dict[str, Any]

INVARIANTS: list[Invariant] = []
"""In the order below."""

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
"""Every role that is granted; a new one is thought about here."""
ON_THE_PROJECT = {"roles/aiplatform.user", "roles/bigquery.jobUser"}
"""Roles that have no narrower place."""
ALIGNERS = {"ALIGN_MAX", "ALIGN_RATE", "ALIGN_DELTA", "ALIGN_PERCENTILE_50"}
BUCKETS = {
    True: {"linear_buckets": {"offset": 0, "width": 0.01, "num_finite_buckets": 101}},
    False: {"exponential_buckets": {"scale": 1, "growth_factor": 2, "num_finite_buckets": 24}},
}
"""Of rates, from 0 to above 1 in steps of one per cent; and of what grows."""
TEN_MINUTES, LONGEST = "600s", "2678400s"


def invariant(check: Invariant) -> Invariant:
    INVARIANTS.append(check)
    return check


def faults(plan: Plan) -> list[str]:
    return [f"{each.__name__}: {fault}" for each in INVARIANTS for fault in each(plan)]


def subscriptions(plan: Plan, *kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Pushes by what they are of, and what people pull; without a kind all pushes."""
    topics = {
        topic["id"]: kind
        for kind in PUSH
        for topic in plan.of("google_pubsub_topic", kind).values()
    }
    for name, each in plan.of("google_pubsub_subscription", "push").items():
        if topics[each["topic"]] in (kinds or PUSH):
            yield name, each
    if "people" in kinds:
        yield from plan.of("google_pubsub_subscription", "people").items()


def services(plan: Plan) -> dict[str, dict[str, Any]]:
    return plan.of("google_cloud_run_v2_service")


def grants(plan: Plan) -> dict[str, dict[str, Any]]:
    return {where: what for where, what in plan.resources.items() if "_iam_member." in where}


def environment(service: dict[str, Any]) -> dict[str, str]:
    (container,) = service["template"][0]["containers"]
    return {each["name"]: each["value"] for each in container["env"]}


# Messages


@invariant
def every_push_says_who_it_is(plan: Plan) -> Iterator[str]:
    urls = {service["uri"] for service in services(plan).values()}
    for name, each in subscriptions(plan):
        (push,) = each["push_config"] or [{"push_endpoint": None, "oidc_token": []}]
        (token,) = push["oidc_token"] or [{"audience": None, "service_account_email": ""}]
        if push["push_endpoint"] not in urls or token["audience"] != push["push_endpoint"]:
            yield f"{name} pushes to {push['push_endpoint']} with audience {token['audience']}"
        if "-push@" not in token["service_account_email"]:
            yield f"{name} is pushed as {token['service_account_email']!r}"


@invariant
def nothing_expires_and_everything_backs_off(plan: Plan) -> Iterator[str]:
    for name, each in subscriptions(plan, *PUSH, "people"):
        if each["expiration_policy"] != [{"ttl": ""}]:
            yield f"{name} may expire"
    for name, each in subscriptions(plan):
        if each["retry_policy"] != [{"minimum_backoff": "10s", "maximum_backoff": "600s"}]:
            yield f"{name} is delivered again without back-off"


@invariant
def every_event_has_dead_letters(plan: Plan) -> Iterator[str]:
    letters = {each["id"] for each in plan.of("google_pubsub_topic", "dead_letter").values()}
    for name, each in subscriptions(plan, "event"):
        policy = each["dead_letter_policy"]
        if not policy or policy[0]["dead_letter_topic"] not in letters:
            yield f"{name} has no dead letters"
        elif policy[0]["max_delivery_attempts"] != 40:
            yield f"{name} is given up after {policy[0]['max_delivery_attempts']} deliveries"
        if each["message_retention_duration"] != LONGEST:
            yield f"{name} forgets its messages after {each['message_retention_duration']}"


@invariant
def signals_are_short_lived(plan: Plan) -> Iterator[str]:
    for name, each in subscriptions(plan, "signal"):
        if each["message_retention_duration"] != TEN_MINUTES or each["dead_letter_policy"]:
            yield f"{name} keeps signals"
    for name, each in plan.of("google_pubsub_topic", "signal").items():
        if each["message_retention_duration"] != TEN_MINUTES:
            yield f"topic {name} keeps signals"


@invariant
def every_dead_letter_is_written_down_and_kept_for_people(plan: Plan) -> Iterator[str]:
    topics = {each["id"] for each in plan.of("google_pubsub_topic", "dead_letter").values()}
    for kind in ("dead_letter", "people"):
        found = [each for _, each in subscriptions(plan, kind)]
        if {each["topic"] for each in found} != topics:
            yield f"not every dead-letter topic has a subscription of kind {kind}"
        for each in found:
            if each["message_retention_duration"] != LONGEST or each["dead_letter_policy"]:
                yield f"{each['name']} loses letters"
    if any(each["push_config"] for _, each in subscriptions(plan, "people")):
        yield "people do not pull their letters"


@invariant
def pubsub_may_give_messages_up(plan: Plan) -> Iterator[str]:
    """Without both grants a message is delivered for ever, and counted never."""
    agent = re.compile(r"serviceAccount:service-\S+@gcp-sa-pubsub\.iam\.gserviceaccount\.com$")
    publishes = plan.of("google_pubsub_topic_iam_member", "gives_up").values()
    takes = plan.of("google_pubsub_subscription_iam_member", "gives_up").values()
    letters = {each["id"] for each in plan.of("google_pubsub_topic", "dead_letter").values()}
    if {each["topic"] for each in publishes} != letters:
        yield "the agent may not publish on every dead-letter topic"
    if {each["subscription"] for each in takes} != {
        s["name"] for _, s in subscriptions(plan, "event")
    }:
        yield "the agent may not acknowledge on every subscription"
    for each in (*publishes, *takes):
        if not agent.match(each["member"]):
            yield f"{each['member']} is not the agent of Pub/Sub"
    if {each["role"] for each in publishes} != {"roles/pubsub.publisher"}:
        yield "the agent cannot publish dead letters"
    if {each["role"] for each in takes} != {"roles/pubsub.subscriber"}:
        yield "the agent cannot acknowledge what it gives up"


@invariant
def a_push_is_answered_before_its_deadline(plan: Plan) -> Iterator[str]:
    seconds = {s["uri"]: int(s["template"][0]["timeout"][:-1]) for s in services(plan).values()}
    for name, each in subscriptions(plan):
        deadline = each["ack_deadline_seconds"] or 10
        if deadline > 600 or seconds.get(each["push_config"][0]["push_endpoint"], 0) >= deadline:
            yield f"{name} is delivered again while it is still handled"


# Services


@invariant
def every_service_is_its_own_and_closed(plan: Plan) -> Iterator[str]:
    accounts = [each["template"][0]["service_account"] for each in services(plan).values()]
    own = {each["email"] for each in plan.of("google_service_account", "service").values()}
    if set(accounts) != own or len(set(accounts)) != len(accounts):
        yield "services do not each have an account of their own"
    for name, each in services(plan).items():
        (container,) = each["template"][0]["containers"]
        if not re.search(r"@sha256:[0-9a-f]{64}$", container["image"]):
            yield f"the image of {name} is not pinned"
        if each["ingress"] != "INGRESS_TRAFFIC_INTERNAL_ONLY":
            yield f"{name} can be reached from outside"
        (resources,), (scaling,) = container["resources"], each["template"][0]["scaling"]
        if resources["cpu_idle"] is not True or scaling["min_instance_count"] != 0:
            yield f"{name} is paid for while it does nothing"
        if resources["startup_cpu_boost"] is not True or resources["limits"]["cpu"] != "1":
            yield f"{name} starts slowly"
        if not 1 <= (scaling["max_instance_count"] or 0) <= 100:
            yield f"{name} may grow to {scaling['max_instance_count']} instances"


@invariant
def every_service_knows_its_part(plan: Plan) -> Iterator[str]:
    for name, each in services(plan).items():
        told, (template,) = environment(each), each["template"]
        if told.get("TROUPE_HANDLER") != name or not each["name"].endswith(f"-{name}"):
            yield f"{name} plays {told.get('TROUPE_HANDLER')}"
        if told.get("TROUPE_CONCURRENCY") != str(template["max_instance_request_concurrency"]):
            yield f"{name} is sent more than it takes at once"
        if set(plan.outputs["settings"].items()) - set(told.items()):
            yield f"{name} is not told what the command is told"


@invariant
def a_service_that_does_not_start_is_given_up(plan: Plan) -> Iterator[str]:
    for name, each in services(plan).items():
        (probe,) = each["template"][0]["containers"][0]["startup_probe"]
        if probe["http_get"][0]["path"] != "/healthz":
            yield f"{name} is not asked whether it is up"
        if not 60 <= (probe["period_seconds"] or 10) * (probe["failure_threshold"] or 3) <= 240:
            yield f"{name} has too little or too much time to start"


@invariant
def everything_is_guarded_alike(plan: Plan) -> Iterator[str]:
    kinds = ("google_pubsub_topic", "google_pubsub_subscription", "google_storage_bucket")
    policies = {each["deletion_policy"] for kind in kinds for each in plan.all(kind)}
    if len(policies) != 1 or policies - {"PREVENT", "DELETE"}:
        yield f"some may be deleted, some not: {policies}"
    guarded = policies == {"PREVENT"}
    for name, each in plan.of("google_bigquery_table", "table").items():
        if each["deletion_protection"] is not guarded:
            yield f"table {name} is guarded otherwise than the topics"
    for name, each in services(plan).items():
        if each["deletion_protection"] is not guarded:
            yield f"service {name} is guarded otherwise than the topics"
    for each in plan.of("google_storage_bucket").values():
        if each["force_destroy"] is guarded:
            yield "a bucket is guarded otherwise than the topics"


@invariant
def only_pushes_reach_a_service(plan: Plan) -> Iterator[str]:
    found = plan.of("google_cloud_run_v2_service_iam_member")
    if {each["name"] for each in found.values()} != {s["name"] for s in services(plan).values()}:
        yield "pushes do not reach every service"
    for each in found.values():
        if "-push@" not in each["member"] or each["role"] != "roles/run.invoker":
            yield f"{each['member']} may call {each['name']} as {each['role']}"


# Rights


@invariant
def no_right_is_broad_or_public(plan: Plan) -> Iterator[str]:
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
        yield f"{authoritative} would take rights away from others"


@invariant
def nothing_is_the_whole_project_s(plan: Plan) -> Iterator[str]:
    """A destroy would take it from every other deployment there: the bootstrap makes it."""
    for kind in ("google_project_service", "google_project_service_identity"):
        for name in plan.of(kind):
            yield f"{kind} {name} would go with this deployment"
    for name, each in plan.of("google_project_iam_member").items():
        if "@gcp-sa-" in each["member"]:
            yield f"{name}: the role of {each['member']} would go with this deployment"


# Data


@invariant
def buckets_are_private_and_forget(plan: Plan) -> Iterator[str]:
    for name, each in plan.of("google_storage_bucket").items():
        if (
            each["public_access_prevention"] != "enforced"
            or not each["uniform_bucket_level_access"]
        ):
            yield f"bucket {name} could be opened to others"
        ages = {
            prefix: rule["condition"][0]["age"]
            for rule in each["lifecycle_rule"]
            for prefix in rule["condition"][0]["matches_prefix"] or [""]
            if rule["action"][0]["type"] == "Delete"
        }
        if not ages or any(not prefix.endswith("/") for prefix in ages):
            yield f"bucket {name} keeps what it holds for ever"
        if each["soft_delete_policy"] != [{"retention_duration_seconds": 0}]:
            yield f"bucket {name} keeps what was deleted"
        if not any(
            rule["action"][0]["type"] == "AbortIncompleteMultipartUpload"
            and rule["condition"][0]["age"] == 1
            for rule in each["lifecycle_rule"]
        ):
            yield f"bucket {name} keeps broken uploads"


@invariant
def only_vertex_s_output_raises_signals(plan: Plan) -> Iterator[str]:
    (told,) = plan.of("google_storage_notification").values()
    buckets = plan.of("google_storage_bucket")
    if told["bucket"] != buckets["output"]["name"] or told["object_name_prefix"] != "output/":
        yield f"{told['bucket']}/{told['object_name_prefix']} raises signals"
    if told["event_types"] != ["OBJECT_FINALIZE"] or told["payload_format"] != "JSON_API_V1":
        yield "the notification is not of finished objects"
    fills = plan.of("google_storage_bucket_iam_member", "folder_writer").values()
    below = [re.findall(r"/objects/(\w+)/", str(each["condition"])) for each in fills]
    if sorted(below) != [["requests"], ["staging"]]:
        yield f"services write below {below}"
    if any(each["bucket"] != buckets["work"]["name"] for each in fills):
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
        yield "staging tables stay"
    if datasets["staging"]["delete_contents_on_destroy"] is not True:
        yield "staging tables hold a destroy up"
    if datasets["troupe"]["default_table_expiration_ms"] is not None:
        yield "the tables of the troupe expire"


@invariant
def tables_are_protected_and_cut_by_day(plan: Plan) -> Iterator[str]:
    for name, each in plan.of("google_bigquery_table", "table").items():
        columns = {column["name"]: column["type"] for column in json.loads(each["schema"])}
        for cut in each["time_partitioning"]:
            if cut["type"] != "DAY" or columns.get(cut["field"]) not in ("DATE", "TIMESTAMP"):
                yield f"{name} is not cut by day"
        if not each["time_partitioning"] and (
            each["clustering"] or each["require_partition_filter"] or len(columns) > 5
        ):
            yield f"{name} is not cut at all"
        layout = layouts().get(name, layouts()[OUTPUT])  # an own analysis' is as the shipped one's
        if bool(each["require_partition_filter"]) != layout.require_partition_filter:
            yield f"{name} may be read whole, or demands a filter that nobody gives"
        if set(each["clustering"] or []) - set(columns):
            yield f"{name} is clustered by a column that it does not have"


@invariant
def views_are_replaced_freely(plan: Plan) -> Iterator[str]:
    for name, each in plan.of("google_bigquery_table", "view").items():
        if each["deletion_protection"] or each["view"][0]["use_legacy_sql"] is not False:
            yield f"view {name} cannot be replaced, or is read as legacy SQL"


@invariant
def a_customer_s_key_is_everywhere_or_nowhere(plan: Plan) -> Iterator[str]:
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


# Clocks and sinks


@invariant
def a_log_sink_is_one_more_tick(plan: Plan) -> Iterator[str]:
    for each in plan.of("google_logging_project_sink").values():
        if not each["destination"].endswith("watch-tick"):
            yield f"the sink fills {each['destination']}"
        if each["unique_writer_identity"] is not True or "Delete" not in each["filter"]:
            yield "the sink has no identity of its own, or the wrong filter"


@invariant
def the_clock_ticks(plan: Plan) -> Iterator[str]:
    jobs = plan.of("google_cloud_scheduler_job")
    if jobs["tick"]["schedule"] != "*/5 * * * *" or not jobs["tick"]["pubsub_target"]:
        yield "nobody asks Vertex every five minutes"
    for name, each in jobs.items():
        (target,) = each["pubsub_target"] or [{"topic_name": "", "data": ""}]
        wanted = "watch-tick" if name == "tick" else "run-requested"
        if not target["topic_name"].endswith(wanted) or not target["data"]:
            yield f"{name} tells {target['topic_name']}"
        if not each["time_zone"]:
            yield f"{name} has no time zone"
        if each["attempt_deadline"] is not None:
            yield f"{name} has a deadline, which Google drops for Pub/Sub: every plan would set it"
        if not re.fullmatch(r"[\d*/,-]+( [\d*/,-]+){4}", each["schedule"] or ""):
            yield f"{name} has no schedule that can be read: {each['schedule']}"
        if each["retry_config"] != [{**dict.fromkeys(each["retry_config"][0]), "retry_count": 3}]:
            yield f"{name} is tried once only"


@invariant
def every_alert_says_what_to_do(plan: Plan) -> Iterator[str]:
    found = [*plan.of("google_monitoring_alert_policy", "alert").items()]
    found += [("silent-tick", plan.of("google_monitoring_alert_policy")["silent_tick"])]
    for name, each in found:
        (told,) = each["documentation"] or [{"content": "", "links": []}]
        where = told["content"].removeprefix("What to do: ")
        if not where.endswith(f"#{name}"):
            yield f"{name} does not name its section of the runbook"
        wanted = [where] if where.startswith("https://") else []
        if [link["url"] for link in told["links"]] != wanted:
            yield f"{name} does not link to the runbook, or links to a path"
        if not each["severity"] or not each["combiner"]:
            yield f"{name} does not say how bad it is"


@invariant
def every_threshold_is_one(plan: Plan) -> Iterator[str]:
    for name, each in plan.of("google_monitoring_alert_policy", "alert").items():
        (told,) = each["conditions"][0]["condition_threshold"] or [{}]
        (how,) = told.get("aggregations") or [{}]
        if told.get("comparison") != "COMPARISON_GT" or told.get("threshold_value") is None:
            yield f"{name} has no threshold"
        if how.get("alignment_period") != "900s" or not how.get("per_series_aligner"):
            yield f"{name} does not say over which time it looks"
        if not re.fullmatch(r"\d+s", told.get("duration") or "") or not told.get("trigger"):
            yield f"{name} does not say when it opens"
    (silent,) = plan.of("google_monitoring_alert_policy")["silent_tick"]["conditions"]
    (absent,) = silent["condition_absent"] or [{}]
    if "watch-tick" not in (absent.get("filter") or ""):
        yield "silence is looked for elsewhere"
    if absent.get("duration") != "1800s" or not absent.get("aggregations"):
        yield "silence is never noticed"


@invariant
def every_metric_is_whole(plan: Plan) -> Iterator[str]:
    for name, each in plan.of("google_logging_metric").items():
        (told,) = each["metric_descriptor"] or [{}]
        labels = {label["key"] for label in told.get("labels") or []}
        if labels != set(each["label_extractors"] or {}):
            yield f"{name} has labels without values, or values without labels"
        if any(
            not text.startswith("EXTRACT(") for text in (each["label_extractors"] or {}).values()
        ):
            yield f"{name} does not say where its labels stand"
        wanted = "DISTRIBUTION" if each["value_extractor"] else "INT64"
        if told.get("metric_kind") != "DELTA" or told.get("value_type") != wanted:
            yield f"{name} counts something else"
    for name, each in plan.of("google_logging_metric", "success").items():
        if not each["value_extractor"]:
            yield f"{name} has no value"
        cut = {k: v[0] for told in each["bucket_options"] for k, v in told.items() if v}
        if cut != BUCKETS[name.endswith("_rate")]:
            yield f"{name} is cut into {cut}"


@invariant
def the_dashboard_is_whole(plan: Plan) -> Iterator[str]:
    (board,) = plan.of("google_monitoring_dashboard").values()
    told = json.loads(board["dashboard_json"])
    if set(told) != {"displayName", "mosaicLayout"} or told["mosaicLayout"].get("columns") != 12:
        yield "it is no mosaic of twelve columns"
    for tile in told["mosaicLayout"]["tiles"]:
        if set(tile) != {"xPos", "yPos", "width", "height", "widget"} or tile["xPos"] % 6:
            yield "a tile has no place"
        (data,) = tile["widget"]["xyChart"]["dataSets"]
        query = data["timeSeriesQuery"]["timeSeriesFilter"]
        if data["plotType"] != "LINE" or set(query) != {"filter", "aggregation"}:
            yield f"{tile['widget']['title']} shows nothing"
        wanted = {"alignmentPeriod", "perSeriesAligner", "crossSeriesReducer", "groupByFields"}
        how = query["aggregation"]
        if set(how) != wanted or how["crossSeriesReducer"] != "REDUCE_MAX":
            yield f"{tile['widget']['title']} does not say how it adds up"
        if how["perSeriesAligner"] not in ALIGNERS or how["alignmentPeriod"] != "300s":
            yield f"{tile['widget']['title']} does not say over which time"


@invariant
def a_budget_is_of_this_project_alone(plan: Plan) -> Iterator[str]:
    for each in plan.of("google_billing_budget").values():
        (told,) = each["budget_filter"] or [{"projects": None}]
        if not told["projects"] or not told["projects"][0].startswith("projects/"):
            yield "the budget counts every project of the account"
        if [rule["threshold_percent"] for rule in each["threshold_rules"]] != [0.5, 0.9, 1.0]:
            yield "nobody is told before the budget is spent"
        if (
            not each["all_updates_rule"]
            or each["all_updates_rule"][0]["disable_default_iam_recipients"] is not False
        ):
            yield "the account's administrators are not told"
