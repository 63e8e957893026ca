"""The table of failures, row by row: the error of the service, and the translated error."""

from typing import Any

import grpc
import pytest
import requests
import urllib3
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.cloud.bigquery_storage_v1.exceptions import StreamClosedError
from google.cloud.storage.exceptions import (
    DataCorruption,
    InvalidResponse,
)
from google.rpc import error_details_pb2

from handlers.attempts.job_states import REFUSALS
from handlers.dispatch.errors import Redeliver, Refused, Reject, Unavailable, Wait
from troupe.backends.gcp.failures import RULES, AlreadyDone, Then, rule_for, translated


def http(status: int, reason: str = "", message: str = "secret text") -> Exception:
    """Return an error as an HTTP client raises it."""
    errors = [{"reason": reason, "message": message}] if reason else []
    made: Exception = api.from_http_status(status, message, errors=errors)
    return made


def called(code: grpc.StatusCode) -> Exception:
    """Return an error as a gRPC client raises it."""
    made: Exception = api.from_grpc_status(code, "secret text")
    return made


class Reply:
    """The reply in an `InvalidResponse`."""

    def __init__(self, status: int) -> None:
        self.status_code = status


class BareCall(grpc.RpcError, grpc.Call):  # type: ignore[misc] # grpc has no types
    """A gRPC error that no client has translated."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "secret text"

    def trailing_metadata(self) -> tuple[()]:
        return ()

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


BareCall.__abstractmethods__ = frozenset()

WRITER = InvalidResponse(Reply(412), "secret text")
BROKEN = DataCorruption(Reply(200), "secret text")


def stated(status: int, *details: object, message: str = "secret text") -> Exception:
    """Return an error with details of the service, as QuotaFailure and ErrorInfo are."""
    made: Exception = api.from_http_status(status, message, details=details)
    return made


QUOTA, INFO, HELP = (
    error_details_pb2.QuotaFailure(),
    error_details_pb2.ErrorInfo(),
    error_details_pb2.Help(),
)
PROVISIONING = "Service agents are being provisioned. Try again later."

CASES: list[tuple[str, Exception, type[Exception], str]] = [
    ("bigquery", called(grpc.StatusCode.ABORTED), Redeliver, ""),
    ("bigquery", http(409, "duplicate"), AlreadyDone, ""),
    ("bigquery", http(409), AlreadyDone, ""),
    ("bigquery:job", http(409, "duplicate"), Redeliver, ""),
    ("bigquery:job", http(400, "invalid"), Reject, "data_refused"),
    ("bigquery", called(grpc.StatusCode.ALREADY_EXISTS), AlreadyDone, ""),
    ("bigquery", http(400, "bytesBilledLimitExceeded"), Reject, "bytes_billed_limit"),
    ("bigquery", http(400, "billingTierLimitExceeded"), Reject, "billing_tier_limit"),
    ("bigquery", http(403, "responseTooLarge"), Reject, "response_too_large"),
    ("bigquery", http(413), Reject, "request_too_large"),
    ("bigquery", http(400, "invalid"), Reject, "data_refused"),
    ("bigquery", http(400, "invalidQuery"), Redeliver, ""),
    ("bigquery", http(404, "notFound"), Redeliver, ""),
    ("bigquery", http(403, "accessDenied"), Redeliver, ""),
    ("bigquery", http(403, "quotaExceeded"), Redeliver, ""),
    ("bigquery", http(403, "rateLimitExceeded"), Redeliver, ""),
    ("bigquery", http(400, "jobBackendError"), Redeliver, ""),
    ("bigquery", http(200, "stopped"), Redeliver, ""),
    ("bigquery", http(500, "internalError"), Redeliver, ""),
    ("bigquery", http(503, "backendError"), Redeliver, ""),
    ("bigquery", StreamClosedError("closed"), Redeliver, ""),
    ("bigquery:append", called(grpc.StatusCode.INVALID_ARGUMENT), Redeliver, ""),
    ("bigquery:append", called(grpc.StatusCode.NOT_FOUND), Redeliver, ""),
    ("bigquery:append", called(grpc.StatusCode.UNAVAILABLE), Redeliver, ""),
    ("storage", http(412), AlreadyDone, ""),
    ("storage", WRITER, AlreadyDone, ""),
    ("storage", http(404), Reject, "object_missing"),
    ("storage", http(409), Redeliver, ""),
    ("storage", http(410), Redeliver, ""),
    ("storage", http(400), Reject, "bad_object_name"),
    ("storage", http(403), Redeliver, ""),
    ("storage", http(429), Redeliver, ""),
    ("storage", http(503), Redeliver, ""),
    ("storage", BROKEN, Redeliver, ""),
    ("pubsub", called(grpc.StatusCode.ALREADY_EXISTS), AlreadyDone, ""),
    ("pubsub", called(grpc.StatusCode.INVALID_ARGUMENT), Reject, "message_refused"),
    ("pubsub", called(grpc.StatusCode.NOT_FOUND), Redeliver, ""),
    ("pubsub", called(grpc.StatusCode.PERMISSION_DENIED), Redeliver, ""),
    ("pubsub", called(grpc.StatusCode.DEADLINE_EXCEEDED), Redeliver, ""),
    ("vertex:cancel", http(400), AlreadyDone, ""),
    ("vertex:cancel", called(grpc.StatusCode.FAILED_PRECONDITION), AlreadyDone, ""),
    ("vertex:cancel", http(404), AlreadyDone, ""),
    ("vertex:cancel", http(503), Redeliver, ""),
    ("vertex:create", stated(429, QUOTA), Unavailable, ""),
    ("vertex:create", stated(429, INFO), Unavailable, ""),
    ("vertex:create", stated(503, INFO), Unavailable, ""),
    ("vertex:create", stated(503, HELP), Redeliver, ""),
    ("vertex:create", stated(500, INFO), Redeliver, ""),
    ("vertex:create", http(429), Redeliver, ""),
    ("vertex:create", called(grpc.StatusCode.RESOURCE_EXHAUSTED), Redeliver, ""),
    ("vertex:create", http(503), Redeliver, ""),
    ("vertex:create", stated(400, message=PROVISIONING), Unavailable, ""),
    ("vertex:list", stated(429, QUOTA), Redeliver, ""),
    ("vertex", called(grpc.StatusCode.NOT_FOUND), Refused, "model_not_found"),
    ("vertex", http(404), Refused, "model_not_found"),
    ("vertex", called(grpc.StatusCode.PERMISSION_DENIED), Refused, "permission_denied"),
    ("vertex", http(403), Refused, "permission_denied"),
    ("vertex", called(grpc.StatusCode.FAILED_PRECONDITION), Refused, "bucket_unusable"),
    ("vertex", called(grpc.StatusCode.OUT_OF_RANGE), Refused, "bad_request"),
    ("vertex", called(grpc.StatusCode.INVALID_ARGUMENT), Refused, "bad_request"),
    ("vertex", http(400), Refused, "bad_request"),
    ("vertex", called(grpc.StatusCode.RESOURCE_EXHAUSTED), Redeliver, ""),
    ("vertex", called(grpc.StatusCode.INTERNAL), Redeliver, ""),
    ("vertex", called(grpc.StatusCode.UNAVAILABLE), Redeliver, ""),
    ("any", http(429), Redeliver, ""),
    ("any", http(403), Redeliver, ""),
    ("any", http(401), Redeliver, ""),
    ("any", called(grpc.StatusCode.CANCELLED), Redeliver, ""),
    ("any", http(502), Redeliver, ""),
    ("any", api.RetryError("late", None), Redeliver, ""),
    ("any", http(418), Redeliver, ""),
    ("any", auth.RefreshError("no token"), Redeliver, ""),
    ("any", auth.TransportError("no reply"), Redeliver, ""),
    ("any", requests.ConnectionError("no reply"), Redeliver, ""),
    ("any", requests.ReadTimeout("late"), Redeliver, ""),
    ("any", urllib3.exceptions.ProtocolError("half a reply"), Redeliver, ""),
    ("any", BareCall(grpc.StatusCode.UNAVAILABLE), Redeliver, ""),
    ("any", grpc.RpcError(), Redeliver, ""),
    ("any", ConnectionResetError("gone"), Redeliver, ""),
    ("any", TimeoutError("late"), Redeliver, ""),
]


@pytest.mark.parametrize(
    ("service", "error", "expected", "cause"),
    CASES,
    ids=[f"{service}-{type(error).__name__}-{n}" for n, (service, error, *_) in enumerate(CASES)],
)
def test_an_error_of_a_service_is_translated(
    service: str, error: Exception, expected: type[Exception], cause: str
) -> None:
    """With our description; the service's text stays in the cause."""
    with pytest.raises(expected) as raised, translated(service, "job troupe__plan__d1__r1"):
        raise error

    assert cause == getattr(raised.value, "cause", "")
    assert "job troupe__plan__d1__r1" in str(raised.value)
    assert "secret text" not in str(raised.value)
    assert error is raised.value.__cause__


