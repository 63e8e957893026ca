"""Errors are named after what the receiver should do.

    Redeliver    chance: the same message again, later, with back-off
    Wait         somebody else is at it: acknowledged, republished by the tick
    Reject     never: among the dead letters at once, with its cause
    Refused      Vertex will not take this job, now or later

Rejecting one record is no error here: it is a row in `error_tracking`.
"""


class Redeliver(Exception):
    """A tool failed by chance; delivery the message again may succeed."""


class Wait(Exception):
    """Nothing can be done before somebody else has acted."""


class Reject(Exception):
    """This message can never succeed as it is; an operator has to look."""

    def __init__(self, cause: str, detail: str) -> None:
        """`cause` is a stable word; `detail` holds ids and counts, no personal data."""
        super().__init__(f"{cause}: {detail}")
        self.cause, self.detail = cause, detail


class Refused(Exception):
    """The service turned a job down for a cause that time does not mend."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(f"{cause}: {detail}")
        self.cause, self.detail = cause, detail
