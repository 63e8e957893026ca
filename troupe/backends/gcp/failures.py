"""One table that maps failures of Google's services to errors of the delivery loop.

A foreign exception is translated where it is caught. Its text is dropped, because services quote
the data of a request; its class, its reason and our own description of the call are kept.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import grpc
import requests
import urllib3.exceptions
from google.api_core import exceptions as api
from google.auth.exceptions import GoogleAuthError

from handlers.dispatch.errors import Redeliver, Refused, Reject, Unavailable


class AlreadyDone(Exception):
    """The object or job exists already: an earlier try or another caller made it. Read it."""


class Then(Enum):
    """What the failure means for the call."""

    REDELIVER = "redeliver"
    DEAD_LETTER = "dead-lettered"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    ALREADY_DONE = "already done"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table; the first one that matches decides."""

    service: str
    """`bigquery`, `storage`, `pubsub` or `vertex`; one call of it (`vertex:cancel`); or `any`."""
    error: type[BaseException] | int
    """The exception, or the HTTP status of one that has no class of its own."""
    reason: str
    """The reason that the service gives, where a class has several meanings; empty: any."""
    then: Then
    why: str
    cause: str = ""
    """The stable cause of a dead letter or a refusal."""

    def matches(self, service: str, error: BaseException) -> bool:
        return (
            self.service in (service, service.partition(":")[0], "any")
            and (
                self.reason in ("", reason_of(error))
                or (self.reason == STATED and _is_stated(error))
            )
            and _is(error, self.error)
        )


REDELIVER, DEAD_LETTER = Then.REDELIVER, Then.DEAD_LETTER
REFUSED, ALREADY_DONE = Then.REFUSED, Then.ALREADY_DONE
UNAVAILABLE = Then.UNAVAILABLE
STATED = "stated"
"""A reason that stands for any details of the service's own. A proxy's error has none, and may
concern a request that the service has taken."""
PROVISIONING = "service agents are being provisioned"
_CALL = api.GoogleAPICallError

RULES: tuple[Rule, ...] = (
    # BigQuery. `bigquery:job` is a job that ran and failed.
    Rule("bigquery:job", api.Conflict, "", REDELIVER, "runs again under the next suffix"),
    Rule("bigquery", api.Aborted, "", REDELIVER, "a concurrent writer conflicts"),
    Rule("bigquery", api.Conflict, "", ALREADY_DONE, "a job or table of this name exists"),
    Rule("bigquery", _CALL, "bytesBilledLimitExceeded", DEAD_LETTER,
         "it reads more than the operator allows", "bytes_billed_limit"),
    Rule("bigquery", _CALL, "billingTierLimitExceeded", DEAD_LETTER,
         "the same query needs the same work", "billing_tier_limit"),
    Rule("bigquery", _CALL, "responseTooLarge", DEAD_LETTER,
         "the same query has the same answer", "response_too_large"),
    Rule("bigquery", 413, "", DEAD_LETTER, "the same parameters stay too large", "request_too_large"),
    Rule("bigquery", _CALL, "invalid", DEAD_LETTER,
         "an invalid file or parameter stays invalid", "data_refused"),
    Rule("bigquery", _CALL, "invalidQuery", REDELIVER,
         "also the reason for a transaction that a concurrent update aborted"),
    Rule("bigquery", api.NotFound, "", REDELIVER,
         "a new table or job is found late, and a staging table is loaded again"),
    Rule("bigquery:append", api.InvalidArgument, "", REDELIVER,
         "rows are checked before they are sent; a new column is accepted minutes later"),
    # Cloud Storage
    Rule("storage", api.PreconditionFailed, "", ALREADY_DONE, "an object of this name exists"),
    Rule("storage", api.NotFound, "", DEAD_LETTER,
         "a generation that was deleted does not come back", "object_missing"),
    Rule("storage", api.Conflict, "", REDELIVER, "two callers wrote one name at the same time"),
    Rule("storage", 410, "", REDELIVER, "the upload session expired; the next try starts another"),
    Rule("storage", api.BadRequest, "", DEAD_LETTER,
         "an invalid name or address stays invalid", "bad_object_name"),
    # Pub/Sub
    Rule("pubsub", api.AlreadyExists, "", ALREADY_DONE, "it exists"),
    Rule("pubsub", api.InvalidArgument, "", DEAD_LETTER,
         "a message over the limits stays over them", "message_refused"),
    Rule("pubsub", api.NotFound, "", REDELIVER, "until the topic or subscription exists again"),
    # Vertex AI. Codes 3, 7, 9 and 404 are permanent until an operator removes the cause.
    Rule("vertex:cancel", api.BadRequest, "", ALREADY_DONE, "a job that ended cannot be cancelled"),
    Rule("vertex:cancel", api.NotFound, "", ALREADY_DONE, "a job that was deleted has ended"),
    Rule("vertex:create", api.TooManyRequests, STATED, UNAVAILABLE, "the quota is used up"),
    Rule("vertex:create", api.ServiceUnavailable, STATED, UNAVAILABLE, "the service says so itself"),
    Rule("vertex:create", api.BadRequest, PROVISIONING, UNAVAILABLE, "it takes some minutes"),
    Rule("vertex", api.NotFound, "", REFUSED, "the model does not exist", "model_not_found"),
    Rule("vertex", api.Forbidden, "", REFUSED, "a permission is missing", "permission_denied"),
    Rule("vertex", api.FailedPrecondition, "", REFUSED, "code 9", "bucket_unusable"),
    Rule("vertex", api.OutOfRange, "", REFUSED, "code 11", "bad_request"),
    Rule("vertex", api.BadRequest, "", REFUSED, "code 3", "bad_request"),
    # All services
    Rule("any", api.TooManyRequests, "", REDELIVER, "a quota is used up for a while"),
    Rule("any", api.Forbidden, "", REDELIVER,
         "a quota or a permission: of the service, not of the message; grants take minutes"),
    Rule("any", api.Unauthorized, "", REDELIVER, "an expired token is replaced"),
    Rule("any", api.Cancelled, "", REDELIVER, "the connection was closed during the call"),
    Rule("any", api.ServerError, "", REDELIVER, "the service has an outage"),
    Rule("any", api.RetryError, "", REDELIVER, "the client's deadline; the result is unknown"),
    Rule("any", api.GoogleAPIError, "", REDELIVER, "unknown; Pub/Sub counts the attempts"),
    Rule("any", GoogleAuthError, "", REDELIVER, "the metadata server or the token service failed"),
    Rule("any", requests.RequestException, "", REDELIVER, "no reply, or half of one"),
    Rule("any", urllib3.exceptions.HTTPError, "", REDELIVER, "no reply, or half of one"),
    Rule("any", grpc.RpcError, "", REDELIVER, "no reply"),
    Rule("any", ConnectionError, "", REDELIVER, "no connection"),
    Rule("any", TimeoutError, "", REDELIVER, "a timeout is not a failure: the result is unknown"),
)  # fmt: skip


