"""Errors that a handler or a backend raises, named after what the receiver should do.

    Redeliver    a passing fault: deliver the same message again, later, with back-off
    Wait         not now: acknowledge; the tick republishes the event, at a given time or soon
    Reject       the message can never succeed: to the dead letters at once, with its cause
    Refused      Vertex refuses this job, now and later
    Unavailable  Vertex certainly did not create the job; a later request may succeed

A record that fails is no error here: it is a row in `error_tracking`.
"""

from datetime import datetime


class Redeliver(Exception):
    """A dependency failed for now; the next delivery of the message may succeed."""


class Wait(Exception):
    """Another caller has to act first, or a time has to come.

    What the handler has yielded before is published.
    """

    def __init__(self, reason: str, *, not_before: datetime | None = None) -> None:
        """`reason` is shown to operators.

        Without `not_before` the tick republishes the event as one that was not handled.
        """
        super().__init__(reason)
        self.not_before = not_before


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


class Unavailable(Exception):
    """Vertex said that it did not create this job, and that it may do so later."""
