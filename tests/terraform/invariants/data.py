"""Buckets, datasets, tables and keys."""

import json
import re
from collections.abc import Iterator

from tests.terraform.terraform import Plan
from tracking.tables import OUTPUT, layouts

from .registry import granted, invariant


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
    writers = [
        each
        for each in granted(plan, "google_storage_bucket")
        if each["role"] == "roles/storage.objectUser" and "@gcp-sa-" not in each["member"]
    ]
    below = [re.findall(r"/objects/(\w+)/", str(each["condition"])) for each in writers]
    if sorted(below) != [["requests"], ["staging"]]:
        yield f"services write below {below}"
    if any(each["bucket"] != buckets["work"]["name"] for each in writers):
        yield "a service writes into the bucket of Vertex's output"


@invariant
def vertex_may_read_requests_and_write_output(plan: Plan) -> Iterator[str]:
    held = {
        (each["bucket"].rsplit("-", 1)[-1], each["role"].rpartition(".")[2])
        for each in granted(plan, "google_storage_bucket")
        if "@gcp-sa-aiplatform" in each["member"]
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
