"""Notifications by HTTP, signed as the Standard Webhooks say: https://www.standardwebhooks.com.

A receiver knows a repeated notification by its `webhook-id`, which is `id` in the body too.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from http import HTTPStatus

import msgspec

from handlers.dispatch.errors import Redeliver, Reject
from handlers.ports import Clock
from handlers.summary.ended_run import EndedRun, RefusedRun
from troupe.endpoint.connections import Connections, Reply
from troupe.endpoint.failure import EndpointFailure

from .notification import notification_of
from .settings import URL, NotifySettings
from .text import slack_body

TIMEOUT_SECONDS = 10.0
"""For a whole request, the reply included."""
_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


class Webhook:
    """Posts notifications to one address."""

    def __init__(
        self, settings: NotifySettings, clock: Clock, seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._settings, self._clock = settings, clock
        agent = {"User-Agent": "troupe"}
        self._connections = Connections(settings.url, agent, most=1, seconds=seconds)

    def send(self, run: EndedRun | RefusedRun) -> None:
        """Post a notification once.

        Raises `Redeliver` when there is no reply, or one that may be another later, and `Reject`
        for any other reply than a success. Neither quotes the reply, or the address behind its host.
        """
        is_slack = self._settings.format == "slack"
        body = slack_body(run) if is_slack else msgspec.json.encode(notification_of(run))
        header = self._header(run.notification_id, body)
        try:
            reply = self._connections.send("POST", self._settings.url, body, header=header)
        except EndpointFailure as failure:
            why = failure.reason or failure.name
            raise Redeliver(f"{self._settings.host} took no notification: {why}") from None
        if not HTTPStatus.OK <= reply.code < HTTPStatus.MULTIPLE_CHOICES:
            raise self._refusal(reply)

    def close(self) -> None:
        self._connections.close()

    def _header(self, notification_id: str, body: bytes) -> Mapping[str, str]:
        """The time is of this request, so that a receiver can refuse an old one that is repeated."""
        time = str(int(self._clock().timestamp()))
        header = {"webhook-id": notification_id, "webhook-timestamp": time}
        if self._settings.key:
            signed = b".".join((notification_id.encode(), time.encode(), body))
            header["webhook-signature"] = signature(self._settings.key, signed)
        return header

    def _refusal(self, reply: Reply) -> Redeliver | Reject:
        host, status = self._settings.host, f"{reply.code} {reply.name}"
        if reply.code >= HTTPStatus.INTERNAL_SERVER_ERROR or reply.code in _LATER:
            return Redeliver(f"{host} took no notification: {status}")
        remedy = f"correct {URL}, or what answers there"
        if reply.code < HTTPStatus.BAD_REQUEST:
            remedy = f"redirects are not followed, so give the address itself as {URL}"
        detail = f"{host} answered {status}: {remedy}; then replay the dead letter"
        return Reject("notification_refused", detail)


def signature(key: bytes, signed: bytes) -> str:
    """Sign `id.timestamp.body`."""
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
