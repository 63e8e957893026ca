"""Errors that a handler or a backend raises, named after what the receiver should do.

    Redeliver    a passing fault: deliver the same message again, later, with back-off
    Wait         another caller is at work: acknowledge; the tick republishes the event
    Reject       the message can never succeed: to the dead letters at once, with its cause
    Refused      Vertex refuses this job, now and later

A record that fails is no error here: it is a row in `error_tracking`.
"""


class Redeliver(Exception):
    """A dependency failed for now; the next delivery of the message may succeed."""


class Wait(Exception):
    """Another caller has to act first."""


class Reject(Exception):
    """This message can never succeed as it is; an operator has to look at it."""

    def __init__(self, cause: str, detail: str) -> None:
        """`cause` is a stable word; `detail` holds ids and counts, no personal data."""
        super().__init__(f"{cause}: {detail}")
        self.cause, self.detail = cause, detail


class Refused(Exception):
    """Vertex refused a job for a cause that no later attempt changes."""

    def __init__(self, cause: str, detail: str) -> None:
        """`cause` is a stable word; `detail` holds ids and counts, no personal data."""
        super().__init__(f"{cause}: {detail}")
        self.cause, self.detail = cause, detail
