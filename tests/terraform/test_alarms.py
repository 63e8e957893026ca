"""Each alert opens when its cause is played through the plan, and a damaged alert is noticed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from .alarms.__main__ import table
from .alarms.causes import CAUSES, Plays
from .alarms.conditions import STEP, opens_at, series_of
from .alarms.day import TICKS, Days
from .alarms.points import Point, UnknownFilter, selects
from .invariants import INVARIANTS
from .invariants.alarms import ALERTS
from .terraform import Plan

Damage = Callable[[dict[str, Any]], None]


@pytest.mark.slow
def test_every_cause_opens_its_alert_and_a_calm_day_opens_none(
    prod: Plan, record_property: Callable[[str, object], None]
) -> None:
    """The table is printed by `python -m tests.terraform.alarms`, too."""
    shown = table(prod)

    record_property("figure", f"alarms\n{shown}")
    assert len(CAUSES) + 2 == len(shown.splitlines())
    assert "NO" not in shown


@pytest.mark.slow
def test_every_alert_of_every_environment_has_a_cause(prod: Plan, dev: Plan, full: Plan) -> None:
    """Without a daily run none is missed."""
    assert set(ALERTS) == set(Plays(prod).alerts) == set(Plays(full).alerts)
    assert set(ALERTS) - {"daily-run-missing"} == set(Plays(dev).alerts)


# A damaged alert is noticed


def _is_removed(policy: dict[str, Any]) -> None:
    policy["documentation"] = [{**policy["documentation"][0], "content": ""}]


def _reads_another_metric(policy: dict[str, Any]) -> None:
    for condition in _conditions(policy):
        for field in ("filter", "query"):
            if field in condition:
                condition[field] = (
                    condition[field]
                    .replace('metric.type="', 'metric.type="x')
                    .replace("_over_time(", "_over_time(x")
                    .replace("serviceLevelObjectives/", "serviceLevelObjectives/x")
                )


def _has_another_threshold(policy: dict[str, Any]) -> None:
    for condition in _conditions(policy):
        if "threshold_value" in condition:
            condition["threshold_value"] = condition["threshold_value"] * 1000 + 1000
        else:
            condition["duration"] = "80000s"


def _conditions(policy: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = ("condition_threshold", "condition_absent", "condition_prometheus_query_language")
    return [one for each in policy["conditions"] for kind in kinds for one in each[kind]]


@pytest.mark.slow
@pytest.mark.parametrize("alert", ALERTS)
@pytest.mark.parametrize("damage", [_is_removed, _reads_another_metric, _has_another_threshold])
def test_a_damaged_alert_is_noticed(prod: Plan, alert: str, damage: Damage) -> None:
    """By the invariant of this alert."""
    damaged = _damaged(
        prod,
        "google_monitoring_alert_policy",
        lambda policy: policy["documentation"][0]["content"].endswith(f"#{alert}"),
        damage,
    )
    (check,) = (each for each in INVARIANTS if each.__name__ == _invariant_of(alert))

    assert list(check(damaged))


def _invariant_of(alert: str) -> str:
    return f"the_alert_{alert.replace('-', '_')}_rings"


METRICS = {
    "event_dead_lettered": "dead-letters-waiting", "run_refused": "refused-run",
    "duty_failed": "failing-duty", "ticks": "tick-never-worked", "moved_shares": "moved-share",
    "runs_open_too_long": "open-run", "runs_with_failures": "error-rate",
    "deliveries": "daily-run-missing", "analysed_share": "objective-batches",
    "run_hours": "objective-runs",
}  # fmt: skip
"""The alert of each log-based metric."""


@pytest.mark.slow
@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_that_counts_other_lines_is_noticed(prod: Plan, metric: str) -> None:
    """By the invariant of the alert that reads it."""

    def damage(block: dict[str, Any]) -> None:
        block["filter"] = block["filter"].replace('message="', 'message="x')

    damaged = _damaged(
        prod, "google_logging_metric", lambda m: m["name"] == f"troupe/{metric}", damage
    )
    (check,) = (each for each in INVARIANTS if each.__name__ == _invariant_of(METRICS[metric]))

    assert list(check(damaged))


TOUCHY = {
    "oldest-unacknowledged": 0, "failing-handlers": 0, "failing-duty": 0,
}  # fmt: skip
"""Alerts whose causes occur on a calm day as well, to a lower degree, and a threshold too low."""


@pytest.mark.slow
@pytest.mark.parametrize("alert", TOUCHY)
def test_an_alert_that_opens_on_a_calm_day_is_noticed(prod: Plan, alert: str) -> None:
    """Its threshold is below what is usual."""

    def damage(policy: dict[str, Any]) -> None:
        (condition,) = _conditions(policy)
        condition["threshold_value"] = TOUCHY[alert]

    damaged = _damaged(
        prod,
        "google_monitoring_alert_policy",
        lambda policy: policy["documentation"][0]["content"].endswith(f"#{alert}"),
        damage,
    )

    assert not Plays(damaged).is_silent(alert)


def test_a_policy_without_a_cause_is_noticed(prod: Plan) -> None:
    """A new alert needs a row in the table of causes."""

    def damage(policy: dict[str, Any]) -> None:
        policy["documentation"][0]["content"] = "What to do: runbook.md#another"

    damaged = _damaged(
        prod,
        "google_monitoring_alert_policy",
        lambda policy: "#open-run" in policy["documentation"][0]["content"],
        damage,
    )
    (check,) = (each for each in INVARIANTS if each.__name__ == "every_alert_has_a_cause")

    assert ["no cause of another is tried"] == list(check(damaged))


def _damaged(
    plan: Plan, kind: str, which: Callable[[dict[str, Any]], bool], damage: Damage
) -> Plan:
    """Return a copy of the plan in which one block is damaged."""
    changes, hits = [], 0
    for each in plan.json["resource_changes"]:
        copied = each
        if each["type"] == kind and which(each["change"]["after"]):
            copied = json.loads(json.dumps(each))
            damage(copied["change"]["after"])
            hits += 1
        changes.append(copied)
    assert 1 == hits
    return replace(plan, json={**plan.json, "resource_changes": changes})


# The evaluation itself


LABELS = {
    "resource.type": "pubsub_subscription",
    "resource.labels.subscription_id": "a",
    "metric.type": "m",
}


@pytest.mark.parametrize(
    ("filter_", "is_selected"),
    [
        ('metric.type="m" AND resource.labels.subscription_id=one_of("b", "a")', True),
        ('metric.type="m" AND resource.label.subscription_id=starts_with("b")', False),
        ('resource.labels.subscription_id=monitoring.regex.full_match("a|b")', True),
        ('resource.labels.subscription_id=~"^b"', False),
        ('metric.labels.response_class="ack"', False),
    ],
)
def test_a_filter_selects_by_each_comparison(filter_: str, is_selected: bool) -> None:
    """A label that a series does not have equals nothing."""
    assert is_selected == selects(filter_, LABELS)


@pytest.mark.parametrize("value", ["5", None, True])
def test_a_number_is_compared_with_numbers_alone(value: object) -> None:
    """A null or a text in a log line exceeds nothing; Cloud Logging does not compare it either."""
    assert selects("jsonPayload.days>=5", {"jsonPayload.days": 5})
    assert not selects("jsonPayload.days>=5", {"jsonPayload.days": value})


@pytest.mark.parametrize(
    "filter_", ['metric.type!="m"', "a OR b", 'metric.type=ends_with("m")', ""]
)
def test_a_filter_in_an_unknown_language_is_an_error(filter_: str) -> None:
    """Instead of an alert that silently selects something else."""
    with pytest.raises(UnknownFilter):
        selects(filter_, LABELS)


def _policy(**condition: Any) -> dict[str, Any]:
    kinds = ("condition_threshold", "condition_absent", "condition_prometheus_query_language")
    return {"combiner": "OR", "enabled": None, "conditions": [dict.fromkeys(kinds, ()) | condition]}


def _threshold(**changed: Any) -> dict[str, Any]:
    aggregation = {
        "alignment_period": "900s", "per_series_aligner": "ALIGN_MAX",
        "cross_series_reducer": None, "group_by_fields": None,
    }  # fmt: skip
    condition = {
        "filter": "metric.type=\"m\"", "comparison": "COMPARISON_GT", "threshold_value": 5,
        "duration": "600s", "trigger": [{"count": 1}], "aggregations": [aggregation],
    }  # fmt: skip
    return _policy(condition_threshold=[condition | changed])


def _opens(plan: Plan, policy: Mapping[str, Any], *points: Point) -> int | None:
    return opens_at(plan, policy, series_of(points), 0, 20 * STEP)


def test_a_threshold_must_be_exceeded_for_the_whole_duration(prod: Plan) -> None:
    """At one moment it is not, and the time begins again."""
    high, low = ([Point(at, LABELS, value) for at in range(0, 7200, STEP)] for value in (6, 5))

    assert 600 == _opens(prod, _threshold(), *high)
    assert _opens(prod, _threshold(), *low) is None
    assert _opens(prod, _threshold(duration="0s"), Point(900, LABELS, 6)) == 900
    assert _opens(prod, _threshold(duration="1200s"), Point(900, LABELS, 6)) is None


def test_the_series_of_a_threshold_are_compared_apart_unless_they_are_summed(prod: Plan) -> None:
    """Two of three are below it."""
    aggregation = {
        "alignment_period": "900s", "per_series_aligner": "ALIGN_DELTA",
        "cross_series_reducer": None, "group_by_fields": None,
    }  # fmt: skip
    points = [Point(300, LABELS | {"metric.labels.code": code}, 3) for code in ("403", "429")]
    summed = aggregation | {"cross_series_reducer": "REDUCE_SUM", "group_by_fields": []}

    apart = _threshold(duration="0s", aggregations=[aggregation])
    assert _opens(prod, apart, *points) is None
    assert 300 == _opens(prod, _threshold(duration="0s", aggregations=[summed]), *points)


def test_a_condition_on_absence_needs_a_series_and_a_query_does_not(prod: Plan) -> None:
    """This is why two alerts watch the tick."""
    policies = Plays(prod).alerts
    worked = Days(prod)
    worked.push(0, TICKS, "ack")

    silent, never = policies["silent-tick"], policies["tick-never-worked"]
    assert opens_at(prod, silent, series_of([]), 0, 7200) is None
    assert 1800 == opens_at(prod, silent, series_of(worked.points()), 0, 7200)
    assert 1800 == opens_at(prod, never, series_of([]), 0, 7200)


def test_a_query_that_looks_back_for_too_long_is_an_error(prod: Plan) -> None:
    """Cloud Monitoring refuses a query over a log-based metric beyond 25 hours."""
    query = {"query": 'absent_over_time(m:n{a="b"}[26h])', "duration": "0s"}

    with pytest.raises(UnknownFilter):
        _opens(prod, _policy(condition_prometheus_query_language=[query]))
