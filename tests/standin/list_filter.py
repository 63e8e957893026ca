"""The list filter of Vertex's batch prediction jobs: comparisons joined by AND."""

import re
from collections.abc import Callable
from datetime import datetime

from handlers.ports import Job

_TERM = re.compile(
    r"""\s*(?P<field>labels\.[a-z0-9_-]+|create_time|state)\s*(?P<operator>>=|<=|!=|=|<|>)\s*
        (?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s"()]+))\s*""",
    re.VERBOSE,
)
_COMPARISONS: dict[str, Callable[[datetime, datetime], bool]] = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}

Test = Callable[[Job], bool]


class BadFilter(ValueError):
    """A filter that is not valid; the service replies with status 400."""


def read_filter(text: str) -> Test:
    """The test whether a job is listed; an empty filter lists all. Raises `BadFilter`."""
    tests, at = [], 0
    while at < len(text):
        term = _TERM.match(text, at)
        if term is None:
            raise BadFilter("Invalid list filter.")
        tests.append(_test(term))
        at = term.end()
        if at < len(text):
            if not text.startswith("AND ", at) or not text[at + 4 :].strip():
                raise BadFilter("Invalid list filter.")
            at += 4
    return lambda job: all(test(job) for test in tests)


def _test(term: re.Match[str]) -> Test:
    quoted, field, operator = term["quoted"], term["field"], term["operator"]
    value = term["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    if field == "create_time":
        return _timed(operator, value)
    if operator not in ("=", "!="):
        raise BadFilter("Invalid list filter.")
    wanted = operator == "="
    if field == "state":
        return lambda job: (f"JOB_STATE_{job.state.name}" == value) is wanted
    label = field.removeprefix("labels.")
    return lambda job: (job.labels.get(label) == value) is wanted


def _timed(operator: str, value: str) -> Test:
    try:
        time = datetime.fromisoformat(value)
    except ValueError as error:
        raise BadFilter("Invalid time in list filter.") from error
    if time.tzinfo is None:
        raise BadFilter("Invalid time in list filter.")
    compare = _COMPARISONS[operator]
    return lambda job: compare(job.created_at, time)
