"""Notifications as log lines: on Google Cloud a log-based alert mails them."""

import logging

from handlers.summary.ended_run import EndedRun, RefusedRun

from .notification import notification_of

LOG = logging.getLogger("troupe.notifications")


class LogLine:
    """Writes one line for each notification."""

    def send(self, run: EndedRun | RefusedRun) -> None:
        notification = notification_of(run)
        fields = {
            "notification_id": notification.id,
            "run_id": notification.run_id,
            "analysis": notification.analysis or "",
            "outcome": notification.outcome,
            "grade": notification.severity,
            "records": notification.records,
            "analysed": notification.analysed,
            "failed": notification.failed,
            "released": notification.released,
            "reasons": ", ".join(
                [*notification.stop_reasons, *filter(None, [notification.refused_for])]
            ),
            "cost": notification.cost,
            "simulated": notification.simulated,
            "next": notification.next[0].command if notification.next else "",
        }
        LOG.info("run-ended", extra=fields)
