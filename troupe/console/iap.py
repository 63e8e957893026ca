"""Users whom Identity-Aware Proxy signed in: the proxy's token, verified with its public keys."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, ClassVar

import urllib3
from google.auth import jwt
from google.auth.exceptions import GoogleAuthError
from starlette.requests import HTTPConnection

from .security import Session

HEADER = "x-goog-iap-jwt-assertion"
ISSUER = "https://cloud.google.com/iap"
KEYS = "https://www.gstatic.com/iap/verify/public_key"
KEYS_SECONDS = 3600.0
"""How long the public keys are kept; an unknown key is looked for earlier, once a minute."""
RETRY_SECONDS = 60.0
SKEW = 30
"""Seconds by which the proxy's clock may differ."""


def fetch_keys() -> Mapping[str, str]:
    """Return the proxy's public keys by their ids."""
    answer = urllib3.request("GET", KEYS, timeout=5.0, retries=1)
    keys: dict[str, str] = json.loads(answer.data)
    return keys


@dataclass(slots=True)
class IapSessions:
    """The signed-in user of each request. There is no token of our own, and no cookie."""

    may_block: ClassVar[bool] = True

    audience: str
    """Of the proxy's tokens for this service."""
    fetch: Callable[[], Mapping[str, str]] = fetch_keys
    clock: Callable[[], float] = time.monotonic
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    """From which the secret of each user's forms follows; new with each process."""
    cookie: str = ""
    """None is set."""
    _keys: Mapping[str, str] = field(default_factory=dict)
    _fetched_at: float | None = None
    _fetching: Lock = field(default_factory=Lock)

    def enter(self, token: str) -> str | None:
        """No address opens a session here."""
        return None

    def session_of(self, request: HTTPConnection) -> Session | None:
        claims = self._claims(request.headers.get(HEADER, ""))
        user = claims.get("email") if claims else None
        if claims is None or claims.get("iss") != ISSUER or not isinstance(user, str) or not user:
            return None
        csrf = hmac.new(self.secret, user.encode(), hashlib.sha256).hexdigest()
        return Session(csrf=csrf, user=user)

    def _claims(self, token: str) -> Mapping[str, Any] | None:
        """Return the claims of a token whose signature, audience and time are right."""
        if not token:
            return None
        try:
            key = jwt.decode_header(token).get("kid")
            self._renew(key)
            claims: Mapping[str, Any] = jwt.decode(
                token, certs=self._keys, audience=self.audience, clock_skew_in_seconds=SKEW
            )
        except (ValueError, GoogleAuthError, OSError, urllib3.exceptions.HTTPError):
            return None
        return claims

    def _renew(self, key: str | None) -> None:
        """Fetch the keys where they are due: one request at a time, and none soon after a failure."""
        with self._fetching:
            now = self.clock()
            age = float("inf") if self._fetched_at is None else now - self._fetched_at
            if age > KEYS_SECONDS or (key not in self._keys and age > RETRY_SECONDS):
                self._fetched_at = now
                self._keys = self.fetch()
