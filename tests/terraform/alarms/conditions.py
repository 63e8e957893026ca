"""Conditions of alert policies: when would this one open over these data?

A condition is looked at every five minutes. Where a window has no data, a threshold does not hold.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tests.terraform.terraform import Plan

from .points import Labels, Point, UnknownFilter, selects

STEP = 300
_LONGEST_LOOKBACK = {"absent": 84_600, "query": 90_000}
"""Seconds: 23.5 hours of a condition on absence, 25 hours of a query over a log-based metric."""
_QUERY = re.compile(r"absent_over_time\((\w+:\w+)\{([^}]*)\}\[(\d+)([mh])\]\)")
_BURN_RATE = re.compile(
    r'select_slo_burn_rate\("projects/[^/]+/services/([^/]+)/serviceLevelObjectives/([^"]+)", "(\d+)s"\)'
)

Holds = Callable[[int], bool]
Series = Mapping[tuple[tuple[str, str], ...], Sequence[Point]]
Json = Mapping[str, Any]


def opens_at(plan: Plan, policy: Json, data: Series, start: int, end: int) -> int | None:
    """Return the first second in [start, end] at which the policy opens; None when it never does."""
    if policy["combiner"] != "OR" or policy["enabled"] is False:
        return None
    moments = [
        moment
        for condition in policy["conditions"]
        for moment in _moments(plan, condition, data, start, end)
    ]
    return min(moments, default=None)


def _moments(plan: Plan, condition: Json, data: Series, start: int, end: int) -> Iterator[int]:
    """Yield the first moment of each series, or of the query, of one condition."""
    for threshold in condition["condition_threshold"]:
        if hit := _BURN_RATE.fullmatch(threshold["filter"]):
            holds = [_burns(plan, hit, threshold, data)]
        else:
            series = grouped(threshold, data)
            holds = [_exceeds(threshold, values) for values in series.values()]
        yield from _firsts(holds, _seconds(threshold["duration"]), start, end)
    for absent in condition["condition_absent"]:
        series = grouped(absent, data)
        yield from _firsts([_is_absent(absent, each) for each in series.values()], 0, start, end)
    for query in condition["condition_prometheus_query_language"]:
        holds = [_is_absent_in(query["query"], data)]
        yield from _firsts(holds, _seconds(query["duration"]), start, end)


def _firsts(conditions: Iterable[Holds], duration: int, start: int, end: int) -> Iterator[int]:
    """Yield the first moment at which each condition has held for the duration."""
    for holds in conditions:
        held_since: int | None = None
        for now in range(max(0, start - duration), end + 1, STEP):
            held_since = (now if held_since is None else held_since) if holds(now) else None
            if held_since is not None and now >= start and now - held_since >= duration:
                yield now
                break


class Values:
    """The values of one series or group, by time."""

    def __init__(self) -> None:
        self._points: list[tuple[int, float]] = []
        self._times: list[int] = []

    def add(self, point: Point) -> None:
        self._points.append((point.at, point.value))

    def within(self, after: int, until: int) -> list[float]:
        """Return the values in (after, until]."""
        if len(self._times) != len(self._points):
            self._points.sort()
            self._times = [at for at, _ in self._points]
        low, high = bisect_right(self._times, after), bisect_right(self._times, until)
        return [value for _, value in self._points[low:high]]


def grouped(condition: Json, data: Series) -> dict[tuple[object, ...], Values]:
    """Return the selected values by series; summed series by the labels that the sum keeps."""
    (aggregation,) = condition["aggregations"]
    by = [each.replace(".label.", ".labels.") for each in aggregation["group_by_fields"] or []]
    is_summed = aggregation["cross_series_reducer"] == "REDUCE_SUM"
    if aggregation["cross_series_reducer"] not in (None, "REDUCE_SUM"):
        raise UnknownFilter(aggregation["cross_series_reducer"])
    chosen: dict[tuple[object, ...], Values] = defaultdict(Values)
    for fields, each in data.items():
        labels = dict(fields)
        if selects(condition["filter"], labels):
            key = tuple(labels.get(name, "") for name in by) if is_summed else fields
            for point in each:
                chosen[key].add(point)
    return chosen


def series_of(points: Iterable[Point]) -> Series:
    """Return the points of each series, by its fields."""
    series = defaultdict(list)
    for point in points:
        series[tuple(sorted(point.fields.items()))].append(point)
    return series


def _exceeds(threshold: Json, values: Values) -> Holds:
    (aggregation,) = threshold["aggregations"]
    period, limit = _seconds(aggregation["alignment_period"]), threshold["threshold_value"]
    align = _ALIGNERS[aggregation["per_series_aligner"]]
    if threshold["comparison"] != "COMPARISON_GT" or threshold["trigger"][0]["count"] != 1:
        raise UnknownFilter(threshold["comparison"])

    def holds(now: int) -> bool:
        found = values.within(now - period, now)
        return bool(found) and align(found, period) > limit

    return holds


_ALIGNERS: dict[str, Callable[[list[float], int], float]] = {
    "ALIGN_DELTA": lambda found, period: sum(found),
    "ALIGN_RATE": lambda found, period: sum(found) / period,
    "ALIGN_MAX": lambda found, period: max(found),
}


def _is_absent(condition: Json, values: Values) -> Holds:
    """A series that never had data is not there to be absent."""
    duration = _seconds(condition["duration"])
    if duration > _LONGEST_LOOKBACK["absent"]:
        raise UnknownFilter(condition["duration"])

    def holds(now: int) -> bool:
        existed = values.within(-1, now - duration)
        return bool(existed) and not values.within(now - duration, now)

    return holds


def _is_absent_in(query: str, data: Series) -> Holds:
    hit = _QUERY.fullmatch(query)
    seconds = int(hit[3]) * {"m": 60, "h": 3600}[hit[4]] if hit else 0
    if not hit or seconds > _LONGEST_LOOKBACK["query"]:
        raise UnknownFilter(query)
    wanted = dict(re.findall(r'(\w+)="([^"]*)"', hit[2]))
    values = Values()
    for fields, each in data.items():
        if _matches(hit[1], wanted, dict(fields)):
            for point in each:
                values.add(point)
    return lambda now: not values.within(now - seconds, now)


def _matches(name: str, wanted: Mapping[str, str], fields: Labels) -> bool:
    """Compare by the documented mapping: the first slash is a colon, the rest are underscores."""
    first, _, rest = fields["metric.type"].partition("/")
    mapped = f"{re.sub(r'[^a-zA-Z0-9]', '_', first)}:{re.sub(r'[^a-zA-Z0-9]', '_', rest)}"
    labels = {
        path.rpartition(".")[2]: value for path, value in fields.items() if ".labels." in path
    }
    labels["monitored_resource"] = fields["resource.type"]
    return mapped == name and all(labels.get(label) == value for label, value in wanted.items())


def _burns(plan: Plan, hit: re.Match[str], threshold: Json, data: Series) -> Holds:
    """Compare the share of bad values with the share that the objective allows."""
    services = {each["service_id"] for each in plan.all("google_monitoring_custom_service")}
    objectives = {each["slo_id"]: each for each in plan.all("google_monitoring_slo")}
    if hit[1] not in services or threshold["comparison"] != "COMPARISON_GT":
        raise UnknownFilter(threshold["filter"])
    objective, seconds = objectives[hit[2]], int(hit[3])
    ((cut,),) = ([each["distribution_cut"][0]] for each in objective["request_based_sli"])
    (bounds,) = cut["range"]
    least = float("-inf") if bounds["min"] is None else bounds["min"]
    most = float("inf") if bounds["max"] is None else bounds["max"]
    values = Values()
    for fields, each in data.items():
        if selects(cut["distribution_filter"], dict(fields)):
            for point in each:
                values.add(point)

    def holds(now: int) -> bool:
        found = values.within(now - seconds, now)
        bad = sum(not least <= value < most for value in found)
        allowed = 1 - objective["goal"]
        return bool(found) and bad / len(found) / allowed > threshold["threshold_value"]

    return holds


def _seconds(text: str | None) -> int:
    if text is None:
        raise UnknownFilter("a duration or period is missing")
    return int(text.removesuffix("s"))


def budget_mails(budget: Json, spent: float) -> list[float]:
    """Return the shares of a monthly budget of which a mail is sent at this cost."""
    ((amount,),) = (each["specified_amount"] for each in budget["amount"])
    share = spent / float(amount["units"])
    rules = [rule["threshold_percent"] for rule in budget["threshold_rules"]]
    return [limit for limit in rules if limit is not None and share >= limit]
