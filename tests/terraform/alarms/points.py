"""Metric data as Cloud Monitoring holds them, the filters that select them, and data made of log lines."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.terraform.terraform import Plan

Labels = Mapping[str, str]
USER_METRIC = "logging.googleapis.com/user/"

_TEXT = r'"(?:[^"\\]|\\.)*"'
_CLAUSE = re.compile(
    rf"(?P<path>\w+(?:\.\w+)+)\s*(?P<operator>=~|>=|>|=)\s*"
    rf"(?P<call>[a-z_.]*)\(?(?P<values>{_TEXT}(?:, {_TEXT})*|\d+(?:\.\d+)?)\)?"
)


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a series: a count of its interval, a level, or one value of a distribution."""

    at: int
    """Seconds since the begin of the play."""
    fields: Labels
    """`metric.type`, `resource.type`, and labels such as `metric.labels.outcome`."""
    value: float = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a service in Cloud Logging."""

    at: int
    service: str
    line: Mapping[str, Any]


class UnknownFilter(ValueError):
    """The filter is outside of the language that this module reads; the message holds the clause."""


def selects(filter_: str | None, fields: Mapping[str, Any]) -> bool:
    """Return whether each comparison of a filter of Cloud Monitoring or Cloud Logging holds."""
    if not filter_:
        raise UnknownFilter("the filter is missing")
    return all(_holds(comparison, fields) for comparison in _comparisons(filter_))


@dataclass(frozen=True, slots=True)
class _Comparison:
    path: str
    operator: str
    call: str
    wanted: tuple[Any, ...]


@cache
def _comparisons(filter_: str) -> tuple[_Comparison, ...]:
    """Read a filter; those of services first, which most lines pass, are compared last."""
    return tuple(_comparison(each) for each in re.split(r"\s+AND\s+", filter_.strip()))[::-1]


def _comparison(clause: str) -> _Comparison:
    hit = _CLAUSE.fullmatch(clause)
    if not hit:
        raise UnknownFilter(clause)
    wanted = tuple(json.loads(each) for each in re.findall(_TEXT, hit["values"]) or [hit["values"]])
    path = hit["path"].replace(".label.", ".labels.")
    return _Comparison(path, hit["operator"], hit["call"], wanted)


def _holds(comparison: _Comparison, fields: Mapping[str, Any]) -> bool:
    given, wanted = fields.get(comparison.path), comparison.wanted
    match comparison.operator, comparison.call:
        case ">=", "":
            return isinstance(given, int | float) and given >= wanted[0]
        case ">", "":
            return isinstance(given, int | float) and given > wanted[0]
        case "=~", "":
            return isinstance(given, str) and re.search(wanted[0], given) is not None
        case "=", "" | "one_of":
            return given in wanted
        case "=", "starts_with":
            return isinstance(given, str) and given.startswith(wanted[0])
        case "=", "monitoring.regex.full_match":
            return isinstance(given, str) and re.fullmatch(wanted[0], given) is not None
    raise UnknownFilter(str(comparison))


def of_log(plan: Plan, entries: Iterable[Entry]) -> Iterator[Point]:
    """Yield the data that the planned log-based metrics take from log lines."""
    metrics = plan.all("google_logging_metric")
    for entry in entries:
        resource = {
            "resource.type": "cloud_run_revision",
            "resource.labels.service_name": entry.service,
        }
        fields = resource | {f"jsonPayload.{name}": value for name, value in entry.line.items()}
        for metric in metrics:
            if selects(metric["filter"], fields):
                labels = {
                    f"metric.labels.{label}": str(_extracted(extractor, fields))
                    for label, extractor in (metric["label_extractors"] or {}).items()
                }
                extractor = metric["value_extractor"]
                value = _extracted(extractor, fields) if extractor else 1
                type_ = {"metric.type": f"{USER_METRIC}{metric['name']}"}
                yield Point(entry.at, resource | type_ | labels, float(value))


def _extracted(extractor: str, fields: Mapping[str, Any]) -> Any:
    hit = re.fullmatch(r"EXTRACT\(([\w.]+)\)", extractor)
    if not hit:
        raise UnknownFilter(extractor)
    return fields.get(hit[1], "")
