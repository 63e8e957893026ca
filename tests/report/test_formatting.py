"""Numbers as text; an unknown one is never a zero."""

from datetime import timedelta, timezone

import pytest

from tests.report.samples import at
from troupe.report import formatting
from troupe.report.text.columns import within


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (None, "none"),
        (0, "0 s"),
        (0.036, "36 ms"),
        (0.9999, "1 s"),
        (4.2, "4.2 s"),
        (59.97, "1 m"),
        (192, "3 m 12 s"),
        (11520, "3 h 12 m"),
        (7200, "2 h"),
        (183600, "2 d 3 h"),
    ],
)
def test_seconds_are_humanised(number: float | None, expected: str) -> None:
    """Two units at most."""
    assert expected == formatting.seconds(number)


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (None, "unknown"),
        (0.0, "$0.00"),
        (0.00001, "under $0.0001"),
        (0.000326, "$0.00033"),
        (0.0123, "$0.012"),
        (0.6116, "$0.61"),
        (12.345, "$12.35"),
        (12345.6, "$12,346"),
    ],
)
def test_dollars_keep_two_significant_digits(amount: float | None, expected: str) -> None:
    """And an unknown price is a word."""
    assert expected == formatting.dollars(amount)


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (None, "none"),
        (0.0, "0 %"),
        (0.0004, "under 0.1 %"),
        (0.575, "57.5 %"),
        (0.99999, "over 99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_only_all_is_a_hundred_per_cent(share: float | None, expected: str) -> None:
    """Rounding makes neither nothing nor everything."""
    assert expected == formatting.percent(share)


def test_times_are_shown_in_utc() -> None:
    """A time without a zone is UTC."""
    expected = "2026-11-21 12:00:00 UTC"

    assert expected == formatting.moment(at(0))
    assert expected == formatting.moment(at(0).astimezone(timezone(timedelta(hours=1))))
    assert expected == formatting.moment(at(0).replace(tzinfo=None))
    assert formatting.moment(None) == "none"


def test_what_is_too_broad_goes_on_below_its_text() -> None:
    """Right of a name, of a time, or a step further in; words and commands stay whole."""
    found = list(
        within(
            [
                "short",
                "cost         one two three four",
                "  2026-11-20 06:00:00 UTC  attempt 1: done",
                "    - 22 the transcript is empty",
                "a-word-that-is-longer-than-the-whole-line",
            ],
            28,
        )
    )

    assert [
        "short",
        "cost         one two three",
        "             four",
        "  2026-11-20 06:00:00 UTC",
        "      attempt 1: done",
        "    - 22 the transcript is",
        "        empty",
        "a-word-that-is-longer-than-the-whole-line",
    ] == found
    assert ["  06:00 UTC  one two three", "             four"] == list(
        within(["  06:00 UTC  one two three four"], 26)
    )
