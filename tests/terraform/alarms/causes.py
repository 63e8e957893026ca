"""What can go wrong, and the alert that says so: one table, played by the tests and by `__main__`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from tests.terraform.terraform import Plan

from .conditions import Series, budget_mails, opens_at, series_of
from .day import DAY, HOUR, TICK, TICKS, Days, calm, first_day

NOON = DAY + 12 * HOUR
WITHOUT_SCHEDULE = frozenset({"daily-run-missing"})
"""Alerts of deployments with a daily run alone."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that goes wrong."""

    alert: str
    """The alert that opens: its section of the runbook."""
    text: str
    happens: Callable[[Days], None]
    within: float = 24
    """Hours after which the alert has opened at the latest."""
    fresh: bool = False
    """Nothing has ever worked before."""


def _tick_refused(days: Days) -> None:
    days.stop_ticks(NOON)
    for at in range(NOON, NOON + 12 * HOUR, TICK):
        days.push(at, TICKS, "remote_server_4xx", 2)


def _ticks_end(days: Days) -> None:
    days.stop_ticks(NOON)


def _nothing(days: Days) -> None:
    """Nothing comes."""


def _push_refused(days: Days) -> None:
    """Now with 403, now with 429, which are two series."""
    for number, at in enumerate(range(NOON, NOON + 4 * HOUR, 600)):
        code = "403" if number % 2 else "429"
        days.push(at, "process-results.job-succeeded", "remote_server_4xx", code=code)


def _stuck_run(days: Days) -> None:
    days.log(NOON, "watch-jobs", "stuck-tick", "ticked")


def _no_request(days: Days) -> None:
    days.stop_requests(DAY)


def _failed_records(days: Days) -> None:
    days.log(NOON, "report-run", "failed-run", "run-reported")


def _backlog(days: Days) -> None:
    for at in range(NOON, NOON + 4 * HOUR, TICK):
        days.wait(at, "write-jsonl.batch-planned", at - NOON)


def _letter(days: Days) -> None:
    days.log(NOON, "record-dead-letter", "letter", "event-dead-lettered")


def _unrecorded(days: Days) -> None:
    for at in range(NOON, NOON + 4 * HOUR, TICK):
        days.wait(at, "record-dead-letter.dead-letter-plan-run", at - NOON)


def _failing(days: Days) -> None:
    for at in range(NOON, NOON + HOUR, TICK):
        days.respond(at, "submit-job", "5xx", 60)


def _refused(days: Days) -> None:
    days.log(NOON, "plan-run", "refusal", "run-refused")


def _duty(days: Days) -> None:
    for at in range(NOON, NOON + HOUR, TICK):
        days.log(at, "watch-jobs", "failing-tick", "tick-duty-failed")


def _moved(days: Days) -> None:
    days.log(NOON, "report-run", "moved", "share-moved")


def _bad_batches(days: Days) -> None:
    for at in range(NOON, NOON + HOUR, 600):
        days.log(at, "advance-run", "failed-run", "batch-over")


def _some_bad_batches(days: Days) -> None:
    for number, at in enumerate(range(DAY + 5 * HOUR, 2 * DAY, 2 * HOUR)):
        days.log(at, "advance-run", "run", "batch-over", share=0.5 if number % 3 == 0 else 1.0)
        days.log(at + 60, "advance-run", "run", "batch-over", share=1.0)


def _late_runs(days: Days) -> None:
    days.log(NOON, "report-run", "run", "run-reported", hours=40.0)


def _some_late_runs(days: Days) -> None:
    for number, at in enumerate(range(DAY + 6 * HOUR, 2 * DAY, 2 * HOUR)):
        hours = 40.0 if number == 4 else 1.0
        days.log(at, "report-run", "run", "run-reported", hours=hours)
        days.log(at + 60, "report-run", "run", "run-reported", hours=2.0)


CAUSES = (
    Cause("silent-tick", "the tick is refused with 403 or 429", _tick_refused, within=1),
    Cause("refused-pushes", "the tick is refused with 403 or 429", _tick_refused, within=1),
    Cause("silent-tick", "Cloud Scheduler publishes no tick any more", _ticks_end, within=1),
    Cause("tick-never-worked", "the tick is refused with 403 or 429", _tick_refused, within=2),
    Cause("tick-never-worked", "no tick ever comes", _nothing, within=1, fresh=True),
    Cause("refused-pushes", "one message is refused again and again", _push_refused, within=1),
    Cause("open-run", "a job never ends", _stuck_run, within=0.1),
    Cause("daily-run-missing", "the daily run is not requested", _no_request),
    Cause("daily-run-missing", "no run is ever requested", _nothing, within=3, fresh=True),
    Cause("error-rate", "every answer of a run is unreadable", _failed_records, within=0.1),
    Cause("oldest-unacknowledged", "a handler does not keep up", _backlog, within=1),
    Cause("dead-letters-waiting", "a message cannot be read", _letter, within=0.1),
    Cause("dead-letters-unrecorded", "letters cannot be recorded", _unrecorded, within=2),
    Cause("failing-handlers", "a handler answers 503", _failing, within=1),
    Cause("refused-run", "a request is invalid", _refused, within=0.1),
    Cause("failing-duty", "Vertex AI refuses the list of jobs", _duty, within=1),
    Cause("moved-share", "a share of the answers moved", _moved, within=0.1),
    Cause("objective-batches", "the batches of an hour lose their records", _bad_batches, within=1),
    Cause("objective-batches", "a batch in six loses its records", _some_bad_batches),
    Cause("objective-runs", "a run takes 40 hours", _late_runs, within=0.1),
    Cause("objective-runs", "some runs of a day take 40 hours", _some_late_runs),
)


class Plays:
    """The causes, played through one plan. The data of the calm days are made once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.alerts = {
            policy["documentation"][0]["content"].partition("#")[2]: policy
            for policy in plan.all("google_monitoring_alert_policy")
            if "#" in policy["documentation"][0]["content"]
        }
        """The planned policies that have a section in the runbook, by its name."""

    @cached_property
    def _calm(self) -> tuple[tuple[Series, int, int], ...]:
        return (
            (series_of(calm(self.plan).points()), DAY, 2 * DAY),
            (series_of(first_day(self.plan).points()), 0, DAY),
        )

    def fires(self, cause: Cause) -> bool:
        """Play a cause through its alert; return whether it opens in time."""
        days = Days(self.plan) if cause.fresh else calm(self.plan)
        cause.happens(days)
        start, begin = (0, 0) if cause.fresh else (DAY, NOON)
        policy, data = self.alerts[cause.alert], series_of(days.points())
        moment = opens_at(self.plan, policy, data, start, start + DAY)
        return moment is not None and moment <= begin + cause.within * HOUR

    def is_silent(self, alert: str) -> bool:
        """Return whether the alert stays closed on calm days, the first after an apply among them."""
        return all(
            opens_at(self.plan, self.alerts[alert], data, start, end) is None
            for data, start, end in self._calm
        )

    def budget_is_right(self) -> bool:
        """Return whether mails say that the month has cost its budget, and none while it is calm."""
        return all(
            budget_mails(budget, spent=units) == [0.5, 0.9, 1.0]
            and budget_mails(budget, spent=units * 0.4) == []
            for budget in self.plan.all("google_billing_budget")
            for units in [float(budget["amount"][0]["specified_amount"][0]["units"])]
        )
