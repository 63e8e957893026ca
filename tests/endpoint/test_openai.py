"""Requests to an endpoint over HTTP: what is sent, and what each kind of reply means."""

import json
import socket
from threading import Event
from typing import Any

import pytest

from tests.endpoint.server import COMPLETION, REQUEST, Asked, Said, Server, closed_url, serving
from tests.harness import START
from troupe.endpoint import connections, openai
from troupe.endpoint.chat import json_schema
from troupe.endpoint.failure import EndpointFailure
from troupe.endpoint.openai import Endpoint
from troupe.standin.prediction_lines import Answer, prediction

DATA = json.dumps(COMPLETION).encode()


def endpoint(url: str, **settings: Any) -> Endpoint:
    return Endpoint(base_url=url, **{"model": "small", "timeout_seconds": 5, **settings})


def failure(url: str, **settings: Any) -> EndpointFailure:
    with pytest.raises(EndpointFailure) as raised:
        endpoint(url, **settings)(REQUEST)
    return raised.value


def test_a_request_becomes_a_chat() -> None:
    """System, user, schema and limit arrive; text, counts and the model come back."""
    with serving() as server:
        answer = endpoint(server.url, key="k")(REQUEST)

    assert (answer.text, answer.status, answer.finish_reason) == ('{"a":"x"}', "", "STOP")
    assert (answer.prompt_tokens, answer.answer_tokens, answer.model) == (11, 5, "small")
    (asked,) = server.requests
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["Authorization"] == "Bearer k"
    assert asked.body["model"] == "small"
    assert asked.body["max_tokens"] == 64
    assert asked.body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "CUSTOMER: hello"},
    ]
    sent = asked.body["response_format"]["json_schema"]["schema"]
    assert sent["properties"]["a"] == {"type": ["string", "null"], "enum": ["x", None]}


def test_a_model_that_wants_the_newer_name_of_the_limit_gets_it() -> None:
    """OpenAI's newer models refuse `max_tokens`; it is tried once for all requests."""

    def newer(asked: Asked) -> Said:
        if "max_tokens" in asked.body:
            text = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return Said({"error": {"message": text, "code": "unsupported_parameter"}}, 400)
        return Said()

    with serving(newer) as server:
        asking = endpoint(server.url)
        answers = [asking(REQUEST).text for _ in range(2)]

    assert ['{"a":"x"}'] * 2 == answers
    limits = [asked.body.get("max_completion_tokens") for asked in server.requests]
    assert [None, 64, 64] == limits


@pytest.mark.parametrize("code", [400, 413, 422])
def test_a_refused_request_is_an_error_of_its_row(code: int) -> None:
    """In the form of Vertex's row errors, without the key that the reply may quote."""
    with serving(lambda _: Said({"error": "no such thing, s3cret"}, code)) as server:
        answer = endpoint(server.url, key="s3cret")(REQUEST)

    assert answer.text == ""
    assert json.loads(answer.status.split(": ", 1)[1])["error"]["code"] == code
    assert "s3cret" not in answer.status


@pytest.mark.parametrize(
    ("code", "of_request"),
    [(401, False), (429, False), (502, False), (503, False)]
    + [(code, True) for code in (403, 404, 408, 499, 500, 504, 529)],
)
def test_another_try_may_change_a_failure(code: int, of_request: bool) -> None:
    """The endpoint is at fault, or the request may be."""
    with serving(lambda _: Said({}, code)) as server:
        failed = failure(server.url)

    assert (code, of_request) == (failed.code, failed.of_request)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        *[("7", 7), ("0.5", 0.5), ("", None), ("soon", None), ("-5", None), ("1e99", None)],
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Thu, 01 Jan 99999 00:00:00 GMT", None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    """Anything else is ignored."""
    with serving(lambda _: Said({}, 429, {"Retry-After": value})) as server:
        assert seconds == failure(server.url).retry_after


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(code: int) -> None:
    """Key and transcript stay with the host that the user named."""
    with serving() as other:
        target = {"Location": f"{other.url}/chat/completions?key=s3cret"}
        with serving(lambda _: Said({}, code, target)) as server:
            failed = failure(server.url, key="k")

    assert 502 == failed.code
    assert "redirects to 127.0.0.1" == failed.reason
    assert [] == other.requests


def test_plain_http_goes_through_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would read key and transcript."""
    with serving() as proxy, serving() as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        answer = endpoint(server.url, key="k")(REQUEST)

    assert ('{"a":"x"}', []) == (answer.text, proxy.requests)


