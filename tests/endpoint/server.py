"""A chat completions server on loopback that replies as a test says."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMPLETION: dict[str, Any] = {
    "choices": [{"message": {"content": '{"a":"x"}'}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 11, "completion_tokens": 5},
}
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


@dataclass
class Said:
    """What a server replies. `raw` is written in place of a whole reply."""

    body: Any = field(default_factory=lambda: COMPLETION)
    code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None


@dataclass(frozen=True)
class Asked:
    """A request that a server got."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    port: int
    """Of the client: equal for requests of one connection."""
    data: bytes = b""
    """The body as it was sent."""

    def header(self, name: str) -> str | None:
        """Return a header by its name in lower case."""
        return {key.lower(): value for key, value in self.headers.items()}.get(name)

    @property
    def prompt(self) -> str:
        return str(self.body["messages"][-1]["content"])


class Server(ThreadingHTTPServer):
    """Replies to every POST with `reply` and `code`, or as `script` says; keeps the requests."""

    daemon_threads = True

    def __init__(self, script: Callable[[Asked], Said] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.code = 200
        self.reply: Any = COMPLETION
        self.script = script or (lambda _: Said(self.reply, self.code))
        self.models = Said({"object": "list", "data": []})
        self.requests: list[Asked] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    @property
    def posts(self) -> list[Asked]:
        return [each for each in self.requests if each.method == "POST"]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no fault of a test."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.requests.append(self._asked("GET", {}))
        self._write(self.server.models)

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        asked = self._asked("POST", json.loads(data), data)
        self.server.requests.append(asked)
        self._write(self.server.script(asked))

    def _asked(self, method: str, body: dict[str, Any], data: bytes = b"") -> Asked:
        return Asked(method, self.path, dict(self.headers), body, self.client_address[1], data)

    def _write(self, said: Said) -> None:
        if said.raw is not None:
            self.wfile.write(said.raw)
            self.close_connection = True
            return
        data = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
        self.send_response(said.code)
        for name, value in {"Content-Length": str(len(data)), **said.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Print nothing."""


@contextmanager
def serving(script: Callable[[Asked], Said] | None = None) -> Iterator[Server]:
    """Serve until the block ends."""
    with Server(script) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def closed_url() -> str:
    """An address at which no server listens any more."""
    with serving() as server:
        return server.url
