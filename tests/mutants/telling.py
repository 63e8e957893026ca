"""Mutants of notifications: receivers, content, signature, and what replies mean."""

from .mutant import Mutant

_WEBHOOK = "tests/notifications/test_webhook.py"
_SETTINGS = "tests/notifications/test_notify_settings.py"
_TOLD = "tests/notifications/test_notification.py"
_HANDLER = "tests/handlers/test_notifying.py"

TELLING = (
    Mutant(
        name="the time of a notification is not signed",
        where="troupe/notifications/webhook.py",
        old='b".".join((notification_id.encode(), time.encode(), body))',
        new='b".".join((notification_id.encode(), body))',
        tests=(f"{_WEBHOOK}::test_a_receiver_can_check_id_time_and_body",),
    ),
    Mutant(
        name="a refused notification is sent again and again",
        where="troupe/notifications/webhook.py",
        old="if reply.code >= HTTPStatus.INTERNAL_SERVER_ERROR or reply.code in _LATER:",
        new="if reply.code >= HTTPStatus.BAD_REQUEST:",
        tests=(f"{_WEBHOOK}::test_a_refusal_is_for_an_operator",),
    ),
    Mutant(
        name="a redirect counts as taken",
        where="troupe/notifications/webhook.py",
        old="if not HTTPStatus.OK <= reply.code < HTTPStatus.MULTIPLE_CHOICES:",
        new="if not HTTPStatus.OK <= reply.code < HTTPStatus.BAD_REQUEST:",
        tests=(f"{_WEBHOOK}::test_a_redirect_is_not_followed",),
    ),
    Mutant(
        name="plain HTTP may leave the machine",
        where="troupe/notifications/settings.py",
        old='parts.scheme == "http" and parts.hostname in _LOOPBACK',
        new='parts.scheme == "http"',
        tests=(f"{_SETTINGS}::test_a_wrong_address_is_refused_without_being_shown",),
    ),
    Mutant(
        name="a dry run is notified",
        where="handlers/notify_run.py",
        old="    if not run.figures.dry_run:\n        notifier.send(run)\n",
        new="    notifier.send(run)\n",
        tests=(f"{_HANDLER}::test_a_dry_run_is_told_to_nobody",),
    ),
    Mutant(
        name="a stopped run is notified as completed",
        where="handlers/summary/run_summary.py",
        old='[row["reason"] for row in tracking.query("stop_reasons_of", here)]',
        new="[]",
        tests=(f"{_HANDLER}::test_a_cancelled_run_is_told_as_stopped",),
    ),
    Mutant(
        name="a refusal by the webhook keeps the log line back",
        where="troupe/notifications/notifiers.py",
        old="        except Reject:\n            self.log_line.send(run)\n            raise\n",
        new="        except Reject:\n            raise\n",
        tests=(f"{_TOLD}::test_a_line_is_written_once_whatever_the_webhook_does",),
    ),
)
