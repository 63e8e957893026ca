"""Prompts to the user's own model: a failure of the endpoint fails the row alone."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.harness import START
from troupe.endpoint.openai import Endpoint, json_schema
from troupe.standin.prediction_lines import Answer, prediction

REQUEST: dict[str, Any] = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [{"role": "user", "parts": [{"text": "CUSTOMER: hello"}]}],
    "generationConfig": {
        "maxOutputTokens": 64,
        "responseSchema": {
            "type": "OBJECT",
            "required": ["a"],
            "properties": {"a": {"type": "STRING", "nullable": True, "enum": ["x"]}},
        },
    },
}


class Server(ThreadingHTTPServer):
    """Replies to every request as the test has set."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.code = 200
        self.reply: Any = {
            "choices": [{"message": {"content": '{"a":"x"}'}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 11, "completion_tokens": 5},
        }
        self.asked: dict[str, Any] = {}
        self.key: str | None = None
        self.path = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked = json.loads(body)
        self.server.key = self.headers["Authorization"]
        self.server.path = self.path
        self.send_response(self.server.code)
        self.end_headers()
        self.wfile.write(json.dumps(self.server.reply).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Print nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_request_becomes_a_chat(server: Server) -> None:
    """System, user, schema and limit arrive; text and counts come back."""
    answer = Endpoint(base_url=server.url, model="small", key="k")(REQUEST)

    assert (answer.text, answer.status, answer.finish_reason) == ('{"a":"x"}', "", "STOP")
    assert (answer.prompt_tokens, answer.answer_tokens) == (11, 5)
    assert server.path == "/v1/chat/completions"
    assert server.key == "Bearer k"
    assert server.asked["model"] == "small"
    assert server.asked["max_tokens"] == 64
    assert server.asked["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "CUSTOMER: hello"},
    ]
    sent = server.asked["response_format"]["json_schema"]["schema"]
    assert sent["properties"]["a"] == {"type": ["string", "null"], "enum": ["x", None]}


def test_a_cut_answer_has_its_finish_reason(server: Server) -> None:
    """The finish reason is translated."""
    server.reply["choices"][0]["finish_reason"] = "length"

    assert Endpoint(base_url=server.url, model="m")(REQUEST).finish_reason == "MAX_TOKENS"


@pytest.mark.parametrize(
    ("code", "reply", "status"),
    [
        (400, {"error": "no such model"}, 400),
        (500, {}, 500),
        (200, {"choices": []}, 502),
        (200, [], 502),
        (200, {"choices": [{"message": None}]}, 502),
    ],
)
def test_a_failure_is_the_status_of_its_row(
    server: Server, code: int, reply: Any, status: int
) -> None:
    """In the form of Vertex's row errors."""
    server.code, server.reply = code, reply

    answer = Endpoint(base_url=server.url, model="m")(REQUEST)

    assert answer.text == ""
    assert json.loads(answer.status.split(": ", 1)[1])["error"]["code"] == status


def test_a_closed_port_is_a_failure() -> None:
    """No server listens there."""
    with Server() as closed:
        url = closed.url

    assert "Unavailable" in Endpoint(base_url=url, model="m", timeout_seconds=2)(REQUEST).status


def test_the_check_accepts_any_reply(server: Server) -> None:
    """Not every server lists its models."""
    Endpoint(base_url=server.url, model="m").check()


def test_the_check_fails_without_a_server() -> None:
    """Before a run fails record by record."""
    with Server() as closed:
        url = closed.url

    with pytest.raises(OSError, match="refused"):
        Endpoint(base_url=url, model="m").check()


def test_token_counts_of_the_endpoint_are_kept() -> None:
    """Without a count of cached tokens, which have another price."""
    row = {"request": REQUEST}
    usages = [
        prediction(
            row, Answer(text=str(n), prompt_tokens=11), model="m", created_at=START, number=n
        )["response"]["usageMetadata"]
        for n in range(100)
    ]

    assert {11} == {usage["promptTokenCount"] for usage in usages}
    assert [] == [usage for usage in usages if "cachedContentTokenCount" in usage]


def test_the_address_must_be_http() -> None:
    """A file is not an endpoint."""
    with pytest.raises(ValueError, match="http"):
        Endpoint(base_url="file:///etc", model="m")


def test_a_schema_is_translated_at_every_depth() -> None:
    """Types in lower case, also in lists and alternatives."""
    schema = {"type": "ARRAY", "items": {"anyOf": [{"type": "INTEGER"}, {"type": "NULL"}]}}

    expected = {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}
    assert expected == json_schema(schema)
