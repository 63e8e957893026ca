"""A new handler is deployed without an edit of the Terraform configuration."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import events
from events import RunEvent, RunPlanned
from handlers import choreography as flow
from tracking import Tracking
from troupe.deployment import catalogue, topology

from .conftest import initialised
from .invariants import grants
from .terraform import SCHEMAS, Plan

NewCatalogue = Callable[[], str]


class PlanMailed(RunEvent, frozen=True, kw_only=True):
    """The size of the run was sent by mail."""


def mail_plan(event: RunPlanned, tracking: Tracking) -> Iterator[PlanMailed]:
    """Read the sizes of the batches, and report that they were sent."""
    here = {"run_id": event.run_id, "planned_on": date.fromisoformat(event.planned_on)}
    tracking.query("batch_sizes", {**here, "after": 0, "last": event.batches})
    yield PlanMailed(run_id=event.run_id, planned_on=event.planned_on)


@pytest.fixture
def new_catalogue(monkeypatch: pytest.MonkeyPatch) -> Iterator[NewCatalogue]:
    """The catalogue as `make catalogue` would write it with this handler."""
    choreography: dict[Any, Any] = flow.CHOREOGRAPHY
    monkeypatch.setitem(choreography, RunPlanned, mail_plan)
    monkeypatch.setattr(catalogue, "EVENTS", (*events.EVENTS, PlanMailed))
    topology.subscriptions.cache_clear()
    yield catalogue.text
    monkeypatch.undo()
    topology.subscriptions.cache_clear()


@pytest.mark.slow
def test_a_new_handler_is_deployed_without_an_edit_of_the_configuration(
    new_catalogue: NewCatalogue,
    prod: Plan,
    has_terraform: None,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """Topic, subscription, dead letters, service, account and grants appear; nothing is removed."""
    for terraform in initialised(SCHEMAS[-1], tmp_path):
        file = terraform.repo / "infra" / "catalogue.json"
        file.write_text(new_catalogue(), encoding="utf-8")
        plan = terraform.plan("prod")

    new = sorted(set(plan.resources) - set(prod.resources))
    record_property("figure", "a new handler adds\n" + "\n".join(f"  + {each}" for each in new))
    assert set() == set(prod.resources) - set(plan.resources)
    service, letters = '["mail-plan"]', '["dead-letter-mail-plan"]'
    assert {
        'google_pubsub_topic.event["plan-mailed"]',
        'google_pubsub_subscription.push["mail-plan.run-planned"]',
        f"google_pubsub_topic.dead_letter{letters}",
        'google_pubsub_subscription.push["record-dead-letter.dead-letter-mail-plan"]',
        f"google_pubsub_topic_iam_binding.publisher{letters}",
        'google_pubsub_subscription_iam_binding.subscriber["mail-plan.run-planned"]',
        'google_pubsub_topic_iam_binding.publisher["plan-mailed"]',
        f"google_cloud_run_v2_service.service{service}",
        f"google_cloud_run_v2_service_iam_binding.invoker{service}",
        f"google_service_account.service{service}",
        f"google_project_iam_member.bigquery_job_user{service}",
    } <= set(new)
    assert f"google_project_iam_member.vertex_user{service}" not in new
    held = [each for each in grants(plan).values() if "-mail-plan@" in each["member"]]
    tables = {each["table_id"] for each in held if "table_id" in each}
    assert {"batch_plans", "events"} <= tables
    assert "batch_records" not in tables
    handlers = json.loads(new_catalogue())["handlers"]
    assert "mail-plan" in {each["name"] for each in handlers}
