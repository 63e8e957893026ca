"""The small root that comes first: APIs, the bucket of the state, the registry, a deployer."""

import json
import re
from pathlib import Path

import pytest

from .terraform import Plan, Terraform

FEDERATION = {
    "issuer_uri": "https://token.actions.example.com",
    "subject": "repo:org/troupe:ref:refs/heads/main",
    "condition": "assertion.repository == 'org/troupe'",
}
OF_RESOURCES = {
    "artifact": "artifactregistry", "bigquery": "bigquery", "billing": "billingbudgets",
    "cloud_run": "run", "cloud_scheduler": "cloudscheduler", "kms": "cloudkms",
    "logging": "logging", "monitoring": "monitoring", "project_iam": "cloudresourcemanager",
    "project_service": "serviceusage", "pubsub": "pubsub", "service_account": "iam",
    "storage": "storage", "iam": "iam",
}  # fmt: skip


@pytest.fixture(scope="module")
def bootstrap(newest: Terraform) -> Plan:
    """With a federated deployer."""
    given = ("-var=project_id=my-troupe-prod", f"-var=federation={json.dumps(FEDERATION)}")
    told = newest("plan", "-input=false", "-out=p", *given, root="bootstrap")
    assert told.code == 0, told.everything
    return Plan(json.loads(newest("show", "-json", "p", root="bootstrap").out), told.out)


def test_every_api_of_the_deployment_is_switched_on(bootstrap: Plan, full: Plan) -> None:
    """Of every resource type in either root, and Vertex's and the ledger's own."""
    on = set(bootstrap.of("google_project_service"))
    kinds = {address.partition(".")[0] for plan in (bootstrap, full) for address in plan.resources}

    assert {"aiplatform", "bigquerystorage", "sts", "iamcredentials"} <= on
    for kind in kinds - {"terraform_data"}:
        known = [a for start, a in OF_RESOURCES.items() if kind.startswith(f"google_{start}")]
        assert known, kind
        assert set(known) <= on
    assert not any(each["disable_on_destroy"] for each in bootstrap.all("google_project_service"))


def test_the_state_is_kept_in_versions_and_private(bootstrap: Plan) -> None:
    """It holds no secret of ours, and is still nobody's business."""
    (bucket,) = bootstrap.all("google_storage_bucket")

    assert [{"enabled": True}] == bucket["versioning"]
    assert "enforced" == bucket["public_access_prevention"]
    assert bucket["uniform_bucket_level_access"]
    assert "PREVENT" == bucket["deletion_policy"]
    for file in (Path(__file__).parents[2] / "infra/terraform/environments").glob("*.tfbackend"):
        assert re.search(r'bucket = "[\w-]+-troupe-state"', file.read_text(encoding="utf-8"))


def test_images_are_never_changed_under_their_tags(bootstrap: Plan) -> None:
    """And enough of them are kept to go back."""
    (registry,) = bootstrap.all("google_artifact_registry_repository")
    kept = [each["most_recent_versions"] for each in registry["cleanup_policies"]]

    assert [{"immutable_tags": True}] == registry["docker_config"]
    assert [10] == [keep[0]["keep_count"] for keep in kept if keep]


def test_one_workflow_alone_may_deploy_and_without_a_key(bootstrap: Plan) -> None:
    """The condition is the issuer's claims; the member is one subject."""
    (provider,) = bootstrap.all("google_iam_workload_identity_pool_provider")
    roles = {each["role"] for each in bootstrap.all("google_project_iam_member")}

    assert FEDERATION["condition"] == provider["attribute_condition"]
    assert FEDERATION["issuer_uri"] == provider["oidc"][0]["issuer_uri"]
    assert "google_service_account_key" not in bootstrap.said
    assert not roles & {"roles/owner", "roles/editor"}
    assert "roles/iam.workloadIdentityUser" not in roles
