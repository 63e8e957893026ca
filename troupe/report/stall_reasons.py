"""Why a batch or an event waits, and what to do about it."""

from troupe.operations.run_status import AgeLimits, BatchStatus, WaitingEvent

from . import formatting

NEXT_STEP = {
    "planned": "its request file is to be written",
    "uploaded": "its job is to be submitted",
    "ended": "its answers are to be read",
    "processed": "its next attempt or its end is to be published",
}
"""What a batch waits for, by its state."""

ADVICE = {
    "waited": "nothing to do: the next tick republishes it",
    "republished": "it was republished and is not finished; read the handler's log if it stays",
    "given_up": "it was republished as often as allowed; its dead letter follows",
    "replayed": "it was replayed and is not finished; read the handler's log if it stays",
}
"""By the newest outcome of an event's deliveries."""


def batch_reason(
    batch: BatchStatus, limits: AgeLimits, age: float | None = None
) -> tuple[str, bool]:
    """What a batch waits for, and whether an operator must act.

    `age` replaces the seconds in its state, for a view that goes on counting.
    """
    seconds = batch.seconds_in_state if age is None else age
    if batch.held_up is not None:
        held = batch.held_up
        return stuck(held.handler, held.cause, held.letter_id), True
    if batch.state == "submitted":
        return _job_reason(seconds, batch.job_state, limits)
    since = f" for {formatting.seconds(seconds)}" if seconds is not None else ""
    next_step = NEXT_STEP.get(batch.state, "")
    # Handlers need seconds; the first republishing comes after everything that is normal.
    if seconds is None or seconds <= limits.republish_after_seconds:
        return f"{batch.state}{since}; {next_step}", False
    overdue = (
        "and is overdue: check that a worker or service runs, and read its log;"
        " the tick republishes the event"
    )
    return f"{batch.state}{since}; {next_step}, {overdue}", True


def stuck(handler: str, cause: str, letter_id: str) -> str:
    """The handler that gave up, and the command that shows the dead letter."""
    what = (
        "republished as often as allowed" if cause == "stuck_event" else f"dead-lettered ({cause})"
    )
    return f"stuck: handler {handler} {what}, see `troupe dead-letters show {letter_id}`"


def event_reason(event: WaitingEvent) -> str:
    """The reason as recorded, and what to do about it."""
    if event.outcome == "dead_lettered":
        return stuck(event.handler, str(event.reason), event.event_id)
    if event.not_before is not None and event.outcome == "waited":
        return f"next attempt at {formatting.moment(event.not_before)}, after: {event.reason}"
    what = ADVICE.get(event.outcome, "read the handler's log")
    return f"{event.reason}; {what}" if event.reason else what


def job_state(name: str) -> str:
    """`JOB_STATE_RUNNING` and `JobState.RUNNING` both read `running`."""
    plain = name.rsplit(".", 1)[-1].removeprefix("JOB_STATE_")
    return plain.lower().replace("_", " ")


def _job_reason(age: float | None, state: str | None, limits: AgeLimits) -> tuple[str, bool]:
    """A job may need days; a running one has another limit than one in the service's queue."""
    hours = limits.pending_hours + (limits.running_hours if state == "running" else 0)
    if age is not None and age > hours * 3600:
        return (
            (
                f"waiting for Vertex {formatting.seconds(age)}, over the limit of {hours:g} h: "
                "the tick cancels its job"
            ),
            True,
        )
    since = f" {formatting.seconds(age)}" if age is not None else ""
    return f"waiting for Vertex{since}, limit {hours:g} h", False
