"""A first apply that Google refuses in the middle goes on as docs/deploy.md says. Terraform is real."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from .conftest import initialised
from .terraform import IMAGE, SCHEMAS, Terraform

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("has_terraform")]

AGENT = "Error 400: Service account service-1@gcp-sa-pubsub.iam.gserviceaccount.com does not exist."
METRIC = (
    "Error 404: Cannot find metric that matches type logging.googleapis.com/user/troupe/run_refused"
)
PLAN = (
    "plan",
    "-input=false",
    "-out=plan",
    "-var-file=environments/prod.tfvars",
    f"-var=image={IMAGE}",
)
BOOTSTRAP = ("apply", "-input=false", "-auto-approve", "-var=project_id=my-troupe-prod")


Refusing = Callable[..., Terraform]


@pytest.fixture
def refusing(tmp_path: Path) -> Iterator[Refusing]:
    """Make a Terraform whose provider refuses the first creation of the named types."""
    with ExitStack() as stack:
        make = contextmanager(initialised)
        yield lambda **late: stack.enter_context(make(SCHEMAS[-1], tmp_path, late))


def test_a_bootstrap_that_meets_a_missing_agent_is_applied_again(refusing: Refusing) -> None:
    """The same command; what was created stays."""
    terraform = refusing(google_project_iam_member=AGENT)

    refused = terraform(*BOOTSTRAP, root="bootstrap")
    again = terraform(*BOOTSTRAP, root="bootstrap")
    third = terraform(*BOOTSTRAP, root="bootstrap")

    assert (1, True) == (refused.code, AGENT in refused.output)
    assert (0, True) == (again.code, "Resources: 1 added, 0 changed, 0 destroyed" in again.out), (
        again.output
    )
    assert "0 added, 0 changed, 0 destroyed" in third.out


def test_an_apply_that_meets_a_missing_metric_is_planned_again(refusing: Refusing) -> None:
    """The old plan is stale; the new one has what is missing, and a third one nothing."""
    terraform = refusing(google_monitoring_alert_policy=METRIC)
    assert 0 == terraform(*PLAN).code

    refused = terraform("apply", "-input=false", "plan")
    stale = terraform("apply", "-input=false", "plan")
    planned, applied = terraform(*PLAN), terraform("apply", "-input=false", "plan")
    last = terraform(*PLAN)

    assert (1, True) == (refused.code, METRIC in refused.output)
    assert (1, True) == (stale.code, "Saved plan is stale" in stale.output)
    assert (0, 0) == (planned.code, applied.code), planned.output + applied.output
    assert "0 changed, 0 destroyed" in applied.out
    assert "No changes" in last.out
