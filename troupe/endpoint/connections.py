"""Reused HTTP connections to one endpoint, with limits of time and size.

Redirects are not followed, and plain HTTP goes through no proxy: key and transcripts reach the host
that the user named, and no other.
"""

import io
import re
import socket
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from time import monotonic, time
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError
from urllib3.exceptions import TimeoutError as RequestTimeout

from troupe.endpoint.failure import EndpointFailure

LONGEST_REPLY = 8 * 1024 * 1024
"""Bytes."""
_CONNECT_SECONDS = 10.0
_BLOCK = 64 * 1024
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,6})?", re.ASCII)
_NAMES = {status.value: status.phrase for status in HTTPStatus}
_LONGEST_REASON = 300
"""Characters of an error's text that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole HTTP reply of any status."""

    code: int
    body: bytes
    location: str | None
    retry_after: float | None
    """Seconds."""

    @property
    def name(self) -> str:
        """The name of the status, not the server's own words."""
        return _NAMES.get(self.code, "Error")

    @property
    def reason(self) -> str:
        """The beginning of the body as text."""
        return self.body[: 4 * _LONGEST_REASON].decode("utf-8", "replace")[:_LONGEST_REASON]


class Connections:
    """Connections to one host. Used by several threads."""

    def __init__(self, url: str, header: Mapping[str, str], *, most: int, seconds: float) -> None:
        """Raises `ValueError` when the environment names a proxy that cannot be used."""
        self._seconds = seconds
        self._header = {**header, "Content-Type": "application/json"}
        try:
            self._pool = _pool(url, most)
        except (HTTPError, ValueError):
            raise ValueError("the environment's proxy for https is no http:// address") from None

    def send(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        seconds: float | None = None,
        header: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request, with `header` beside that of all requests, and read the whole reply.

        Raises `EndpointFailure` without a reply: 503 for a connection that failed, 504 after the
        time limit, 502 for a reply that is too large.
        """
        seconds = seconds or self._seconds
        timeout = urllib3.Timeout(connect=min(_CONNECT_SECONDS, seconds), read=seconds)
        try:
            response = self._pool.request(
                method,
                url,
                body=body,
                headers={**self._header, **(header or {})},
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            with closing(response):
                return Reply(
                    code=response.status,
                    body=_read(response),
                    location=response.headers.get("Location"),
                    retry_after=_seconds_until(response.headers.get("Retry-After")),
                )
        except NewConnectionError as error:
            raise EndpointFailure(503, "Unavailable", _cause(error)) from None
        except (RequestTimeout, TimeoutError):
            raise EndpointFailure(504, "Deadline Exceeded", f"{seconds:g} s passed") from None
        except (HTTPError, HTTPException, OSError) as error:
            raise EndpointFailure(503, "Unavailable", _cause(error)) from None

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._pool.clear()


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    """Read the body block by block, up to its largest size."""
    blocks: list[bytes] = []
    size = 0
    while block := response.read1(_BLOCK):
        size += len(block)
        if size > LONGEST_REPLY:
            reason = f"the reply has more than {LONGEST_REPLY} bytes"
            raise EndpointFailure(502, "Bad Gateway", reason, of_request=True)
        blocks.append(block)
    return b"".join(blocks)


class _TimedReader(io.RawIOBase):
    """Reads from a socket up to one deadline, its timeout from now on.

    A socket's own timeout begins again with each byte, so that a server that sends one now and then
    would never time out.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket, self._inner = sock, sock.makefile("rb", buffering=0)
        self._deadline = monotonic() + (sock.gettimeout() or _CONNECT_SECONDS)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(left)
        return self._inner.readinto(buffer)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _TimedSocket:
    """What `HTTPResponse` needs of a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._socket))


class _TimedResponse(HTTPResponse):
    def __init__(self, sock: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(_TimedSocket(sock), *arguments, **options)  # type: ignore[arg-type]  # it takes any with makefile


class _Http(HTTPConnection):
    response_class = _TimedResponse


class _Https(HTTPSConnection):
    response_class = _TimedResponse


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


def _pool(url: str, most: int) -> urllib3.PoolManager:
    """Return a pool whose replies end in time."""
    pool = _untimed_pool(url, most)
    pool.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
    return pool


def _untimed_pool(url: str, most: int) -> urllib3.PoolManager:
    """Return a pool of connections, through the environment's proxy for HTTPS."""
    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get("https") or proxies.get("all")
    # A proxy for plain HTTP reads the key; one for HTTPS only passes encrypted bytes on.
    is_local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme == "http" or is_local or not proxy or proxy_bypass(parts.netloc):
        return urllib3.PoolManager(num_pools=1, maxsize=most)
    user = urlsplit(proxy)
    login = f"{unquote(user.username)}:{unquote(user.password or '')}" if user.username else None
    headers = urllib3.make_headers(proxy_basic_auth=login) if login else None
    return urllib3.ProxyManager(proxy, num_pools=1, maxsize=most, proxy_headers=headers)


def _cause(error: BaseException) -> str:
    """Return the system's words for an error: a library's message may hold a proxy's password."""
    if isinstance(error, NameResolutionError):
        return "the name of its host is not known"
    causes = [error, *error.args, error.__cause__, error.__context__]
    systems = [each for each in causes if isinstance(each, OSError) and each.strerror]
    return str(systems[0].strerror) if systems else type(error).__name__


def _seconds_until(retry_after: str | None) -> float | None:
    """Return the seconds of a `Retry-After` header, a number or a date; None for anything else."""
    if not retry_after:
        return None
    if _NUMBER.fullmatch(retry_after.strip()):
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time())
    except (ValueError, TypeError, OverflowError):
        return None
