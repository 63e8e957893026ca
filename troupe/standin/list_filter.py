"""The filters of Vertex's lists, as far as batch jobs need them: comparisons joined by AND."""

import re
from collections.abc import Callable
from datetime import datetime

from handlers.ports import Job

_TERM = re.compile(
    r"""\s*(?P<field>labels\.[a-z0-9_-]+|create_time|state)\s*(?P<sign>>=|<=|!=|=|<|>)\s*
        (?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s"()]+))\s*""",
    re.VERBOSE,
)
_ORDER: dict[str, Callable[[datetime, datetime], bool]] = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}

Test = Callable[[Job], bool]


class BadFilter(ValueError):
    """The service answers 400 to a filter that it cannot read."""


def read_filter(text: str) -> Test:
    """Which jobs a list shows; an empty filter shows all. Raises `BadFilter`."""
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
    quoted, field, sign = term["quoted"], term["field"], term["sign"]
    value = term["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    if field == "create_time":
        return _timed(sign, value)
    if sign not in ("=", "!="):
        raise BadFilter("Invalid list filter.")
    wanted = sign == "="
    if field == "state":
        return lambda job: (f"JOB_STATE_{job.state.name}" == value) is wanted
    label = field.removeprefix("labels.")
    return lambda job: (job.labels.get(label) == value) is wanted


def _timed(sign: str, value: str) -> Test:
    try:
        time = datetime.fromisoformat(value)
    except ValueError as error:
        raise BadFilter("Invalid time in list filter.") from error
    if time.tzinfo is None:
        raise BadFilter("Invalid time in list filter.")
    compare = _ORDER[sign]
    return lambda job: compare(job.created_at, time)
