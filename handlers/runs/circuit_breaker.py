"""The circuit breaker: it stops a run when too large a share of its records failed."""

from tracking import Progress


def breaker_trips(progress: Progress, most_percent: float) -> bool:
    """Tell whether the failures in the batches that have ended exceed `most_percent`."""
    if progress.stopped or progress.finished >= progress.batches or not progress.records_over:
        return False
    return failed_percent(progress) > most_percent


def failed_percent(progress: Progress) -> float:
    """Return the per cent of failed records in the batches that have ended."""
    return 100.0 * progress.failed_over / progress.records_over
