"""A fake HTTP session for Google's clients: replies in order, and the requests that it got."""

import json
from collections.abc import Callable
from typing import Any

import requests

Reply = tuple[int, dict[str, Any]] | Exception
Request = tuple[str, str, dict[str, Any]]
"""Method, end of the path, and body of a request."""


class Wire(requests.Session):
    """A session without a network. It fails on a request beyond the given replies."""

    is_mtls = False

    def __init__(self, *replies: Reply | Callable[[Request], Reply]) -> None:
        super().__init__()
        self.replies = list(replies)
        self.requests: list[Request] = []
        self.timeouts: list[object] = []

    def request(  # type: ignore[override] # only what the client passes
        self, method: str, url: str, data: Any = None, timeout: object = None, **_: object
    ) -> requests.Response:
        path = url.partition("?")[0].partition("/bigquery/v2/")[2]
        request = (method, path, json.loads(data) if data else {})
        self.requests.append(request)
        self.timeouts.append(timeout)
        if not self.replies:
            raise AssertionError(f"unexpected request: {method} {path}")
        reply = self.replies.pop(0)
        if callable(reply):
            reply = reply(request)
        if isinstance(reply, Exception):
            raise reply
        return _response(*reply)

    @property
    def calls(self) -> list[str]:
        """Return method and last part of the path of each request."""
        return [f"{method} {path.rpartition('/')[2]}" for method, path, _ in self.requests]


def _response(status: int, body: dict[str, Any]) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response._content = json.dumps(body).encode()
    response.headers["content-type"] = "application/json"
    response.request = requests.Request("GET", "http://wire").prepare()
    return response


def error(status: int, reason: str, message: str = "the service's text") -> Reply:
    error = {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}
    return status, {"error": error}
