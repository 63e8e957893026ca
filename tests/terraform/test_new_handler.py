"""A new handler is deployed without an edit of the Terraform configuration."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import events
from events import ReportWritten, RunEvent
from handlers import choreography as flow
from tracking import Tracking
from troupe.deployment import catalogue, topology

from .conftest import initialised
from .terraform import SCHEMAS, Plan

NewCatalogue = Callable[[], str]


class SummaryMailed(RunEvent, frozen=True, kw_only=True):
    """The run's summary was sent by mail."""


def mail_summary(event: ReportWritten, tracking: Tracking) -> Iterator[SummaryMailed]:
    """Read the report of the run, and report that it was sent."""
    tracking.query("report_of", {"run_id": event.run_id})
    yield SummaryMailed(run_id=event.run_id, planned_on=event.planned_on)


@pytest.fixture
def new_catalogue(monkeypatch: pytest.MonkeyPatch) -> Iterator[NewCatalogue]:
    """The catalogue as `make catalogue` would write it with this handler."""
    choreography: dict[Any, Any] = flow.CHOREOGRAPHY
    monkeypatch.setitem(choreography, ReportWritten, mail_summary)
    monkeypatch.setattr(catalogue, "EVENTS", (*events.EVENTS, SummaryMailed))
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
    service, letters = '["mail-summary"]', '["dead-letter-mail-summary"]'
    assert {
        'google_pubsub_topic.event["summary-mailed"]',
        'google_pubsub_subscription.push["mail-summary.report-written"]',
        f"google_pubsub_topic.dead_letter{letters}",
        'google_pubsub_subscription.push["record-dead-letter.dead-letter-mail-summary"]',
        f"google_pubsub_topic_iam_member.dead_letter_publisher{letters}",
        'google_pubsub_subscription_iam_member.dead_letter_subscriber["mail-summary.report-written"]',
        'google_pubsub_topic_iam_member.service["mail-summary--summary-mailed"]',
        'google_pubsub_topic_iam_member.service["mail-summary--dead-letter-mail-summary"]',
        'google_bigquery_table_iam_member.service["mail-summary--run_reports"]',
        'google_bigquery_table_iam_member.service["mail-summary--events"]',
        f"google_cloud_run_v2_service.service{service}",
        f"google_cloud_run_v2_service_iam_member.push{service}",
        f"google_service_account.service{service}",
        f"google_project_iam_member.bigquery_job_user{service}",
    } <= set(new)
    assert f"google_project_iam_member.vertex_user{service}" not in new
    assert not any("batch_records" in address for address in new)
    handlers = json.loads(new_catalogue())["handlers"]
    assert "mail-summary" in {each["name"] for each in handlers}
