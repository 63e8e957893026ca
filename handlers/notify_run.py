"""Send the notification of a run that is over or was refused, where one is configured."""

from typing import Never

from events import Deployment, Envelope, ReportWritten, RunRefused
from events.ids import notification_id
from tracking import Tracking

from .ports import Notifier
from .summary.ended_run import RefusedRun, ended_run


def notify_run(
    event: ReportWritten | RunRefused,
    envelope: Envelope,
    tracking: Tracking,
    deployment: Deployment,
    notifier: Notifier | None,
) -> list[Never]:
    """Send what the report holds: a redelivery sends the same content under the same id.

    A stopped run is notified here too: its report follows the end of its last batch.
    """
    if notifier is None:
        return []
    id_ = notification_id(envelope.id)
    if isinstance(event, RunRefused):
        notifier.send(
            RefusedRun(
                notification_id=id_,
                deployment=deployment.id,
                run_id=event.run_id,
                reason=event.reason,
            )
        )
        return []
    run = ended_run(
        tracking,
        event.run_id,
        notification_id=id_,
        deployment=deployment.id,
    )
    if not run.figures.dry_run:
        notifier.send(run)
    return []
