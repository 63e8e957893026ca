"""A notification as text that Slack and what understands its webhooks show."""

from collections.abc import Iterator

import msgspec

from handlers.summary.ended_run import EndedRun, RefusedRun
from troupe.report import formatting, labels
from troupe.report.text.drift import name_of
from troupe.report.text.outcome import SIMULATED, happened

from .notification import Notification, notification_of, outcome_of_ended

FAILURES_SHOWN = 5
MOVED_SHOWN = 5
_SIGNS = {"good": ":white_check_mark:", "warn": ":warning:", "bad": ":x:"}
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
"""The three characters that have a meaning in Slack's texts (documented)."""


def slack_body(run: EndedRun | RefusedRun) -> bytes:
    """Return the payload of an incoming webhook: `text` alone, which Slack's likes read too."""
    text = "\n".join(each.translate(_ESCAPES) for each in _lines(run))
    return msgspec.json.encode({"text": text})


def _lines(run: EndedRun | RefusedRun) -> Iterator[str]:
    notification = notification_of(run)
    sign = _SIGNS.get(notification.severity, ":information_source:")
    if isinstance(run, RefusedRun):
        yield f"{sign} *Run {notification.run_id}* was refused: {labels.plain(run.reason)}."
    else:
        yield f"{sign} *Run {notification.run_id}* ({notification.analysis}). {happened(outcome_of_ended(run))}"
        yield from _figures(notification)
    for step in notification.next:
        yield f"`{step.command}` {step.why}"


def _figures(notification: Notification) -> Iterator[str]:
    for each in notification.failures[:FAILURES_SHOWN]:
        what = labels.error(each.error_type, each.cause)
        yield f"• {formatting.plural(each.records, 'record')}: {what}"
    others = len(notification.failures) - FAILURES_SHOWN
    if others > 0:
        yield f"• {formatting.plural(others, 'further error')}"
    for share in notification.moved[:MOVED_SHOWN]:
        yield f"• {name_of(share)} moved from {share.share_before:.1%} to {share.share_now:.1%}"
    others = len(notification.moved) - MOVED_SHOWN
    if others > 0:
        yield f"• {formatting.plural(others, 'further share')} moved"
    if notification.records:
        cost = formatting.spent(
            notification.cost, notification.records, simulated=notification.simulated
        )
        took = formatting.seconds(
            formatting.between(notification.planned_at, notification.completed_at)
        )
        yield f"It took {took}; {cost}."
    if notification.simulated:
        yield SIMULATED
