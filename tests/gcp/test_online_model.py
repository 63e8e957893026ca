"""Vertex AI asked now: the requests that its generated clients get, and what their errors mean."""

import json
from typing import Any, NoReturn

import pytest
from google.auth.exceptions import DefaultCredentialsError
from google.cloud.aiplatform_v1.types import CountTokensRequest, GenerateContentRequest

from analysis import Request, render
from tests.analysis.making import CALL_REVIEW, RECORD
from tests.gcp.making import gcp_settings
from tests.online.vertex import MODEL, FakeVertex, failure, online_model
from troupe.backends.gcp import online_model as module
from troupe.backends.gcp.online_model import VertexOnlineModel
from troupe.online.port import ModelUnavailable, NotCounted

NAME = f"projects/stories/locations/europe-west4/publishers/google/models/{MODEL}"
(LINE,) = render(CALL_REVIEW, [Request(RECORD, "CUSTOMER: Where is my order? ☎", 900)])
REQUEST: dict[str, Any] = json.loads(LINE)["request"]


def test_the_request_is_the_line_of_the_batch_job() -> None:
    """Contents, system instruction, schema, limits and labels, under the full name of the model."""
    vertex = FakeVertex()
    online_model(vertex).generate(LINE)

    (request,) = vertex.requests
    config = request.generation_config
    assert isinstance(request, GenerateContentRequest)
    assert NAME == request.model
    assert REQUEST["contents"][0]["parts"][0]["text"] == request.contents[0].parts[0].text
    assert CALL_REVIEW.system == request.system_instruction.parts[0].text
    assert (900, "application/json") == (config.max_output_tokens, config.response_mime_type)
    assert set(CALL_REVIEW.schema["properties"]) == set(config.response_schema.properties)
    assert (
        "MINIMAL"
        == type(config.thinking_config).ThinkingLevel(config.thinking_config.thinking_level).name
    )
    assert {"record": f"k-{RECORD}"} == dict(request.labels)


def test_the_count_is_of_the_very_request() -> None:
    """With its system instruction and its schema, which the service may count."""
    vertex = FakeVertex(tokens=321)

    assert 321 == online_model(vertex).count_tokens(LINE)
    (request,) = vertex.requests
    assert isinstance(request, CountTokensRequest)
    assert (NAME, NAME) == (request.endpoint, request.model)
    assert REQUEST["contents"][0]["parts"][0]["text"] == request.contents[0].parts[0].text
    assert CALL_REVIEW.system == request.system_instruction.parts[0].text
    assert request.generation_config.response_schema.properties


def test_a_model_may_be_named_with_its_publisher() -> None:
    """As a request of a run may name it."""
    vertex = FakeVertex()
    online_model(vertex, "publishers/google/models/gemini-x").generate(LINE)

    assert NAME.replace(MODEL, "gemini-x") == vertex.requests[0].model


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (failure(401), "gcloud auth application-default login"),
        (failure(403), "roles/aiplatform.user"),
        (failure(404), f"knows no model {MODEL} in europe-west4"),
        (DefaultCredentialsError("no"), "gcloud auth application-default login"),
    ],
    ids=["unknown account", "forbidden", "unknown model", "no account"],
)
def test_what_no_request_can_pass_says_what_to_do(error: Exception, says: str) -> None:
    """It ends the command, where an error of one request is shown beside the others."""
    model = online_model(FakeVertex(error=error))

    with pytest.raises(ModelUnavailable, match=says):
        model.generate(LINE)
    with pytest.raises(NotCounted):
        model.count_tokens(LINE)


def test_a_count_that_fails_does_not_quote_the_request() -> None:
    """Its reason is printed with a dry run, and may be logged."""
    model = online_model(FakeVertex(error=failure(400, "CUSTOMER: Where")))

    with pytest.raises(NotCounted, match=r"BadRequest|InvalidArgument") as caught:
        model.count_tokens(LINE)
    assert "CUSTOMER" not in str(caught.value)


def test_a_setting_that_the_service_does_not_know_is_an_error_of_the_request() -> None:
    """The request is not sent without it."""
    vertex = FakeVertex()
    row = json.loads(LINE)
    row["request"]["generationConfig"]["noSuchSetting"] = 1

    line = json.loads(online_model(vertex).generate(json.dumps(row).encode()))
    assert [] == vertex.requests
    assert "noSuchSetting" in line["status"]


def test_the_clients_are_made_when_they_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials a dry run says that it did not count, and is no error."""

    def no_credentials(*_: object) -> NoReturn:
        raise DefaultCredentialsError("no")

    monkeypatch.setattr(module, "client_of", no_credentials)
    model = VertexOnlineModel(gcp_settings(), MODEL)

    with pytest.raises(NotCounted, match="gcloud auth"):
        model.count_tokens(LINE)
    with pytest.raises(ModelUnavailable, match="gcloud auth"):
        model.generate(LINE)
