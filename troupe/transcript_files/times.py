"""Times as exports write them. A time that could mean two moments is refused, with the remedy."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from typing import Any

from .errors import Refused

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MIDNIGHT = time()
_NUMBER = re.compile(r"[+-]?\d{9,20}(?:\.\d*)?", re.ASCII)
_ZONE_NAME = re.compile(r"\s*(?:UTC|GMT|Z|\[UTC\])$", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?!\d)", re.ASCII)
_DAY_OR_MONTH_FIRST = re.compile(r"\d{1,2}([/.-])\d{1,2}\1\d{2,4}\b", re.ASCII)
_MAIL = re.compile(
    r"(?:[A-Z][a-z]{2},? )?\d{1,2} [A-Z][a-z]{2} \d{4} \d{1,2}:\d{2}(?::\d{2})? (?:[+-]\d{4}|GMT|UT|Z)"
)
"""RFC 2822, which some telephony interfaces write."""
_UNITS = ((10**11, 10**6), (10**14, 10**3), (10**17, 1))
"""Below the first number a count since 1970 has this many microseconds: seconds up to the year
5138, then milliseconds, then microseconds; nanoseconds are divided."""


def utc_time(value: Any, zone: tzinfo | None) -> datetime | None:
    """Return a time in UTC. `zone` is that of times without one; a date means its first moment.

    Raises `Refused` for what is not a time, or has no zone while none is given.
    """
    if value is None or value == "":
        return None
    try:
        return _iso(value) or _aware(value, zone)
    except (OverflowError, OSError) as error:
        raise Refused("the time is out of range: use the years 1 to 9999") from error


def _iso(value: Any) -> datetime | None:
    """Read the form that most files have, RFC 3339, in a third of the time of all forms."""
    if not isinstance(value, str) or value[4:5] != "-":
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.astimezone(UTC)


def _aware(value: Any, zone: tzinfo | None) -> datetime:
    if isinstance(value, bool) or not isinstance(value, (str, int, float, date)):
        raise Refused("expected a time")
    if isinstance(value, (int, float)):
        return _since_epoch(value)
    if isinstance(value, date):
        return _zoned(value, zone)
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return _since_epoch(float(text) if "." in text else int(text))
    return _zoned(_parsed(text), zone)


def _zoned(time: date, zone: tzinfo | None) -> datetime:
    if not isinstance(time, datetime):
        return datetime.combine(time, _MIDNIGHT, zone or UTC).astimezone(UTC)
    if time.tzinfo is None:
        if zone is None:
            raise Refused(
                "the time has no zone: name it with --timezone, such as --timezone Europe/Berlin "
                "or --timezone UTC"
            )
        time = time.replace(tzinfo=zone)
    return time.astimezone(UTC)


def _parsed(text: str) -> date:
    """Parse a time as text: ISO 8601, or as BigQuery, DuckDB, Python and mail programs write it."""
    plain = _YEAR_FIRST.sub(_hyphens, _ZONE_NAME.sub("+00:00", text), count=1)
    plain = re.sub(r" (?=[+-]\d{2}:?\d{0,2}$)", "", plain)
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError:
        if _MAIL.fullmatch(text):
            return _mail_time(text)
        raise Refused(_problem(text)) from None
    return moment.date() if _is_date(plain) else moment


def _hyphens(year_first: re.Match[str]) -> str:
    year, month, day = year_first.groups()
    return f"{year}-{month:0>2}-{day:0>2}"


def _is_date(text: str) -> bool:
    """Whether a text that `datetime` reads has no time of day."""
    return re.fullmatch(r"\d{8}|\d{4}-(?:\d{2}-\d{2}|W\d{2}(?:-\d)?)", text, re.ASCII) is not None


def _mail_time(text: str) -> datetime:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        raise Refused(_problem(text)) from None


def _problem(text: str) -> str:
    if _DAY_OR_MONTH_FIRST.match(text):
        return (
            "the date may begin with the day or the month: write the year first, such as "
            "2026-04-03T10:00:00Z"
        )
    return "this is not a time: write it as in 2026-04-03T10:00:00Z"


def _since_epoch(number: float) -> datetime:
    """Return the moment of a count since 1970, whose unit follows from its size."""
    if not 10**8 <= abs(number) < 10**20:
        raise Refused(
            "the number is no count of seconds, milliseconds or microseconds since 1970 (a "
            "spreadsheet's day number, perhaps): write the time as in 2026-04-03T10:00:00Z"
        )
    for below, microseconds in _UNITS:
        if abs(number) < below:
            return _EPOCH + timedelta(microseconds=round(number * microseconds))
    return _EPOCH + timedelta(microseconds=number // 1000)
