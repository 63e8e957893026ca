"""Two days of a deployment, minute by minute: what its services log and what Google measures."""

from typing import Any

from tests.terraform.terraform import Plan

from .lines import named
from .points import Entry, Point, of_log

HOUR, DAY = 3600, 86_400
TICK = 300
"""Seconds between two ticks, and between two values of a level."""
TICKS = "watch-jobs.watch-tick"


class Days:
    """Data of two days. The first one is the past; what is tried happens on the second."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._prefix = plan.outputs["settings"]["TROUPE_TOPIC_PREFIX"]
        self._services: dict[str, list[str]] = {
            each["name"]: each["description"].split(", ")
            for each in plan.all("google_cloud_run_v2_service")
        }
        self.subscriptions = [
            each["name"].removeprefix(self._prefix)
            for each in plan.all("google_pubsub_subscription")
        ]
        self._entries: list[Entry] = []
        self._points: list[Point] = []

    def log(self, at: int, handler: str, situation: str, message: str, **changed: Any) -> None:
        """Let a handler log the last line of this name that the product logs in this situation."""
        line = named(situation, message)[-1]
        assert changed.keys() <= line.keys(), f"{message} has no such field: {changed}"
        self._entries.append(Entry(at, self._service_of(handler), {**line, **changed}))

    def deliver(self, at: int, topic: str) -> None:
        """Let a service log the delivery of a message of this topic, as the product logs one."""
        (line, *_) = (each for each in named("run", "delivered") if each["topic"] == topic)
        self._entries.append(Entry(at, self._service_of("plan-run"), line))

    def push(
        self, at: int, subscription: str, response_class: str, count: int = 1, code: str = ""
    ) -> None:
        """Count pushes of a subscription by the class of their response, and its code."""
        labels = {"metric.labels.response_class": response_class}
        labels["metric.labels.response_code"] = code or response_class
        self._measure(at, subscription, "push_request_count", count, labels)

    def wait(self, at: int, subscription: str, seconds: int) -> None:
        """Set the age of the oldest message that is not acknowledged."""
        self._measure(at, subscription, "oldest_unacked_message_age", seconds, {})

    def _measure(
        self, at: int, subscription: str, metric: str, value: float, labels: dict[str, str]
    ) -> None:
        assert subscription in self.subscriptions, subscription
        fields = {
            "resource.type": "pubsub_subscription",
            "resource.labels.subscription_id": f"{self._prefix}{subscription}",
            "metric.type": f"pubsub.googleapis.com/subscription/{metric}",
        }
        self._points.append(Point(at, fields | labels, value))

    def respond(self, at: int, handler: str, code_class: str, count: int) -> None:
        """Count responses of a service by the class of their status."""
        fields = {
            "resource.type": "cloud_run_revision",
            "resource.labels.service_name": self._service_of(handler),
            "metric.type": "run.googleapis.com/request_count",
            "metric.labels.response_code_class": code_class,
        }
        self._points.append(Point(at, fields, count))

    def stop_ticks(self, since: int, until: int = 2 * DAY) -> None:
        """Remove what ticks leave between two moments."""
        self._entries = [
            each
            for each in self._entries
            if not since <= each.at < until or each.line["message"] != "ticked"
        ]
        self._points = [
            each
            for each in self._points
            if not since <= each.at < until
            or not each.fields["metric.type"].endswith("push_request_count")
            or not each.fields["resource.labels.subscription_id"].endswith(TICKS)
        ]

    def stop_requests(self, since: int) -> None:
        """Remove the requests of runs from a moment on."""
        self._entries = [
            each
            for each in self._entries
            if each.at < since or each.line.get("topic") != "run-requested"
        ]

    def points(self) -> list[Point]:
        """Return all data, those of the planned log-based metrics included."""
        return [*self._points, *of_log(self.plan, self._entries)]

    def _service_of(self, handler: str) -> str:
        return next(name for name, handlers in self._services.items() if handler in handlers)


def calm(plan: Plan) -> Days:
    """Two days with a daily run each, and with the small troubles that need no person."""
    days = Days(plan)
    for at in range(0, 2 * DAY, TICK):
        tick(days, at)
    for at in range(DAY, 2 * DAY, 3 * TICK):
        for subscription in days.subscriptions:
            days.wait(at, subscription, 60)
    for at in (3 * HOUR, DAY + 4 * HOUR + HOUR // 2):  # the second one is late
        daily_run(days, at)
    small_troubles(days, DAY + 6 * HOUR)
    return days


def tick(days: Days, at: int) -> None:
    days.push(at, TICKS, "ack")
    days.respond(at, "watch-jobs", "2xx", 1)
    days.log(at, "watch-jobs", "run", "ticked")


def daily_run(days: Days, at: int) -> None:
    """A request, six batches in an hour, and a report; a few records fail."""
    days.deliver(at, "run-requested")
    for batch in range(6):
        days.log(at + 600 * batch, "advance-run", "run", "batch-over", share=0.96)
    days.log(at + 2 * HOUR, "report-run", "run", "run-reported", error_rate=0.04, hours=20.0)


def small_troubles(days: Days, at: int) -> None:
    """Services are short of instances in turn, a handler fails for a moment, a duty fails twice."""
    for number, subscription in enumerate(days.subscriptions[:6]):
        days.push(at + 2 * TICK * number, subscription, "remote_server_4xx", 20)
    days.push(at, "process-results.job-succeeded", "remote_server_5xx", 20)
    days.respond(at, "process-results", "5xx", 50)
    days.wait(at, "process-results.job-succeeded", 1200)
    for later in (0, TICK):
        days.log(at + later, "watch-jobs", "failing-tick", "tick-duty-failed")
    days.log(at, "watch-jobs", "stuck-tick", "ticked", oldest_open_days=4)
    days.stop_ticks(at + HOUR, at + HOUR + 3 * TICK)


def first_day(plan: Plan) -> Days:
    """The first day after an apply: ticks from the fifth minute, a test run within the first hour."""
    days = Days(plan)
    for at in range(TICK, DAY, TICK):
        tick(days, at)
    daily_run(days, HOUR)
    return days
