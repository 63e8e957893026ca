"""Why something stands still, and what to do about it."""

from handlers.tools import Policy

from . import figures

POLICY = Policy()

BATCHES = {
    "planned": "its request file is to be written",
    "uploaded": "its job is to be submitted",
    "submitted": "the service works on its job, or holds it in a queue; nothing to do",
    "ended": "its answers are to be read",
    "processed": "its next attempt or its end is to be told",
}
"""What each state of a batch waits for."""

FACTS = {
    "waited": "nothing to do: the next tick tells it again",
    "retold": "it was told again and is not finished; look at the handler's log if it stays",
    "set_aside": "it lies among the dead letters; correct the cause, then replay or discard",
    "replayed": "it was replayed and is not finished; look at the handler's log if it stays",
}


def batch_advice(state: str, seconds: float | None) -> str:
    """The handlers need seconds, the service may need days: each has its own patience."""
    waits_for = BATCHES.get(state, "")
    if state == "submitted":
        return waits_for if _is_young(seconds, hours=_longest()) else _too_old()
    if _is_young(seconds, hours=POLICY.retell_after_seconds / 3600):
        return waits_for
    return (
        f"{waits_for}, and nobody does it: see that a worker or service runs,"
        " and look at its log; the tick tells it again"
    )


def fact_advice(outcome: str, reason: str | None) -> str:
    what = FACTS.get(outcome, "look at the handler's log")
    return f"{reason}; {what}" if reason else what


def job_state(name: object) -> str:
    """`JOB_STATE_RUNNING` and `JobState.RUNNING` both read `running`."""
    plain = str(name).rsplit(".", 1)[-1].removeprefix("JOB_STATE_")
    return plain.lower().replace("_", " ")


def _longest() -> int:
    return POLICY.pending_hours + POLICY.running_hours


def _is_young(seconds: float | None, *, hours: float) -> bool:
    return seconds is None or seconds <= hours * 3600


def _too_old() -> str:
    limit = figures.seconds(_longest() * 3600)
    return f"older than the {limit} a job may take: the tick asks the service to cancel it"
