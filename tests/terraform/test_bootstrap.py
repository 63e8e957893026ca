"""The bootstrap: APIs, Google's service agents, the state bucket, the registry, a deployer."""

import json
import re
from pathlib import Path

from tests.files import files_in

from .conftest import FEDERATION
from .invariants import grants
from .terraform import Plan, Terraform

AGENTS = {"aiplatform", "cloudscheduler", "pubsub"}
"""Google's service agents, which the bootstrap requests before their first use."""
OF_RESOURCES = {
    "artifact": "artifactregistry", "bigquery": "bigquery", "billing": "billingbudgets",
    "cloud_run": "run", "cloud_scheduler": "cloudscheduler", "kms": "cloudkms",
    "logging": "logging", "monitoring": "monitoring", "project_iam": "cloudresourcemanager",
    "project_service": "serviceusage", "pubsub": "pubsub", "service_account": "iam",
    "secret_manager": "secretmanager", "iap": "iap", "storage": "storage", "iam": "iam",
}  # fmt: skip


def test_every_api_of_the_deployment_is_enabled(bootstrap: Plan, full: Plan) -> None:
    """Those of every resource type in either root module, of Vertex AI and of the Storage Write API."""
    on = set(bootstrap.of("google_project_service"))
    kinds = {address.partition(".")[0] for plan in (bootstrap, full) for address in plan.resources}

    assert {"aiplatform", "bigquerystorage", "sts", "iamcredentials"} <= on
    for kind in kinds - {"terraform_data"}:
        known = [a for start, a in OF_RESOURCES.items() if kind.startswith(f"google_{start}")]
        assert known, kind
        assert set(known) <= on
    assert not any(each["disable_on_destroy"] for each in bootstrap.all("google_project_service"))


def test_agents_are_requested_and_get_their_default_roles(bootstrap: Plan) -> None:
    """Google grants none to an agent that a project requests (iam/docs/create-service-agents)."""
    made = bootstrap.of("google_project_service_identity")
    given = bootstrap.of("google_project_iam_member", "agent")

    requested = {f"{name}.googleapis.com" for name in {*AGENTS, "iap"}}
    assert requested == {e["service"] for e in made.values()}
    assert AGENTS == set(given)
    for name, each in given.items():
        account = rf"serviceAccount:service-\S+@gcp-sa-{name}\.iam\.gserviceaccount\.com"
        assert re.fullmatch(account, each["member"])
        assert f"roles/{name}.serviceAgent" == each["role"]
        assert "my-troupe-prod" == each["project"]


def test_an_agent_is_requested_before_its_role_and_after_its_api(bootstrap: Plan) -> None:
    """Google refuses a grant to an account that does not exist."""
    identity, role = "google_project_service_identity.agent", "google_project_iam_member.agent"

    assert set(bootstrap.of("google_project_service")) >= AGENTS
    assert ["google_project_service.api"] == bootstrap.dependencies(identity)
    assert [identity] == bootstrap.dependencies(role)


def test_the_agents_that_a_deployment_grants_to_were_requested(bootstrap: Plan, full: Plan) -> None:
    """Each root module builds their names by itself."""
    known = {
        each["service"].partition(".")[0]
        for each in bootstrap.of("google_project_service_identity").values()
    }
    trusted = {
        re.sub(r".*@gcp-sa-|\.iam\..*", "", each["member"])
        for each in grants(full).values()
        if re.search("@gcp-sa-(?!logging)", each["member"])
    }

    assert {"aiplatform", "iap", "pubsub"} == trusted
    assert trusted <= known


def test_a_destroy_of_the_role_of_an_agent_is_refused(
    newest: Terraform, bootstrap: Plan, tmp_path: Path
) -> None:
    """Everything in the project that uses Pub/Sub, Vertex AI or Cloud Scheduler needs it."""
    given = bootstrap.of("google_project_iam_member", "agent")
    made = [
        {"index_key": name, "schema_version": 0, "attributes": {**each, "id": name, "etag": "e"}}
        for name, each in given.items()
    ]
    block = {
        "mode": "managed",
        "type": "google_project_iam_member",
        "name": "agent",
        "provider": 'provider["registry.terraform.io/hashicorp/google"]',
        "instances": made,
    }
    state = {"version": 4, "serial": 1, "lineage": "l", "outputs": {}, "resources": [block]}
    file = tmp_path / "agents.tfstate"
    file.write_text(json.dumps(state), encoding="utf-8")

    args = ("-input=false", f"-state={file}", "-var=project_id=my-troupe-prod")
    result = newest("plan", "-destroy", *args, root="bootstrap")

    assert 1 == result.code
    assert len(AGENTS) == result.err.count("Instance cannot be destroyed")


def test_the_state_bucket_is_versioned_and_private(bootstrap: Plan) -> None:
    """It holds no secret, but names of resources and accounts."""
    (bucket,) = bootstrap.all("google_storage_bucket")

    assert [{"enabled": True}] == bucket["versioning"]
    assert "enforced" == bucket["public_access_prevention"]
    assert bucket["uniform_bucket_level_access"]
    assert "PREVENT" == bucket["deletion_policy"]
    for file in files_in(Path(__file__).parents[2] / "infra/terraform/environments", "*.tfbackend"):
        assert re.search(r'bucket = "[\w-]+-troupe-state"', file.read_text(encoding="utf-8"))


def test_image_tags_are_immutable(bootstrap: Plan) -> None:
    """Ten images are kept for a rollback."""
    (registry,) = bootstrap.all("google_artifact_registry_repository")
    kept = [each["most_recent_versions"] for each in registry["cleanup_policies"]]

    assert [{"immutable_tags": True}] == registry["docker_config"]
    assert [10] == [keep[0]["keep_count"] for keep in kept if keep]


def test_one_workflow_may_deploy_without_a_key(bootstrap: Plan) -> None:
    """The condition checks the issuer's claims; the member is one subject."""
    (provider,) = bootstrap.all("google_iam_workload_identity_pool_provider")
    roles = {each["role"] for each in bootstrap.all("google_project_iam_member")}

    assert FEDERATION["condition"] == provider["attribute_condition"]
    assert FEDERATION["issuer_uri"] == provider["oidc"][0]["issuer_uri"]
    assert "google_service_account_key" not in bootstrap.text
    assert not roles & {"roles/owner", "roles/editor"}
    assert "roles/iam.workloadIdentityUser" not in roles
