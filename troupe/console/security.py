"""Who may see the console: a one-time token, then a cookie; and what no request may do.

Every request passes `Guard`: an unknown host (DNS rebinding), a missing session, a form without
the session's secret (CSRF) and a request of another site end there.
"""

import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import ClassVar, Protocol
from urllib.parse import parse_qsl

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "troupe_console"
IDLE_SECONDS = 12 * 3600.0
"""After so long without a request a session ends."""
MOST_SESSIONS = 100
MOST_BYTES = 4 << 20
"""Of the body of a request."""
MOST_FIELDS = 20_000
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not `no-referrer`: the Origin of a form would be null, and could not be compared.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
NO_SESSION = (
    "This console is private. Open the address that `troupe console` printed; an address works "
    "once, and the next one is printed when it was used."
)


@dataclass(slots=True)
class Session:
    """A browser that was let in."""

    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    user: str = ""
    """The signed-in user of Google Cloud; empty on a laptop."""
    used_at: float = 0.0


class Sessions(Protocol):
    """Knows the session of a request."""

    may_block: ClassVar[bool]
    """`session_of` may wait for the network: it is asked in a thread."""

    @property
    def cookie(self) -> str:
        """Return the name of the cookie that holds the session."""
        ...

    def session_of(self, request: HTTPConnection) -> Session | None:
        """Return the session; None: the request is refused."""
        ...

    def enter(self, token: str) -> str | None:
        """Exchange a token of an address for a cookie; None: it is no valid token."""
        ...


@dataclass(slots=True)
class TokenSessions:
    """Sessions that begin with a one-time token, and are kept in memory."""

    may_block: ClassVar[bool] = False

    on_token: Callable[[str], None] = lambda _: None
    """Called with the next token, when one was used."""
    cookie: str = COOKIE
    """Another for each port: a browser sends the cookies of a host to all of its ports."""
    clock: Callable[[], float] = time.monotonic
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    """The one that opens the next session."""
    _sessions: dict[str, Session] = field(default_factory=dict)

    def enter(self, token: str) -> str | None:
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            return None
        self.token = secrets.token_urlsafe(24)
        cookie = secrets.token_urlsafe(32)
        if len(self._sessions) >= MOST_SESSIONS:
            oldest = min(self._sessions, key=lambda each: self._sessions[each].used_at)
            del self._sessions[oldest]
        self._sessions[cookie] = Session(used_at=self.clock())
        self.on_token(self.token)
        return cookie

    def session_of(self, request: HTTPConnection) -> Session | None:
        cookie, now = request.cookies.get(self.cookie, ""), self.clock()
        session = self._sessions.get(cookie)
        if session is None:
            return None
        if now - session.used_at > IDLE_SECONDS:
            del self._sessions[cookie]
            return None
        session.used_at = now
        return session


class Refused(Exception):
    """A request that the guard turns away."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        self.status = status
        super().__init__(why)


@dataclass(slots=True)
class Guard:
    """Lets a request through to the pages, or answers it itself."""

    app: ASGIApp
    sessions: Sessions
    hosts: frozenset[str]
    """Values of the header `Host` under which the console is reached."""
    secure: bool = False
    """The cookie is sent over HTTPS alone."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        sending = _with_headers(send, is_static=request.url.path.startswith("/static/"))
        try:
            response = await self._judge(request)
        except Refused as refusal:
            response = PlainTextResponse(f"{refusal}\n", refusal.status)
        if response is not None:
            await response(scope, receive, sending)
            return
        await self.app(scope, request.state.replay, sending)

    async def _judge(self, request: Request) -> Response | None:
        """Return what answers the request instead of a page; None lets it through."""
        request.state.replay = request.receive
        self._check_host(request.headers)
        if request.method not in ("GET", "HEAD", "POST"):
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "use GET or POST")
        is_read = request.method != "POST"
        if is_read and request.url.path.startswith("/static/"):
            return None
        session = await self._session(request)
        if request.method == "GET" and "token" in request.query_params:
            if session:
                return RedirectResponse("/", HTTPStatus.SEE_OTHER)
            return self._enter(request.query_params["token"])
        if session is None:
            raise Refused(HTTPStatus.FORBIDDEN, NO_SESSION)
        request.state.session = session
        if not is_read:
            await self._check_form(request, session)
        return None

    async def _session(self, request: Request) -> Session | None:
        if self.sessions.may_block:
            return await anyio.to_thread.run_sync(self.sessions.session_of, request)
        return self.sessions.session_of(request)

    def _check_host(self, headers: Headers) -> None:
        if headers.get("host", "").lower() not in self.hosts:
            raise Refused(HTTPStatus.MISDIRECTED_REQUEST, "this host name is not the console's")

    def _enter(self, token: str) -> Response:
        cookie = self.sessions.enter(token)
        if cookie is None:
            raise Refused(HTTPStatus.FORBIDDEN, f"This address was used. {NO_SESSION}")
        response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        response.set_cookie(
            self.sessions.cookie, cookie, httponly=True, samesite="strict", secure=self.secure
        )
        return response

    async def _check_form(self, request: Request, session: Session) -> None:
        """Read the body once, and compare the secret that only the session's own pages know."""
        _check_site(request.headers)
        body = await _body(request)
        form = read_form(body) if _is_form(request.headers) else {}
        given = form.get("csrf", [""])[0] or request.headers.get("x-csrf-token", "")
        if not hmac.compare_digest(given.encode(), session.csrf.encode()):
            raise Refused(HTTPStatus.FORBIDDEN, "The form is too old: go back and load its page")
        request.state.form = form
        request.state.replay = _replay(body)


def _check_site(headers: Headers) -> None:
    """Refuse a form of another site, where the browser names the site."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Refused(HTTPStatus.FORBIDDEN, "a form of another site")
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower():
        raise Refused(HTTPStatus.FORBIDDEN, "a form of another site")


def _is_form(headers: Headers) -> bool:
    return headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


async def _body(request: Request) -> bytes:
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > MOST_BYTES:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {MOST_BYTES:,} bytes")
    return bytes(found)


def read_form(body: bytes) -> dict[str, list[str]]:
    """Decode a form: its values by field. Raises `Refused` for one that is not UTF-8 or too long."""
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"
        )
    except ValueError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "the form cannot be read") from error
    form: dict[str, list[str]] = {}
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    return form


def form_of(request: Request) -> Mapping[str, list[str]]:
    """Return the values of a form that the guard has read, by field."""
    form: Mapping[str, list[str]] = request.state.form
    return form


def field_of(request: Request, name: str, default: str = "") -> str:
    """Return the first value of a field of the form, without blanks around it."""
    return form_of(request).get(name, [default])[0].strip()


def session_of(request: Request) -> Session:
    """Return the session that the guard has found."""
    session: Session = request.state.session
    return session


def _replay(body: bytes) -> Receive:
    """Give a body that was read to the next reader of the request."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


def _with_headers(send: Send, *, is_static: bool) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers["cache-control"] = "private, max-age=3600" if is_static else "no-store"
        await send(message)

    return sending
