"""Times: every form that means one moment is read, and every other one is refused."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from troupe.transcript_files.errors import Refused
from troupe.transcript_files.times import utc_time

MOMENT = datetime(2026, 3, 1, 8, 53, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-01T08:53:00Z",
        "2026-03-01T08:53:00+00:00",
        "2026-03-01T09:53:00+01:00",
        "2026-03-01T08:53Z",
        "2026-03-01t08:53:00z",
        "2026-03-01 08:53:00 UTC",
        "2026-03-01 08:53:00.000000 UTC",
        "2026-03-01 08:53:00+00",
        "2026-03-01 09:53:00+0100",
        "2026-03-01 09:53:00 +0100",
        "2026-03-01T08:53:00.000000000Z",
        "2026/03/01 08:53 UTC",
        "2026/3/1 08:53:00 GMT",
        "20260301T085300Z",
        " 2026-03-01T08:53:00Z ",
        "Sun, 01 Mar 2026 08:53:00 +0000",
        "1 Mar 2026 08:53:00 GMT",
        1772355180,
        1772355180.0,
        1772355180000,
        1772355180000000,
        1772355180000000000,
        "1772355180",
        "1772355180.0",
        "1772355180000",
        MOMENT,
        MOMENT.astimezone(BERLIN),
    ],
)
def test_a_time_that_means_one_moment_is_read(written: Any) -> None:
    """As RFC 3339, BigQuery, DuckDB, mail programs or a count since 1970 write it."""
    assert MOMENT == utc_time(written, None)


@pytest.mark.parametrize(
    "written",
    ["2026-03-01 09:53:00", "2026-03-01T09:53", datetime(2026, 3, 1, 9, 53)],  # noqa: DTZ001
)
def test_a_time_without_a_zone_needs_the_option(written: Any) -> None:
    """The error names it."""
    with pytest.raises(Refused, match="no zone: name it with --timezone"):
        utc_time(written, None)

    assert MOMENT == utc_time(written, BERLIN)


def test_a_date_is_its_first_moment() -> None:
    """In UTC, or in the zone of the option."""
    for written in ("2026-03-01", "2026/3/1", "20260301", date(2026, 3, 1)):
        assert datetime(2026, 3, 1, tzinfo=UTC) == utc_time(written, None)
        assert datetime(2026, 2, 28, 23, tzinfo=UTC) == utc_time(written, BERLIN)


@pytest.mark.parametrize(
    "written",
    [
        "03/04/2026",
        "3/4/2026 10:00",
        "03.04.2026",
        "03-04-2026 10:00:00 UTC",
        "13/04/2026",
        "3/4/26",
    ],
)
def test_a_date_that_may_begin_with_the_day_or_the_month_is_refused(written: str) -> None:
    """Also where one value alone shows which it is: the next one may not. A zone does not help."""
    with pytest.raises(Refused, match="may begin with the day or the month: write the year first"):
        utc_time(written, BERLIN)


@pytest.mark.parametrize(
    "written",
    [
        "yesterday",
        "2026-13-01T00:00:00Z",
        "2026-03-01 08:53:00 CET",
        "8:53",
        "Z",
        "NaN",
        "1e9",
        "١٢",
    ],
)
def test_what_is_no_time_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(Refused, match="this is not a time: write it as in 2026-"):
        utc_time(written, BERLIN)


@pytest.mark.parametrize("number", [0, 46_082.37, 20_260_301, -5, 1e30, float("nan")])
def test_a_number_that_counts_nothing_known_is_refused(number: float) -> None:
    """Such as the days of a spreadsheet."""
    with pytest.raises(Refused, match="no count of seconds, milliseconds"):
        utc_time(number, BERLIN)


@pytest.mark.parametrize("value", [True, ["x"], {"a": 1}])
def test_what_cannot_be_a_time_is_refused(value: Any) -> None:
    with pytest.raises(Refused, match="expected a time"):
        utc_time(value, None)


def test_a_time_outside_of_the_calendar_is_refused() -> None:
    """In UTC it has no year."""
    for written in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
        with pytest.raises(Refused, match="out of range"):
            utc_time(written, None)


@given(
    st.datetimes(
        min_value=datetime(1990, 1, 1),  # noqa: DTZ001
        max_value=datetime(2100, 1, 1),  # noqa: DTZ001
        timezones=st.timezones(),
    )
)
@example(datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN))
def test_all_forms_of_a_time_are_the_same_moment(time: datetime) -> None:
    """With a unit by size, and to the microsecond."""
    moment = time.astimezone(UTC)
    since = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

    assert moment == utc_time(time.isoformat(), None)
    assert moment == utc_time(f"{moment:%Y-%m-%d %H:%M:%S.%f} UTC", None)
    assert moment == utc_time(since, None)
    assert moment.replace(microsecond=0) == utc_time(since // 10**6, None)


@given(st.text(max_size=30) | st.from_regex(r"[0-9/.: -]{4,20}") | st.floats() | st.integers())
def test_nothing_else_happens_for_any_value(value: Any) -> None:
    """A time or a refusal, whatever stands there."""
    for zone in (None, BERLIN):
        try:
            time = utc_time(value, zone)
        except Refused:
            continue
        assert time is None or time.tzinfo is UTC
