"""The small root that comes first: APIs, Google's agents, the state, the registry, a deployer."""

import json
import re
from pathlib import Path

from .conftest import FEDERATION
from .terraform import Plan, Terraform

AGENTS = {"aiplatform", "cloudscheduler", "pubsub"}
"""Google's, which are asked for before their first use."""
OF_RESOURCES = {
    "artifact": "artifactregistry", "bigquery": "bigquery", "billing": "billingbudgets",
    "cloud_run": "run", "cloud_scheduler": "cloudscheduler", "kms": "cloudkms",
    "logging": "logging", "monitoring": "monitoring", "project_iam": "cloudresourcemanager",
    "project_service": "serviceusage", "pubsub": "pubsub", "service_account": "iam",
    "storage": "storage", "iam": "iam",
}  # fmt: skip


def test_every_api_of_the_deployment_is_switched_on(bootstrap: Plan, full: Plan) -> None:
    """Of every resource type in either root, and Vertex's and the event log's own."""
    on = set(bootstrap.of("google_project_service"))
    kinds = {address.partition(".")[0] for plan in (bootstrap, full) for address in plan.resources}

    assert {"aiplatform", "bigquerystorage", "sts", "iamcredentials"} <= on
    for kind in kinds - {"terraform_data"}:
        known = [a for start, a in OF_RESOURCES.items() if kind.startswith(f"google_{start}")]
        assert known, kind
        assert set(known) <= on
    assert not any(each["disable_on_destroy"] for each in bootstrap.all("google_project_service"))


def test_agents_are_asked_for_and_hold_their_default_roles(bootstrap: Plan) -> None:
    """Google grants none to an agent that it is asked for (iam/docs/create-service-agents)."""
    made = bootstrap.of("google_project_service_identity")
    given = bootstrap.of("google_project_iam_member", "agent")

    assert {f"{name}.googleapis.com" for name in AGENTS} == {e["service"] for e in made.values()}
    assert AGENTS == set(given)
    for name, each in given.items():
        account = rf"serviceAccount:service-\S+@gcp-sa-{name}\.iam\.gserviceaccount\.com"
        assert re.fullmatch(account, each["member"])
        assert f"roles/{name}.serviceAgent" == each["role"]
        assert "my-troupe-prod" == each["project"]


def test_an_agent_is_asked_for_before_its_role_and_after_its_api(bootstrap: Plan) -> None:
    """Google refuses a grant to an account that is not there."""
    identity, role = "google_project_service_identity.agent", "google_project_iam_member.agent"

    assert set(bootstrap.of("google_project_service")) >= AGENTS
    assert ["google_project_service.api"] == bootstrap.waits_for(identity)
    assert [identity] == bootstrap.waits_for(role)


def test_the_agents_that_a_deployment_trusts_were_asked_for(bootstrap: Plan, full: Plan) -> None:
    """Each root makes up their names by itself."""
    known = {each["member"] for each in bootstrap.of("google_project_iam_member", "agent").values()}
    trusted = {
        each["member"]
        for where, each in full.resources.items()
        if "_iam_member." in where and re.search("@gcp-sa-(?!logging)", each["member"])
    }

    assert 2 == len(trusted)
    assert trusted <= known


def test_a_destroy_that_would_take_an_agent_s_role_is_refused(
    newest: Terraform, bootstrap: Plan, tmp_path: Path
) -> None:
    """Everything in the project that uses Pub/Sub, Vertex AI or Cloud Scheduler lives on it."""
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

    words = ("-input=false", f"-state={file}", "-var=project_id=my-troupe-prod")
    told = newest("plan", "-destroy", *words, root="bootstrap")

    assert 1 == told.code
    assert len(AGENTS) == told.err.count("Instance cannot be destroyed")


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
