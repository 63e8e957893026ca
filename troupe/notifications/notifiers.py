"""The notifier that the settings name: a webhook, log lines, or both."""

from collections.abc import Sequence
from dataclasses import dataclass

from handlers.dispatch.errors import Reject
from handlers.ports import Clock, Notifier
from handlers.summary.ended_run import EndedRun, RefusedRun

from .settings import NotifySettings


@dataclass(frozen=True, slots=True)
class Both:
    """The webhook first: a redelivery repeats no line, and what it refuses for good is logged too."""

    webhook: Notifier
    log_line: Notifier

    def send(self, run: EndedRun | RefusedRun) -> None:
        try:
            self.webhook.send(run)
        except Reject:
            self.log_line.send(run)
            raise
        self.log_line.send(run)


def notifier_of(settings: NotifySettings | None, clock: Clock) -> Notifier | None:
    """Return what sends notifications; None where no notification is configured."""
    if settings is None:
        return None
    from .log_line import LogLine
    from .webhook import Webhook

    forms: Sequence[Notifier] = [
        *([Webhook(settings, clock)] if settings.url else []),
        *([LogLine()] if settings.log else []),
    ]
    return Both(*forms) if len(forms) > 1 else forms[0]
