"""Who may do what, on which resource."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.terraform.terraform import Plan

from .registry import grants, invariant

ROLES = {
    "roles/aiplatform.user",
    "roles/bigquery.dataEditor",
    "roles/bigquery.dataViewer",
    "roles/bigquery.jobUser",
    "roles/cloudkms.cryptoKeyEncrypterDecrypter",
    "roles/iap.httpsResourceAccessor",
    "roles/pubsub.publisher",
    "roles/pubsub.subscriber",
    "roles/run.invoker",
    "roles/secretmanager.secretAccessor",
    "roles/storage.legacyBucketReader",
    "roles/storage.objectUser",
    "roles/storage.objectViewer",
}
"""Every role that is granted. Add a new one on purpose only."""
ON_THE_PROJECT = {"roles/aiplatform.user", "roles/bigquery.jobUser"}
"""Roles that cannot be granted on a narrower resource."""


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


@invariant
def nothing_belongs_to_the_whole_project(plan: Plan) -> Iterator[str]:
    """A destroy would remove it for every deployment in the project: it belongs to the bootstrap."""
    for kind in ("google_project_service", "google_project_service_identity"):
        for name in plan.of(kind):
            yield f"{kind} {name} would be destroyed with this deployment"
    for name, each in plan.of("google_project_iam_member").items():
        if "@gcp-sa-" in each["member"]:
            yield f"{name}: the role of {each['member']} would be destroyed with this deployment"


@invariant
def each_role_is_given_once_on_each_resource(plan: Plan) -> Iterator[str]:
    """A binding removes what another block grants for the same role, at every second apply."""
    places = defaultdict[tuple[str, ...], list[str]](list)
    for where, each in plan.resources.items():
        if "_iam_binding." in where or "_iam_member." in where:
            kind = where.partition("_iam_")[0]
            places[kind, *_resource(each), each["role"], str(each.get("condition"))].append(where)
    for pair, blocks in places.items():
        if len(blocks) > 1 and any("_iam_binding." in block for block in blocks):
            yield f"{pair} is given by {blocks}"


@invariant
def a_binding_is_on_a_resource_that_terraform_creates(plan: Plan) -> Iterator[str]:
    """On a resource of others it would remove permissions that they gave."""
    created = {
        (kind, *(str(each[name]) for name in names))
        for kind, (created_as, *names) in _CREATED.items()
        for each in plan.all(created_as)
    }
    for where, each in plan.resources.items():
        kind, is_binding, _ = where.partition("_iam_binding.")
        if is_binding and (kind, *_resource(each)) not in created:
            yield f"{where} would remove permissions of others"
        if is_binding and not each["members"]:
            yield f"{where} has no members"
        if "_iam_policy." in where:
            yield f"{where} would remove permissions of others"


_CREATED = {
    "google_pubsub_topic": ("google_pubsub_topic", "id"),
    "google_pubsub_subscription": ("google_pubsub_subscription", "name"),
    "google_bigquery_dataset": ("google_bigquery_dataset", "dataset_id"),
    "google_bigquery_table": ("google_bigquery_table", "dataset_id", "table_id"),
    "google_storage_bucket": ("google_storage_bucket", "name"),
    "google_cloud_run_v2_service": ("google_cloud_run_v2_service", "name"),
    "google_iap_web_cloud_run_service": ("google_cloud_run_v2_service", "name"),
}
"""Of each kind of grant: the type that has it, and the arguments that name it."""


def _resource(grant: dict[str, Any]) -> tuple[str, ...]:
    """Return the name of the resource of a grant: of a table with its dataset."""
    keys = ("topic", "subscription", "dataset_id", "table_id", "bucket", "name", "cloud_run_service_name", "secret_id",
            "crypto_key_id")  # fmt: skip
    return tuple(str(grant[key]) for key in keys if grant.get(key)) or (str(grant["project"]),)
