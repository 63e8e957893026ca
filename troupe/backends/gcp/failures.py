"""What a failure of Google's services means for the message that met it: one table.

A foreign exception is renamed where it enters. Its text is left behind, because services quote
what they were sent; its kind, its reason and our own words for the call go on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import grpc  # type: ignore[import-untyped]
import requests
import urllib3.exceptions
from google.api_core import exceptions as api
from google.auth.exceptions import GoogleAuthError

from handlers.dispatch.errors import Redeliver, Refused, Reject


class AlreadyDone(Exception):
    """What was asked for is there: an earlier try did it, or somebody else. Look at it."""


class Then(Enum):
    """What becomes of the call."""

    REDELIVER = "redeliver"
    DEAD_LETTER = "dead-lettered"
    REFUSED = "refused"
    ALREADY_DONE = "already done"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table; the first that fits decides."""

    service: str
    """`bigquery`, `storage`, `pubsub` or `vertex`; one call of it (`vertex:cancel`); or `any`."""
    error: type[BaseException] | int
    """The exception, or the HTTP status of one that has no class of its own."""
    reason: str
    """The service's own word, where an exception has several meanings; empty fits all."""
    then: Then
    why: str
    cause: str = ""
    """The stable word for what is dead-lettered or refused."""

    def fits(self, service: str, error: BaseException) -> bool:
        return (
            self.service in (service, service.partition(":")[0], "any")
            and self.reason in ("", reason_of(error))
            and _is(error, self.error)
        )


REDELIVER, DEAD_LETTER = Then.REDELIVER, Then.DEAD_LETTER
REFUSED, ALREADY_DONE = Then.REFUSED, Then.ALREADY_DONE
_CALL = api.GoogleAPICallError

RULES: tuple[Rule, ...] = (
    # BigQuery. `bigquery:job` is a job that ran and failed.
    Rule("bigquery:job", api.Conflict, "", REDELIVER, "done again under the next suffix"),
    Rule("bigquery", api.Aborted, "", REDELIVER, "another writer was in the way"),
    Rule("bigquery", api.Conflict, "", ALREADY_DONE, "a job or table of this name was made before"),
    Rule("bigquery", _CALL, "bytesBilledLimitExceeded", DEAD_LETTER,
         "it reads more than the operator allowed", "bytes_billed_limit"),
    Rule("bigquery", _CALL, "billingTierLimitExceeded", DEAD_LETTER,
         "the same query needs the same work", "billing_tier_limit"),
    Rule("bigquery", _CALL, "responseTooLarge", DEAD_LETTER,
         "the same query has the same answer", "response_too_large"),
    Rule("bigquery", 413, "", DEAD_LETTER, "the same parameters stay too large", "request_too_large"),
    Rule("bigquery", _CALL, "invalid", DEAD_LETTER,
         "a file or a parameter that does not fit will never fit", "data_refused"),
    Rule("bigquery", _CALL, "invalidQuery", REDELIVER,
         "also the word for a transaction that a concurrent update aborted"),
    Rule("bigquery", api.NotFound, "", REDELIVER,
         "a new table or job shows late, and what was staged is staged again"),
    Rule("bigquery:append", api.InvalidArgument, "", REDELIVER,
         "rows are checked before they go; a column that was just added shows minutes late"),
    # Cloud Storage
    Rule("storage", api.PreconditionFailed, "", ALREADY_DONE, "an object of this name is there"),
    Rule("storage", api.NotFound, "", DEAD_LETTER,
         "a pinned generation that is gone does not come back", "object_missing"),
    Rule("storage", api.Conflict, "", REDELIVER, "two wrote one name at the same moment"),
    Rule("storage", 410, "", REDELIVER, "the session of an upload ended; the next begins anew"),
    Rule("storage", api.BadRequest, "", DEAD_LETTER,
         "a name or an address that is not allowed stays so", "bad_object_name"),
    # Pub/Sub
    Rule("pubsub", api.AlreadyExists, "", ALREADY_DONE, "it was made before"),
    Rule("pubsub", api.InvalidArgument, "", DEAD_LETTER,
         "a message over its limits stays over them", "message_refused"),
    Rule("pubsub", api.NotFound, "", REDELIVER, "until the topic or subscription is mended"),
    # Vertex AI. Codes 3, 7, 9 and 404 are permanent until somebody mends their cause.
    Rule("vertex:cancel", api.BadRequest, "", ALREADY_DONE, "a job that ended cannot be cancelled"),
    Rule("vertex:cancel", api.NotFound, "", ALREADY_DONE, "a job that was deleted has ended"),
    Rule("vertex", api.NotFound, "", REFUSED, "the model is not there", "model_not_found"),
    Rule("vertex", api.Forbidden, "", REFUSED, "a right is missing", "permission_denied"),
    Rule("vertex", api.FailedPrecondition, "", REFUSED, "code 9", "bucket_unusable"),
    Rule("vertex", api.OutOfRange, "", REFUSED, "code 11", "bad_request"),
    Rule("vertex", api.BadRequest, "", REFUSED, "code 3", "bad_request"),
    # What means the same everywhere
    Rule("any", api.TooManyRequests, "", REDELIVER, "a quota, for now"),
    Rule("any", api.Forbidden, "", REDELIVER,
         "a quota, or a right: it is the service's, not the message's, and spreads in minutes"),
    Rule("any", api.Unauthorized, "", REDELIVER, "a token that ran out is made anew"),
    Rule("any", api.Cancelled, "", REDELIVER, "the connection was closed under the call"),
    Rule("any", api.ServerError, "", REDELIVER, "the service is in trouble"),
    Rule("any", api.RetryError, "", REDELIVER, "the client's own deadline; the end is unknown"),
    Rule("any", api.GoogleAPIError, "", REDELIVER, "not known here; attempts are counted"),
    Rule("any", GoogleAuthError, "", REDELIVER, "the metadata server or the token's maker failed"),
    Rule("any", requests.RequestException, "", REDELIVER, "no reply, or half of one"),
    Rule("any", urllib3.exceptions.HTTPError, "", REDELIVER, "no reply, or half of one"),
    Rule("any", grpc.RpcError, "", REDELIVER, "no reply"),
    Rule("any", ConnectionError, "", REDELIVER, "no connection"),
    Rule("any", TimeoutError, "", REDELIVER, "a time-out is no failure: the end is unknown"),
)  # fmt: skip


