"""Log lines as Cloud Logging reads them."""

import json
import logging
from collections.abc import Callable

import pytest

from troupe.backends.gcp.cloud_logging import CloudLines, traced

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
Line = Callable[..., dict[str, object]]


@pytest.fixture
def line() -> Line:
    """What is written of one event."""

    def written(event: str, error: Exception | None = None, **about: object) -> dict[str, object]:
        record = logging.LogRecord("troupe.service", logging.ERROR, "", 0, event, (), None)
        if error is not None:
            record.exc_info = (type(error), error, error.__traceback__)
        vars(record).update(about)
        told: dict[str, object] = json.loads(CloudLines("stories").format(record))
        return told

    return written


def test_severity_message_and_time_stand_where_google_looks(line: Line) -> None:
    """And everything else beside them."""
    told = line("delivered", event_id="f1")

    assert ("delivered", "ERROR", "f1") == (told["message"], told["severity"], told["event_id"])
    assert str(told["time"]).endswith("+00:00")


def test_every_line_of_a_delivery_carries_its_trace(line: Line) -> None:
    """In Google's own fields, and only while it lasts."""
    with traced(TRACE):
        told = line("delivered")

    assert (
        "projects/stories/traces/4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", True,
    ) == tuple(
        told[f"logging.googleapis.com/{name}"] for name in ("trace", "spanId", "trace_sampled")
    )  # fmt: skip
    assert "logging.googleapis.com/trace" not in line("delivered")


@pytest.mark.parametrize("broken", ["", "x", "00-1"])
def test_what_is_no_trace_is_left_out(line: Line, broken: str) -> None:
    """Anybody may send a header."""
    with traced(broken):
        assert "logging.googleapis.com/trace" not in line("delivered")


def test_an_error_says_its_kind_and_never_its_text(line: Line) -> None:
    """A foreign error may quote what it read."""
    told = line("delivery-refused", ValueError("Jane Doe, +1 555 0100"))

    assert "ValueError" == told["error"]
    assert "Jane" not in json.dumps(told)
