"""Why something stands still, and what to do about it."""

from dataclasses import dataclass

from handlers.ports import Policy

from . import formatting
from .reconciliation import Fields, part

BATCHES = {
    "planned": "its request file is to be written",
    "uploaded": "its job is to be submitted",
    "ended": "its answers are to be read",
    "processed": "its next attempt or its end is to be told",
}
"""What each state of a batch waits for."""

EVENTS = {
    "waited": "nothing to do: the next tick tells it again",
    "republished": "it was republished and is not finished; look at the handler's log if it stays",
    "replayed": "it was replayed and is not finished; look at the handler's log if it stays",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the troupe of this status waits for what."""

    pending_hours: float
    running_hours: float
    republish_after_seconds: float


def limits_in(events: Fields) -> Limits:
    """As the status tells them; of the usual policy where it does not."""
    told, usual = part(events, "limits"), Policy()
    names = ("pending_hours", "running_hours", "republish_after_seconds")
    return Limits(*(float(told.get(name) or getattr(usual, name)) for name in names))


def batch_standing(row: Fields, limits: Limits) -> str:
    """Where a batch stands, for how long, what it waits for, and what to do where it hangs."""
    state, age = str(row.get("state")), row.get("seconds_in_state")
    held = part(row, "held_up")
    if held:
        return stuck(str(held.get("handler")), str(held.get("cause")), str(held.get("letter_id")))
    if state == "submitted":
        return _for_vertex(age, str(row.get("job_state") or ""), limits)
    since = f" for {formatting.seconds(age)}" if age is not None else ""
    return f"{state}{since}; {_advice(state, age, limits)}"


def stuck(handler: str, cause: str, letter_id: str) -> str:
    """In one line: who gave it up, and the command that shows it."""
    what = (
        "republished as often as allowed" if cause == "stuck_event" else f"dead-lettered ({cause})"
    )
    return f"stuck: handler {handler} {what}, see `troupe dead-letters show {letter_id}`"


def event_advice(row: Fields) -> str:
    """The reason as stored, and what to do about it."""
    outcome, reason = str(row.get("outcome")), row.get("reason")
    if outcome == "dead_lettered":
        return stuck(str(row.get("handler")), str(reason), str(row.get("event_id")))
    what = EVENTS.get(outcome, "look at the handler's log")
    return f"{reason}; {what}" if reason else what


def job_state(name: object) -> str:
    """`JOB_STATE_RUNNING` and `JobState.RUNNING` both read `running`."""
    plain = str(name).rsplit(".", 1)[-1].removeprefix("JOB_STATE_")
    return plain.lower().replace("_", " ")


def _for_vertex(age: float | None, state: str, limits: Limits) -> str:
    """The service may need days; a job in its queue has another limit than one that runs."""
    hours = limits.pending_hours + (limits.running_hours if state == "running" else 0)
    if age is not None and age > hours * 3600:
        return (
            f"waiting for Vertex {formatting.seconds(age)}, over the limit of {hours:g} h: "
            "the tick asks the service to cancel its job"
        )
    told = f" {formatting.seconds(age)}" if age is not None else ""
    return f"waiting for Vertex{told}, limit {hours:g} h"


def _advice(state: str, age: float | None, limits: Limits) -> str:
    """The handlers need seconds; who is later than the first republishing is missed."""
    waits_for = BATCHES.get(state, "")
    if age is None or age <= limits.republish_after_seconds:
        return waits_for
    return (
        f"{waits_for}, and nobody does it: see that a worker or service runs,"
        " and look at its log; the tick tells it again"
    )
