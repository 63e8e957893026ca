"""A browser without a screen: calls the application in this process, and keeps cookies."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from starlette.applications import Starlette
from starlette.types import Message

from tests.harness import LocalHarness
from troupe.cli.client import CallFailed
from troupe.cli.target import Target
from troupe.console.app import make_app
from troupe.console.client import Client
from troupe.console.live import LiveRuns
from troupe.console.security import TokenSessions
from troupe.operations.backend import InvalidOperation

HOST = "127.0.0.1:8080"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: its status, headers (names in lower case) and body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


def over(harness: LocalHarness, **settings: Any) -> "Site":
    """Return the console over an open harness, at the time of its clock."""

    def ask(operation: Callable[..., Any], **arguments: Any) -> Any:
        try:
            return operation(harness.backend, **arguments)
        except InvalidOperation as error:
            raise CallFailed(str(error)) from error

    seconds = settings.pop("clock", lambda: harness.clock().timestamp())
    return Site(Target(harness.home), ask=ask, clock=seconds, **settings)


class Site:
    """The console over a state folder, with one event loop for all of its browsers."""

    def __init__(self, target: Target, **settings: Any) -> None:
        self.client = Client(target, **settings)
        self.tokens: list[str] = []
        self.sessions = TokenSessions(on_token=self.tokens.append)
        self.app = make_app(self.client, self.sessions, [HOST])
        self.runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.runner.close()

    @property
    def live(self) -> LiveRuns:
        """The runs that are watched."""
        application = self.app.app
        assert isinstance(application, Starlette)
        live: LiveRuns = application.state.live
        return live

    def together(self, gets: Sequence[tuple["Browser", str]]) -> list[Answer]:
        """Load the pages of several browsers at once."""

        async def all_of() -> list[Answer]:
            return await asyncio.gather(
                *(each._call("GET", path, None, b"", 0) for each, path in gets)
            )

        return self.runner.run(all_of())

    def browser(self) -> "Browser":
        """Return a browser that is signed in."""
        browser = Browser(self)
        entered = browser.get(f"/?token={self.sessions.token}")
        assert entered.status == 303, entered.text
        return browser


@dataclass
class Browser:
    """One browser: `get` and `post` do not follow redirections."""

    site: Site
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""
    """Of the newest page."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with every request."""
    sent: list[Message] = field(default_factory=list)
    """What the newest request got, also when the application then raised an exception."""

    @property
    def last(self) -> Answer:
        """The response to the newest request."""
        return answer_of(self.sent)

    def get(self, path: str, headers: Mapping[str, str] | None = None, chunks: int = 0) -> Answer:
        """Return the response; with `chunks` leave a stream after so many parts of its body."""
        return self._keep(self.site.runner.run(self._call("GET", path, headers, b"", chunks)))

    def post(
        self,
        path: str,
        fields: Mapping[str, str | list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        **changed: str,
    ) -> Answer:
        """Send a form, with the secret of the newest page unless `csrf` is given."""
        body = urlencode({"csrf": self.csrf} | dict(fields or {}) | changed, doseq=True).encode()
        return self.call("POST", path, FORM | dict(headers or {}), body)

    def post_bytes(self, path: str, body: bytes) -> Answer:
        """Send a form as it is, well formed or not."""
        return self.call("POST", path, FORM, body)

    def call(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send any request."""
        return self._keep(self.site.runner.run(self._call(method, path, headers, body, 0)))

    def follow(self, answer: Answer) -> Answer:
        """Load the page that a form led to."""
        assert answer.status == 303, answer.text
        return self.get(answer.header("location"))

    def twice(self, path: str, fields: Mapping[str, str | list[str]]) -> list[Answer]:
        """Send a form twice at once, as a double click does."""

        body = urlencode(fields, doseq=True).encode()

        async def all_of() -> list[Answer]:
            calls = (self._call("POST", path, FORM, body, 0) for _ in range(2))
            return await asyncio.gather(*calls)

        return self.site.runner.run(all_of())

    def _keep(self, answer: Answer) -> Answer:
        for name, value in answer.headers:
            if name == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        if found := re.search(
            r'<meta name="csrf" content="([^"]+)">', answer.body.decode(errors="replace")
        ):
            self.csrf = found[1]
        return answer

    async def _call(
        self, method: str, path: str, headers: Mapping[str, str] | None, body: bytes, chunks: int
    ) -> Answer:
        address = urlsplit(path)
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"host": HOST} | ({"cookie": cookie} if cookie else {})
        sent |= dict(self.headers) | dict(headers or {})
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": address.path,
            "raw_path": address.path.encode(),
            "query_string": address.query.encode(),
            "root_path": "",
            "headers": [(key.lower().encode(), value.encode()) for key, value in sent.items()],
            "server": ("127.0.0.1", 8080),
            "client": ("127.0.0.1", 50_000),
            "state": {},
        }
        gone, waits = asyncio.Event(), [{"type": "http.request", "body": body}]
        sent_back: list[Message] = []
        self.sent = sent_back

        async def receive() -> Message:
            if waits:
                return waits.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent_back.append(message)
            if chunks and len(sent_back) > chunks:
                gone.set()

        await self.site.app(scope, receive, send)
        return answer_of(sent_back)


def answer_of(messages: Sequence[Message]) -> Answer:
    """Put the messages of an application together."""
    start, *rest = messages
    return Answer(
        start["status"],
        [(key.decode(), value.decode()) for key, value in start["headers"]],
        b"".join(each.get("body", b"") for each in rest),
    )
