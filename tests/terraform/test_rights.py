"""The grants that the gate of `tests/cloud` knows are those that Terraform plans."""

import re
from collections.abc import Iterator
from typing import Any

from tests.cloud.rights.grants import ROLES, Grant, grants_of
from tests.terraform.terraform import Plan
from troupe.deployment.services import groupings

_ACCOUNT = re.compile(r"serviceAccount:troupe-(?P<service>[a-z-]+)@my-troupe-prod\.iam")
_FOLDER = re.compile(r'/objects/([a-z]+)/"')


def planned(plan: Plan) -> dict[str, set[Grant]]:
    """Return the grants of each service's account on what it reaches through the gate."""
    found: dict[str, set[Grant]] = {}
    for each in plan.json["resource_changes"]:
        if re.search(r"_iam_(member|binding)$", each["type"]):
            about = each["change"]["after"]
            for member in about.get("members") or [about["member"]]:
                account = _ACCOUNT.match(member)
                if account and account["service"] != "push":
                    found.setdefault(account["service"], set()).update(_grants(each["type"], about))
    return found


def _grants(kind: str, about: dict[str, Any]) -> Iterator[Grant]:
    role = "job_viewer" if "job_viewer" in about["role"] else about["role"]
    if role not in ROLES:
        return  # no request through the gate needs it
    if "bigquery_table" in kind:
        yield Grant(role, f"tables/{about['table_id']}")
    elif "bigquery_dataset" in kind:
        yield Grant(role, "staging/")
    elif "pubsub_topic" in kind:
        yield Grant(role, f"topics/{about['topic'].rpartition('/')[2]}")
    elif "storage_bucket" in kind:
        yield from _of_bucket(role, about)
    else:
        yield Grant(role, "project")


def _of_bucket(role: str, about: dict[str, Any]) -> Iterator[Grant]:
    bucket = about["bucket"].rpartition("-")[2]
    if about["condition"]:
        folder = _FOLDER.search(about["condition"][0]["expression"])
        assert folder is not None, about["condition"]
        yield Grant(role, f"objects/{bucket}/{folder[1]}/")
        return
    yield Grant(role, f"buckets/{bucket}")
    if "object" in role:
        yield Grant(role, f"objects/{bucket}/")


def test_the_gate_knows_what_terraform_grants(prod: Plan) -> None:
    """Each service, with every role on every resource."""
    known = {each["name"]: set(grants_of(each)) for each in groupings()["per-handler"]}

    assert known == planned(prod)
