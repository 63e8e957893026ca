"""Gemini asked now, through Vertex AI's online prediction, and the count of a request's tokens.

The generated client of 110 MB is imported here and in `job_service.py` alone; `backend.py` imports
this module when it is needed.
"""

from collections.abc import Mapping
from functools import cached_property
from http import HTTPStatus
from typing import Any

import msgspec
from google.api_core import exceptions as api
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError
from google.cloud.aiplatform_v1.services.llm_utility_service import LlmUtilityServiceClient
from google.cloud.aiplatform_v1.services.prediction_service import PredictionServiceClient
from google.cloud.aiplatform_v1.types import (
    CountTokensRequest,
    GenerateContentRequest,
    GenerateContentResponse,
)
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError

from troupe.endpoint.failure import row_status
from troupe.online.port import ModelUnavailable, NotCounted

from .failures import rule_for
from .job_service import client_of
from .settings import GcpSettings

ROLE = "roles/aiplatform.user"
_ANSWER_SECONDS = 180.0
_COUNT_SECONDS = 10.0
_NAMES = {status.value: status.phrase for status in HTTPStatus}
_NO_RIGHTS = (api.Unauthorized, api.Forbidden, api.NotFound, GoogleAuthError)
"""Errors that every request to this model gets."""
_AGAIN = Retry(
    predicate=if_exception_type(api.ServiceUnavailable, api.TooManyRequests),
    initial=1.0,
    maximum=8.0,
    timeout=30.0,
)
"""A request that was refused so was not answered, so it is not paid for twice."""
_COUNTED = ("contents", "systemInstruction", "generationConfig")
"""The parts of a request that the count takes: those that decide how many tokens are read."""


class VertexOnlineModel:
    """One model of Google in the configured location: it answers, and it counts."""

    def __init__(
        self,
        settings: GcpSettings,
        model: str,
        *,
        client: PredictionServiceClient | None = None,
        counter: LlmUtilityServiceClient | None = None,
    ) -> None:
        """`model` is a name such as `gemini-3.5-flash-lite`, or one with its publisher."""
        published = model if "/" in model else f"publishers/google/models/{model}"
        place = f"projects/{settings.project}/locations/{settings.vertex_location}"
        self._name = f"{place}/{published}" if published.startswith("publishers/") else published
        self._settings, self._model, self._given = settings, model, (client, counter)

    # Made when they are used: a client looks for credentials, and most models are asked for one thing.

    @cached_property
    def _client(self) -> PredictionServiceClient:
        return self._given[0] or client_of(PredictionServiceClient, self._settings)

    @cached_property
    def _counter(self) -> LlmUtilityServiceClient:
        return self._given[1] or client_of(LlmUtilityServiceClient, self._settings)

    def generate(self, line: bytes) -> bytes:
        """Request one answer. What the service says against this request is the line's `status`."""
        row = msgspec.json.decode(line)
        status, response = "", dict[str, Any]()
        try:
            request = _message(GenerateContentRequest, {"model": self._name, **row["request"]})
            answered = self._client.generate_content(
                request=request, retry=_AGAIN, timeout=_ANSWER_SECONDS
            )
            response = MessageToDict(GenerateContentResponse.pb(answered))
        except ParseError as error:
            status = row_status(400, "Invalid Argument", str(error))
        except Exception as error:
            if rule_for("vertex", error) is None:
                raise
            if isinstance(error, _NO_RIGHTS):
                raise ModelUnavailable(self._problem(error)) from error
            status = _status(error)
        return msgspec.json.encode({**row, "status": status, "response": response})

    def count_tokens(self, line: bytes) -> int:
        """Count the tokens of a request's texts, and of what the service counts beside them."""
        asked = msgspec.json.decode(line)["request"]
        counted = {name: asked[name] for name in _COUNTED if name in asked}
        try:
            named = {"endpoint": self._name, "model": self._name}
            request = _message(CountTokensRequest, named | counted)
            reply = self._counter.count_tokens(request=request, retry=None, timeout=_COUNT_SECONDS)
        except ParseError as error:
            raise NotCounted("Vertex's client does not know a setting of the request") from error
        except Exception as error:
            if rule_for("vertex", error) is None:
                raise
            if isinstance(error, _NO_RIGHTS):
                raise NotCounted(self._problem(error)) from error
            # By its class: the text of an error may quote a transcript.
            raise NotCounted(f"Vertex did not count ({type(error).__name__})") from error
        return int(reply.total_tokens)

    def _problem(self, error: Exception) -> str:
        if isinstance(error, api.NotFound):
            return (
                f"Vertex knows no model {self._model} in {self._settings.vertex_location}: correct "
                "the model of the analysis, or TROUPE_VERTEX_LOCATION"
            )
        if isinstance(error, api.Forbidden):
            return f"this account may not use models of {self._settings.project}: it needs {ROLE}"
        return "Vertex does not know this account: run `gcloud auth application-default login`"


def _status(error: Exception) -> str:
    """Return an error of one request as the status of its line; a lost connection is a 503."""
    code = int(getattr(error, "code", None) or 503)
    said = str(getattr(error, "message", "")) or type(error).__name__
    return row_status(code, _NAMES.get(code, "Error"), said)


def _message(kind: Any, fields: Mapping[str, Any]) -> Any:
    """Return a request of this class from JSON as the REST interface takes it."""
    return kind.wrap(ParseDict(fields, kind.pb()()))
