"""A staged rollout: a new revision gets no traffic until a second apply, which changes nothing else."""

from typing import Any

import pytest

from .invariants import services
from .terraform import IMAGE, Plan, Terraform

NEXT_IMAGE = IMAGE.replace("0" * 64, "1" * 64)


SERVING = "r012345678"
"""Some revision before the planned one."""


def _revisions(plan: Plan) -> set[str]:
    return {each["template"][0]["revision"] for each in services(plan).values()}


def _templates(plan: Plan) -> dict[str, Any]:
    return {name: each["template"] for name, each in services(plan).items()}


def test_a_staged_revision_has_no_traffic_until_it_is_switched(
    newest: Terraform, prod: Plan
) -> None:
    """Of every service, by one variable. The switch keeps the revision, so that none is made again.

    The services alone are planned; the invariants hold in the plan `full`, which is staged as well.
    """
    services_alone = "-target=google_cloud_run_v2_service.service"
    staged = newest.plan("prod", f"-var=serving_revision={SERVING}", services_alone)

    assert services(staged).keys() == services(prod).keys()
    assert _templates(staged) == _templates(prod)
    for service in services(staged).values():
        kept, tried = service["traffic"]
        assert (f"{service['name']}-{SERVING}", 100) == (kept["revision"], kept["percent"])
        assert (service["template"][0]["revision"], 0) == (tried["revision"], tried["percent"])


@pytest.mark.slow
def test_whatever_a_revision_consists_of_changes_its_name(newest: Terraform, prod: Plan) -> None:
    """Cloud Run refuses another content under a name that exists."""
    other = newest.plan("prod", f"-var=image={NEXT_IMAGE}")
    changed = newest.plan("prod", '-var=environment={"TROUPE_RECLAIM_SECONDS": "1800"}')
    elsewhere = newest.plan("prod", "-var=vertex_location=global")

    names = [_revisions(each) for each in (prod, other, changed, elsewhere)]
    assert all(13 == len(each) for each in names)
    assert 52 == len(set[str]().union(*names))
