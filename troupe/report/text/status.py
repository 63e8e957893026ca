"""How the runs stand, as lines; what holds them up, and what to do."""

from collections.abc import Sequence

import msgspec

from troupe.operations.dead_letters import DeadLetterGroup
from troupe.operations.run_status import Refusal, Status, SystemFault, WaitingRequest
from troupe.report import formatting, labels

from .columns import aligned, folded, line
from .run import SHOWN, job_lines, run_lines, run_row, stop_lines

ONLY_LETTERS = (
    "Everything that is open waits for a dead letter, and a worker has nothing to do:"
    " `troupe dead-letters list` shows the cause and the command."
)


def status_lines(status: Status) -> list[str]:
    """One run in full, or several as a table; then what concerns all of them."""
    runs = status.runs
    requests = [request_line(request) for request in status.requests]
    lines: list[str] = [] if runs or requests else ["No runs."]
    if len(runs) > 1:
        lines += aligned(run_row(run) for run in runs)
        for run in runs:
            lines += _titled(line("Run", run.run_id), stop_lines(run))
    elif runs:
        lines += run_lines(runs[0], status)
    faults = [system_fault_line(fault) for fault in status.system_errors]
    return [
        *lines,
        *requests,
        *cancellation_lines(status),
        *_titled("Refused requests", [refusal_line(refusal) for refusal in status.refusals]),
        *_titled("System errors", folded(faults, SHOWN, "error")),
        *_titled("Dead letters", [dead_letter_line(group) for group in status.dead_letters]),
        *(job_lines(status.jobs) if len(runs) != 1 or status.details is None else []),
        *worker_lines(status),
    ]


def request_line(request: WaitingRequest) -> str:
    requested = formatting.moment(request.requested_at)
    held = request.held_up
    what = (
        f"stuck: handler {held.handler} gave up on it ({held.cause}),"
        f" see `troupe dead-letters show {held.letter_id}`"
        if held
        else "a worker plans it"
    )
    return line(f"Run {request.run_id}: requested {requested}, not planned yet; {what}")


def cancellation_lines(status: Status) -> list[str]:
    """Who requested when that the run is cancelled, until a worker has stopped it."""
    found = status.cancellation
    if found is None:
        return []
    by = f", by {found.by}" if found.by else ""
    requested = f"Cancellation requested {formatting.moment(found.requested_at)}{by}"
    return [line(f"{requested}; a worker carries it out")]


def refusal_line(refusal: Refusal) -> str:
    return line(f"  {refusal.run_id}: {labels.plain(refusal.reason)}:", refusal.detail)


def system_fault_line(fault: SystemFault) -> str:
    where = ", ".join(
        f"{name} {value}"
        for name, value in (
            ("run", fault.run_id),
            ("batch", fault.batch),
            ("attempt", fault.attempt),
        )
        if value is not None
    )
    return line(
        f"  {formatting.moment(fault.created_at)}",
        f"{fault.error_type} ({fault.cause})" if fault.cause else fault.error_type,
        f"in {where}" if where else "",
        f"- {fault.detail}" if fault.detail else "",
        f"- {labels.hint(fault.error_type, fault.hint)}",
    )


def dead_letter_line(group: DeadLetterGroup) -> str:
    """How many, the cause, and the commands that see to them."""
    cause = f"{group.cause}: {group.detail}" if group.detail else group.cause
    return line(
        f"  {formatting.count(group.count)} of {group.handler}:",
        cause if cause.endswith(".") else f"{cause}.",
        remedy(group),
    )


def remedy(group: DeadLetterGroup) -> str:
    """What to do about dead letters; a replay brings those back whose event is in the event log."""
    if not group.is_replayable:
        return (
            "The event log does not hold its event: `troupe dead-letters list` names its id, and"
            " `troupe dead-letters discard ID --reason TEXT` removes it."
        )
    again = f"`troupe dead-letters replay --handler {group.handler}`"
    return f"{labels.hint(group.cause) or 'Remove the cause.'} Then {again}."


def _titled(title: str, lines: Sequence[str]) -> list[str]:
    return [f"{title}:", *lines] if lines else []


def worker_lines(status: Status) -> list[str]:
    """Whether a worker runs, and whether one is needed; nothing where that is not known."""
    worker = status.worker
    if worker is msgspec.UNSET:
        return []
    if worker is None:
        if status.is_finished:
            return ["No worker is running; none is needed."]
        if status.only_letters_wait:
            return [ONLY_LETTERS]
        return ["No worker is running, so nothing moves: start one with `troupe work`."]
    if worker.services:
        return ["The services of the deployment are the workers; `troupe doctor` checks them."]
    return [line("A worker is running, process", worker.pid)]
