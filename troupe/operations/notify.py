"""Send the notification of a run again, or for a first try."""

import msgspec

from events import ReportWritten, topic_of
from events.ids import notification_id
from handlers.dispatch.errors import Redeliver, Reject
from handlers.summary.ended_run import ended_run

from .backend import Backend, InvalidOperation
from .runs import plan_of, run_rows

NOT_CONFIGURED = (
    "notifications have no receiver: set TROUPE_NOTIFY_URL and TROUPE_NOTIFY_SECRET, for the worker too; "
    "see docs/how-to/notify.md"
)


class Notified(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `notify`."""

    run_id: str
    notification_id: str
    """The same as of the first notification, so that a receiver may take it for a repetition."""
    problem: str | None
    """Why the receiver did not take it; null when it did."""


def notify(backend: Backend, run_id: str) -> Notified:
    """Send the notification of a run that is over. Raises `InvalidOperation` for any other run."""
    notifier, deployment = backend.dependencies.notifier, backend.deployment
    plan_of(backend, run_id)
    if not run_rows(backend, run_id)[0].is_over:
        raise InvalidOperation(f"run {run_id} is open: its notification is sent when it is over")
    if notifier is None:
        raise InvalidOperation(NOT_CONFIGURED)
    id_ = notification_id(deployment.event(topic_of(ReportWritten), run_id))
    problem = None
    try:
        notifier.send(
            ended_run(
                backend.dependencies.tracking,
                run_id,
                notification_id=id_,
                deployment=deployment.id,
            )
        )
    except Redeliver as error:
        problem = str(error)
    except Reject as error:
        problem = error.detail
    return Notified(run_id=run_id, notification_id=id_, problem=problem)