def rule_for(service: str, error: BaseException) -> Rule | None:
    """The row that decides about this failure; None for what is not Google's or the network's."""
    known = _renamed(error)
    return next((rule for rule in RULES if rule.fits(service, known)), None)


@contextmanager
def translated(service: str, what: str) -> Iterator[None]:
    """Foreign exceptions leave this block as `Redeliver`, `Reject`, `Refused` or `AlreadyDone`.

    `what` says in our own words what was tried: ids and names, no personal data.
    """
    try:
        yield
    except Exception as error:
        rule = rule_for(service, error)
        if rule is None:
            raise
        raise _ours(rule, _told(what, error)) from error


def reason_of(error: BaseException) -> str:
    """The service's own word for a failure, as `notFound`; empty where it gave none."""
    for each in getattr(error, "errors", None) or ():
        if isinstance(each, dict) and each.get("reason"):
            return str(each["reason"])
    reason = getattr(error, "reason", None)
    return reason if isinstance(reason, str) else ""


def _ours(rule: Rule, told: str) -> Exception:
    if rule.then is Then.DEAD_LETTER:
        return Reject(rule.cause, told)
    if rule.then is Then.REFUSED:
        return Refused(rule.cause, told)
    return AlreadyDone(told) if rule.then is Then.ALREADY_DONE else Redeliver(told)


def _told(what: str, error: BaseException) -> str:
    known = _renamed(error)
    shown = known if isinstance(error, grpc.Call) else error
    words = [type(shown).__name__, str(getattr(known, "code", None) or ""), reason_of(known)]
    return f"{what}: {' '.join(word for word in words if word)}"


def _renamed(error: BaseException) -> BaseException:
    """The same failure as one of the table's exceptions, where it only holds a reply or a call.

    The binary writer of Cloud Storage raises an `InvalidResponse`, which is no `GoogleAPIError`.
    """
    if isinstance(error, api.GoogleAPIError | GoogleAuthError | requests.RequestException):
        return error
    status = getattr(getattr(error, "response", None), "status_code", None)
    known: BaseException = error
    if isinstance(error, grpc.Call):
        known = api.from_grpc_error(error)  # type: ignore[no-untyped-call]
    elif isinstance(status, int) and status >= 300:
        known = api.from_http_status(status, "")  # type: ignore[no-untyped-call]
    elif type(error).__module__.startswith("google."):
        known = api.GoogleAPIError()
    return known


def _is(error: BaseException, kind: type[BaseException] | int) -> bool:
    if isinstance(kind, int):
        return getattr(error, "code", None) == kind
    return isinstance(error, kind)
