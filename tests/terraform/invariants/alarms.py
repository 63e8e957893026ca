"""Each alert opens when its cause happens, and stays closed on calm days; one invariant for each."""

import re
from collections.abc import Iterator
from typing import Any

from tests.terraform.alarms.causes import CAUSES, WITHOUT_SCHEDULE, Plays
from tests.terraform.terraform import Plan

from .registry import Invariant, invariant

ALERTS = sorted({cause.alert for cause in CAUSES})
_MADE: list[Plays] = []


def _plays(plan: Plan) -> Plays:
    """Return the plays of a plan; those of three plans are kept for the next invariant."""
    for made in _MADE:
        if made.plan is plan:
            return made
    _MADE[:] = [Plays(plan), *_MADE[:2]]
    return _MADE[0]


def _rings(alert: str) -> Invariant:
    def check(plan: Plan) -> Iterator[str]:
        plays = _plays(plan)
        if alert not in plays.alerts:
            if alert not in WITHOUT_SCHEDULE or "daily_run" in plan.text:
                yield f"there is no alert {alert}"
            return
        try:
            for cause in CAUSES:
                if cause.alert == alert and not plays.fires(cause):
                    yield f"{alert} stays closed: {cause.text}"
            if not plays.is_silent(alert):
                yield f"{alert} opens on a calm day"
        except (LookupError, TypeError, ValueError) as error:
            yield f"{alert} cannot be evaluated: {error!r}"

    check.__name__ = f"the_alert_{alert.replace('-', '_')}_rings"
    return check


for _alert in ALERTS:
    invariant(_rings(_alert))


@invariant
def every_alert_has_a_cause(plan: Plan) -> Iterator[str]:
    for name in set(_plays(plan).alerts) - set(ALERTS):
        yield f"no cause of {name} is tried"


@invariant
def the_budget_sends_mails(plan: Plan) -> Iterator[str]:
    given = plan.json["variables"].get("alert_channels", {}).get("value") or []
    for each in plan.all("google_billing_budget"):
        (rule,) = each["all_updates_rule"] or [{}]
        if [c for c in rule.get("monitoring_notification_channels") or [] if c] != given:
            yield "the budget tells other people than the alerts"
    if not _plays(plan).budget_is_right():
        yield "no mail is sent before the budget is spent, or one while it is not"


@invariant
def every_alert_links_to_the_runbook(plan: Plan) -> Iterator[str]:
    for name, each in _policies(plan):
        (documentation,) = each["documentation"] or [{"content": "", "links": []}]
        where = documentation["content"].partition("What to do: ")[2]
        if not re.search(r"#[a-z-]+$", where):
            yield f"{name} does not name its section of the runbook"
        wanted = [where] if where.startswith("https://") else []
        if [link["url"] for link in documentation["links"]] != wanted:
            yield f"{name} does not link to the runbook, or links to a path"


@invariant
def every_alert_reaches_the_same_people(plan: Plan) -> Iterator[str]:
    """Those of the e-mail addresses, which are known after an apply, and the given channels."""
    given = plan.json["variables"].get("alert_channels", {}).get("value") or []
    emails = len(plan.of("google_monitoring_notification_channel"))
    for name, each in _policies(plan):
        if each["severity"] not in ("WARNING", "ERROR", "CRITICAL"):
            yield f"{name} has no severity"
        channels = each.get("notification_channels") or []
        if [c for c in channels if c] != given or (given and len(channels) != emails + len(given)):
            yield f"{name} tells {channels}"


@invariant
def every_condition_is_complete(plan: Plan) -> Iterator[str]:
    """What an evaluation of the filter and threshold alone does not show."""
    for name, each in _policies(plan):
        for condition in each["conditions"]:
            for one in (*condition["condition_threshold"], *condition["condition_absent"]):
                if one["trigger"] != [{"count": 1, "percent": None}]:
                    yield f"{name} needs more than one series"
            for one in condition["condition_absent"]:
                (aggregation,) = one["aggregations"]
                how = (aggregation["alignment_period"], aggregation["cross_series_reducer"])
                if how != ("300s", "REDUCE_SUM") or not aggregation["group_by_fields"]:
                    yield f"{name} opens when one of several series ends"
                if aggregation["per_series_aligner"] != "ALIGN_DELTA":
                    yield f"{name} does not count"
            for one in condition["condition_prometheus_query_language"]:
                if one["evaluation_interval"] != "300s" or not one["disable_metric_validation"]:
                    yield f"{name} is refused before its metric exists, or is asked too often"


def _policies(plan: Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the alerts: not the notice of a run's end."""
    for block in ("alert", "objective"):
        yield from plan.of("google_monitoring_alert_policy", block).items()
