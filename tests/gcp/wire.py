"""Replies for an HTTP client of Google's, in the order of a story, and what was asked for them."""

import json
from collections.abc import Callable
from typing import Any

import requests

Reply = tuple[int, dict[str, Any]] | Exception
Asked = tuple[str, str, dict[str, Any]]
"""Method, the end of the address, and the body."""


class Wire(requests.Session):
    """A session without a network; it fails on what the story does not foresee."""

    is_mtls = False

    def __init__(self, *replies: Reply | Callable[[Asked], Reply]) -> None:
        super().__init__()
        self.replies = list(replies)
        self.asked: list[Asked] = []
        self.timeouts: list[object] = []

    def request(  # type: ignore[override]
        self, method: str, url: str, data: Any = None, timeout: object = None, **_: object
    ) -> requests.Response:
        path = url.partition("?")[0].partition("/bigquery/v2/")[2]
        asked = (method, path, json.loads(data) if data else {})
        self.asked.append(asked)
        self.timeouts.append(timeout)
        if not self.replies:
            raise AssertionError(f"nothing was to be asked any more: {method} {path}")
        reply = self.replies.pop(0)
        if callable(reply):
            reply = reply(asked)
        if isinstance(reply, Exception):
            raise reply
        return _response(*reply)

    @property
    def calls(self) -> list[str]:
        """Method and last word of each address."""
        return [f"{method} {path.rpartition('/')[2]}" for method, path, _ in self.asked]


def _response(status: int, body: dict[str, Any]) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response._content = json.dumps(body).encode()
    response.headers["content-type"] = "application/json"
    response.request = requests.Request("GET", "http://wire").prepare()
    return response


def error(status: int, reason: str, message: str = "said the service") -> Reply:
    told = {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}
    return status, {"error": told}
