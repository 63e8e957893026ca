"""Where notifications go, read from the environment. Address and secret are in no error and no repr."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta

from troupe.backends.defaults import BadSetting, read_variables

URL, SECRET = "TROUPE_NOTIFY_URL", "TROUPE_NOTIFY_SECRET"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PRINTED = re.compile(r"[!-~]{1,2000}")
_PREFIX = "whsec_"
"""Of a secret of the Standard Webhooks: the key follows in base64."""
_KEY_BYTES = range(24, 65)
_MAKE = f"make one with `echo {_PREFIX}$(openssl rand -base64 32)`"

Format = Literal["json", "slack"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings:
    """Where notifications go."""

    url: str = field(default="", repr=False)
    """Of a webhook; empty: none. It may hold a secret, as Slack's do."""
    key: bytes = field(default=b"", repr=False)
    """Signs every request; empty: requests are not signed."""
    format: Format = "json"
    log: bool = False
    """Whether each notification is a log line, for a log-based alert."""

    @property
    def host(self) -> str:
        """The address for messages: nothing behind the host."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}" if self.url else ""


class _Choices:
    """Variables without a secret. `Meta.title` is the environment variable."""

    format: Annotated[Format, Meta(title="TROUPE_NOTIFY_FORMAT", description="one of json, slack")]
    log: Annotated[bool, Meta(title="TROUPE_NOTIFY_LOG", description="true or false")]


def read_notify_settings(environ: Mapping[str, str]) -> NotifySettings | None:
    """Read `TROUPE_NOTIFY_…`; None where no notification is configured. Raises `BadSetting`."""
    choices = read_variables(_Choices, environ)
    url, secret = (environ.get(name, "").strip() for name in (URL, SECRET))
    problems = [*_problems_of_url(url)] if url else []
    if secret and not url:
        problems.append(f"{SECRET} is set, and {URL} is not: give the address, or unset both")
    key = _key(secret) if secret else b""
    if key is None:
        problems.append(f"{SECRET} is not {_PREFIX} and 24 to 64 bytes in base64 after it: {_MAKE}")
    if url and not secret and choices.get("format", "json") == "json":
        problems.append(f"{SECRET} is not set, and it signs what goes to {URL}: {_MAKE}")
    if problems:
        raise BadSetting("\n".join(problems))
    settings = NotifySettings(url=url, key=key or b"", **choices)
    return settings if settings.url or settings.log else None


def _problems_of_url(url: str) -> list[str]:
    problem = _problem_of_url(url)
    return [f"{URL} {problem}"] if problem else []


def _problem_of_url(url: str) -> str:
    """Say what is wrong with an address, without a part of it; empty when nothing is."""
    if not _PRINTED.fullmatch(url):
        return "holds a blank, a control character or a letter outside of ASCII, or is too long"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is no address: give one such as https://example.com/hooks/troupe"
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return "must begin with https://; http:// is for an address of this machine alone"
    if not parts.hostname or port == 0:
        return "names no host: give an address such as https://example.com/hooks/troupe"
    if "@" in parts.netloc:
        return f"holds a user or a password: leave them out, {SECRET} signs the requests"
    return "holds a '#': leave it and what follows out" if "#" in url else ""


def _key(secret: str) -> bytes | None:
    """Return the bytes of a secret; None for one of another form."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if secret.startswith(_PREFIX) and len(key) in _KEY_BYTES else None