def test_https_goes_through_the_proxy_of_the_environment_encrypted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It gets the name of the host and its own password, never the key or a transcript."""
    seen = []

    def hang_up(self: Any) -> None:
        seen.append(str(self.headers) + self.path)
        self.close_connection = True  # since Python 3.12 CONNECT is HTTP/1.1, which keeps it

    with serving() as proxy:
        monkeypatch.setattr(proxy.RequestHandlerClass, "do_CONNECT", hang_up, raising=False)
        address = proxy.url.removesuffix("/v1").replace("//", "//user:p%40ss@")
        monkeypatch.setenv("https_proxy", address)
        failed = failure("https://model.test/v1", key="s3cret")

    assert 503 == failed.code
    assert "model.test:443" in seen[0]
    assert "Basic dXNlcjpwQHNz" in seen[0]
    assert "s3cret" not in seen[0]
    assert "p@ss" not in failed.reason


def test_a_proxy_that_cannot_be_used_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its password."""
    monkeypatch.setenv("https_proxy", "socks5://user:s3cret@127.0.0.1:1")

    with pytest.raises(ValueError, match="proxy") as raised:
        endpoint("https://model.test/v1")

    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + DATA,
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + DATA,
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n" + DATA[:-3],
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n" + DATA,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + DATA,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + DATA,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + DATA,
        b"HTTP/1.1 200 OK\r\n\r\n" + DATA[:40],
        b"HTTP/1.1 200 OK\r\n\r\n<html></html>",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n" + DATA,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n" + DATA,
        b"HTTP/1.1 999999 OK\r\n\r\n",
    ],
)
def test_a_damaged_reply_is_a_failure(raw: bytes) -> None:
    """Cut off, with a wrong length, of another protocol, or with endless headers."""
    with serving(lambda _: Said(raw=raw)) as server:
        assert failure(server.url).code in (502, 503)


def test_the_request_after_a_damaged_reply_is_answered() -> None:
    """What is left in a connection is not read as the next reply."""
    short = Said(headers={"Content-Length": "5"})
    replies = iter([short, Said(), Said(raw=b"HTTP/1.1 200 OK\r\n\r\n{}"), Said()])
    with serving(lambda _: next(replies)) as server:
        asking = endpoint(server.url)
        for _ in range(2):
            with pytest.raises(EndpointFailure):
                asking(REQUEST)
            assert '{"a":"x"}' == asking(REQUEST).text


def test_a_huge_reply_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not read to its end."""
    monkeypatch.setattr(connections, "LONGEST_REPLY", 100_000)
    with serving(lambda _: Said(DATA + b" " * 200_000)) as server:
        failed = failure(server.url)

    assert (502, True) == (failed.code, failed.of_request)


def test_a_server_that_takes_too_long_is_a_failure() -> None:
    """It accepts the connection and says nothing."""
    with Server() as silent:  # nothing serves: the system accepts connections
        failed = failure(silent.url, timeout_seconds=0.05)

    assert (504, True) == (failed.code, failed.slows)


def test_a_reply_that_comes_too_late_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first line, too: the clock jumps to the end of the limit."""
    times = iter([0.0])
    monkeypatch.setattr(connections, "monotonic", lambda: next(times, 1000.0))
    with serving() as server:
        failed = failure(server.url)

    assert 504 == failed.code


