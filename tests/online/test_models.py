"""A model that is asked now: the same contract for the stand-in, an endpoint and Vertex."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from analysis import Reader, Request, render
from analysis.models import STAND_IN
from tests.analysis.making import ANSWER, CALL_REVIEW, RECORD
from tests.endpoint.server import Said, closed_url, serving
from tests.local.fakes import HeldClock
from tests.online.vertex import MODEL, FakeVertex, failure, online_model
from troupe.endpoint.openai import Endpoint
from troupe.online.answered import AnsweredModel
from troupe.online.port import OnlineModel
from troupe.standin.prediction_lines import analyst

(LINE,) = render(CALL_REVIEW, [Request(RECORD, "CUSTOMER: Where is my order?", 900)])
TEXT = json.dumps(ANSWER)
COMPLETION = {
    "choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 11, "completion_tokens": 8},
}


@contextmanager
def form(name: str, code: int = 200) -> Iterator[OnlineModel]:
    """A model that answers, or that refuses each request with this code."""
    if name == "stand-in":
        yield AnsweredModel(analyst, HeldClock(), STAND_IN)
    elif name == "vertex":
        error = failure(code, "schema too deep") if code != 200 else None
        yield online_model(FakeVertex(TEXT, error=error))
    else:
        refusal = {"error": {"message": "schema too deep"}}
        with serving(lambda _: Said(refusal if code != 200 else COMPLETION, code)) as server:
            yield AnsweredModel(Endpoint(base_url=server.url, model="m"), HeldClock(), "m")


@pytest.mark.parametrize("name", ["stand-in", "endpoint", "vertex"])
def test_an_answer_is_a_line_that_the_reader_reads_as_one_of_a_run(name: str) -> None:
    """Its key, its request and its tokens are there."""
    with form(name) as model:
        line = model.generate(LINE)

    (reading,) = Reader(CALL_REVIEW).read_line(line, 1)
    assert (RECORD, None, "exact") == (reading.record_id, reading.error_type, reading.grade)
    assert json.loads(line)["key"] == f"k-{RECORD}"
    assert reading.text_fingerprint
    assert (reading.prompt_tokens or 0) > 0
    assert (reading.output_tokens or 0) > 0


@pytest.mark.parametrize("name", ["endpoint", "vertex"])
@pytest.mark.parametrize(
    ("code", "error"), [(400, "vertex_ai_error"), (429, "service_error"), (500, "service_error")]
)
def test_a_request_that_fails_alone_is_a_line_with_its_status(
    name: str, code: int, error: str
) -> None:
    """The author of a prompt reads what the service said."""
    with form(name, code) as model:
        line = model.generate(LINE)

    (reading,) = Reader(CALL_REVIEW).read_line(line, 1)
    assert (RECORD, error) == (reading.record_id, reading.error_type)
    assert "schema too deep" in json.loads(line)["status"]


def test_an_endpoint_that_is_gone_is_an_error_of_the_service() -> None:
    """As in a run."""
    model = AnsweredModel(Endpoint(base_url=closed_url(), model="m"), HeldClock(), "m")

    (reading,) = Reader(CALL_REVIEW).read_line(model.generate(LINE), 1)
    assert "service_error" == reading.error_type


def test_the_stand_in_names_itself() -> None:
    """Its answers are not taken for a model's."""
    with form("stand-in") as model:
        answered = json.loads(model.generate(LINE))

    assert STAND_IN == answered["response"]["modelVersion"]
    assert MODEL != STAND_IN
