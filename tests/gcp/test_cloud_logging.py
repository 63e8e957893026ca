"""Log lines in the format of Cloud Logging."""

import json
import logging
from collections.abc import Callable

import pytest

from troupe.backends.gcp.cloud_logging import CloudLines, traced

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
Line = Callable[..., dict[str, object]]


@pytest.fixture
def line() -> Line:
    """Return a function that formats one event."""

    def written(event: str, error: Exception | None = None, **about: object) -> dict[str, object]:
        record = logging.LogRecord("troupe.service", logging.ERROR, "", 0, event, (), None)
        if error is not None:
            record.exc_info = (type(error), error, error.__traceback__)
        vars(record).update(about)
        fields: dict[str, object] = json.loads(CloudLines("stories").format(record))
        return fields

    return written


def test_severity_message_and_time_have_the_names_of_cloud_logging(line: Line) -> None:
    """Other fields are beside them."""
    fields = line("delivered", event_id="f1")

    assert ("delivered", "ERROR", "f1") == (
        fields["message"],
        fields["severity"],
        fields["event_id"],
    )
    assert str(fields["time"]).endswith("+00:00")


def test_every_line_of_a_delivery_carries_its_trace(line: Line) -> None:
    """In Cloud Logging's fields, and only during the delivery."""
    with traced(TRACE):
        fields = line("delivered")

    assert (
        "projects/stories/traces/4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", True,
    ) == tuple(
        fields[f"logging.googleapis.com/{name}"] for name in ("trace", "spanId", "trace_sampled")
    )  # fmt: skip
    assert "logging.googleapis.com/trace" not in line("delivered")


@pytest.mark.parametrize("broken", ["", "x", "00-1"])
def test_an_invalid_trace_is_left_out(line: Line, broken: str) -> None:
    """Any sender may set the header."""
    with traced(broken):
        assert "logging.googleapis.com/trace" not in line("delivered")


def test_an_error_is_logged_by_its_class_without_its_text(line: Line) -> None:
    """A foreign error may quote personal data."""
    fields = line("delivery-refused", ValueError("Jane Doe, +1 555 0100"))

    assert "ValueError" == fields["error"]
    assert "Jane" not in json.dumps(fields)