def rule_for(service: str, error: BaseException) -> Rule | None:
    """Return the first row that matches; None for an error of neither Google nor the network."""
    known = _as_known(error)
    return next((rule for rule in RULES if rule.matches(service, known)), None)


@contextmanager
def translated(service: str, what: str) -> Iterator[None]:
    """Translate foreign exceptions to an error of the delivery loop, or to `AlreadyDone`.

    `what` describes the call for the error's text: ids and names, no personal data.
    """
    try:
        yield
    except Exception as error:
        rule = rule_for(service, error)
        if rule is None:
            raise
        raise _translated(rule, _description(what, error)) from error


def reason_of(error: BaseException) -> str:
    """Return the reason that the service gave, such as `notFound`; empty when it gave none."""
    for each in getattr(error, "errors", None) or ():
        if isinstance(each, dict) and each.get("reason"):
            return str(each["reason"])
    if PROVISIONING in str(getattr(error, "message", "")).lower():
        return PROVISIONING
    reason = getattr(error, "reason", None)
    return reason if isinstance(reason, str) else ""


def _is_stated(error: BaseException) -> bool:
    """Tell whether the error carries details such as QuotaFailure or ErrorInfo."""
    kinds = {type(detail).__name__ for detail in getattr(error, "details", None) or ()}
    return bool(kinds & {"QuotaFailure", "ErrorInfo"})


def _translated(rule: Rule, description: str) -> Exception:
    if rule.then is Then.DEAD_LETTER:
        return Reject(rule.cause, description)
    if rule.then is Then.REFUSED:
        return Refused(rule.cause, description)
    if rule.then is Then.UNAVAILABLE:
        return Unavailable(description)
    return AlreadyDone(description) if rule.then is Then.ALREADY_DONE else Redeliver(description)


def _description(what: str, error: BaseException) -> str:
    known = _as_known(error)
    shown = known if isinstance(error, grpc.Call) else error
    words = [type(shown).__name__, str(getattr(known, "code", None) or ""), reason_of(known)]
    return f"{what}: {' '.join(word for word in words if word)}"


def _as_known(error: BaseException) -> BaseException:
    """Return a failure that holds only a reply or a call as one of the table's exceptions.

    Cloud Storage's uploads raise an `InvalidResponse`, which is not a `GoogleAPIError`.
    """
    if isinstance(error, api.GoogleAPIError | GoogleAuthError | requests.RequestException):
        return error
    status = getattr(getattr(error, "response", None), "status_code", None)
    known: BaseException = error
    if isinstance(error, grpc.Call):
        known = api.from_grpc_error(error)
    elif isinstance(status, int) and status >= 300:
        known = api.from_http_status(status, "")
    elif type(error).__module__.startswith("google."):
        known = api.GoogleAPIError()
    return known


def _is(error: BaseException, kind: type[BaseException] | int) -> bool:
    if isinstance(kind, int):
        return getattr(error, "code", None) == kind
    return isinstance(error, kind)
