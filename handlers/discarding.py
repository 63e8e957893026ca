"""An operator gives an attempt up: it is closed without answers, by the one closing transaction."""

from analysis import Analyses
from events import ResultsProcessed
from tracking import AttemptKey, Tracking

from .attempts.close import close


def discard_attempt(
    attempt_key: AttemptKey, tracking: Tracking, analyses: Analyses
) -> ResultsProcessed:
    """What `process-results` would tell of the closing; who closed first decides how it reads."""
    return close(attempt_key, tracking, analyses, ending="discarded")