def test_every_row_of_the_table_is_tested() -> None:
    """A row that no error reaches is dead code."""
    met = [rule_for(service, error) for service, error, *_ in CASES]

    assert [] == [rule for rule in RULES if rule not in met]


@pytest.mark.parametrize(
    "error",
    [KeyError("batch"), ValueError("events"), RuntimeError("the query failed"),
     Reject("object_conflict", "a/b"), Redeliver("later"), Wait("others"), Refused("no", "no")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_errors_of_ours_are_not_translated(error: Exception) -> None:
    """Neither errors of the delivery loop nor bugs."""
    with pytest.raises(type(error)) as raised, translated("bigquery", "a query"):
        raise error

    assert error is raised.value


def test_a_call_without_an_error_is_unchanged() -> None:
    """The block raises nothing."""
    with translated("storage", "a/b"):
        done = True

    assert done


def test_the_reason_is_part_of_the_text() -> None:
    """Beside class and status."""
    text = r"^a query: Forbidden 403 quotaExceeded$"
    with pytest.raises(Redeliver, match=text), translated("bigquery", "a query"):
        raise http(403, "quotaExceeded")


def test_every_refusal_has_a_cause_that_stops_the_run() -> None:
    """With an unknown cause the job would be created again, and cost again."""
    refused = {rule.cause for rule in RULES if rule.then is Then.REFUSED}

    assert refused <= REFUSALS