def test_a_reply_that_trickles_ends_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, the whole does not."""
    times = iter([0.0, 9.0, 10.0])
    monkeypatch.setattr(connections, "monotonic", lambda: next(times))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(10.0)
        with connections._TimedReader(ours) as reader:
            theirs.send(b"H")
            assert b"H" == reader.read(1)
            assert 1.0 == ours.gettimeout()
            theirs.send(b"T")
            with pytest.raises(TimeoutError):
                reader.read(1)


def test_a_closed_port_is_a_failure_of_the_endpoint() -> None:
    """No server listens there."""
    failed = failure(closed_url())

    assert (503, "Connection refused", False) == (failed.code, failed.reason, failed.of_request)


def test_connections_are_used_again() -> None:
    """A new one for each request would cost as much as the request."""
    ports = set()

    def script(asked: Asked) -> Said:
        ports.add(asked.port)
        return Said()

    with serving(script) as server:
        asking = endpoint(server.url)
        for _ in range(5):
            asking(REQUEST)

    assert (5, 1) == (len(server.requests), len(ports))


@pytest.mark.parametrize("code", [200, 403, 404, 500, 501])
def test_the_check_accepts_any_reply(code: int) -> None:
    """Not every server lists its models."""
    with serving() as server:
        server.models = Said({}, code)
        endpoint(server.url).check()

    assert "GET" == server.requests[0].method


def test_the_check_fails_without_a_server() -> None:
    """Before a run fails record by record."""
    with pytest.raises(OSError, match=r"does not answer \(Connection refused\)"):
        endpoint(closed_url()).check()


def test_the_check_names_a_key_that_is_refused() -> None:
    """The key is sent with it."""
    with serving() as server:
        server.models = Said({}, 401)
        with pytest.raises(OSError, match="refuses the key: set TROUPE_MODEL_KEY"):
            endpoint(server.url, key="k").check()

    assert "Bearer k" == server.requests[0].headers["Authorization"]


def test_the_check_names_the_host_of_a_redirect() -> None:
    """And nothing else of its address."""
    with serving() as server:
        server.models = Said({}, 308, {"Location": "https://other.test/x?key=s3cret"})
        with pytest.raises(OSError, match=r"redirects to other\.test: give") as raised:
            endpoint(server.url).check()

    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("listed", "sent"),
    [
        ([{"id": "small"}], 0),
        ([{"id": "small:latest"}], 0),
        ([{"id": "tiny"}, {"id": "large"}], 1),
        ([{}, 5, {"id": 3}], 0),
        ("none", 0),
    ],
)
def test_a_model_that_is_not_listed_is_tried_out(listed: Any, sent: int) -> None:
    """A server with one model takes any name."""
    with serving() as server:
        server.models = Said({"data": listed})
        endpoint(server.url).check()

    assert sent == len(server.posts)


@pytest.mark.parametrize(
    ("models", "code", "why"),
    [
        (
            Said({"data": [{"id": "tiny"}]}),
            404,
            r"refuses the model small \(.*no s3.*; it lists tiny",
        ),
        (Said({"data": [{"id": "tiny"}]}), 400, "refuses the model small"),
        (Said({}, 404), 404, "or the path of the address"),
        (Said({}, 404), 401, "401"),
    ],
)
def test_the_check_names_a_model_or_a_path_that_is_refused(
    models: Said, code: int, why: str
) -> None:
    """Before a run waits for a model that never comes; without the key that a reply may quote."""
    with serving(lambda _: Said({"error": "no s3\n s3cret"}, code)) as server:
        server.models = models
        with pytest.raises(OSError, match=why) as raised:
            endpoint(server.url, key="s3cret").check()

    assert "s3cret" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_server_that_is_busy_passes_the_check(code: int) -> None:
    """It may answer later; the worker waits for it."""
    with serving(lambda _: Said({}, code)) as server:
        server.models = Said({"data": [{"id": "tiny"}]})
        endpoint(server.url).check()

    assert 1 == len(server.posts)


def test_a_server_that_hangs_holds_up_the_check_for_seconds_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However long an answer may take: the model may have to be loaded first."""
    monkeypatch.setattr(openai, "CHECK_SECONDS", 0.2)
    hangs = Event()

    def script(asked: Asked) -> Said:
        hangs.wait(timeout=60)
        return Said()

    with serving(script) as server:
        server.models = Said({}, 404)
        endpoint(server.url, timeout_seconds=60).check()
        assert not hangs.is_set()
        hangs.set()


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


def test_a_schema_is_translated_at_every_depth() -> None:
    """Types in lower case, also in lists and alternatives."""
    schema = {"type": "ARRAY", "items": {"anyOf": [{"type": "INTEGER"}, {"type": "NULL"}]}}

    expected = {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}
    assert expected == json_schema(schema)
