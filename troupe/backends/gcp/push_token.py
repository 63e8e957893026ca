"""Compare the claims of the token that a push carries with those that Terraform set.

Cloud Run verifies the signature and the invoker's right, and removes the signature before the
container sees the token. A service therefore compares claims and never verifies a signature: that
check would refuse every push.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime

import msgspec

from .settings import BadSetting, GcpSettings

ISSUERS = ("https://accounts.google.com", "accounts.google.com")
LEEWAY_SECONDS = 60
"""A request may wait for an instance after Cloud Run has verified its token."""
_BEARER = "bearer "


class WrongToken(Exception):
    """A request without the token of our push account. The text names the claim, never its value."""


class _Claims(msgspec.Struct):
    iss: str
    aud: str
    email: str
    email_verified: bool
    exp: int


class PushIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Who pushes to this service, and by which audience."""

    account: str
    audience: str

    @classmethod
    def of(cls, settings: GcpSettings) -> "PushIdentity | None":
        """Read the identity; None where the setting says that no token is expected.

        Raises `BadSetting` where tokens are to be compared and an expected value is missing.
        """
        if settings.push_tokens == "unchecked":
            return None
        expected = {
            "TROUPE_PUSH_ACCOUNT": settings.push_account,
            "TROUPE_PUSH_AUDIENCE": settings.push_audience,
        }
        for variable, value in expected.items():
            if not value:
                raise BadSetting(
                    f"{variable} is missing: Terraform sets it for each service; only where no "
                    "token arrives, as with an emulator, set TROUPE_PUSH_TOKENS=unchecked"
                )
        return cls(account=settings.push_account, audience=settings.push_audience)

    def check(self, headers: Mapping[str, str], now: datetime) -> None:
        """Compare the token in the headers, whose names are in lower case. Raises `WrongToken`."""
        claims = _claims(headers.get("authorization", ""))
        if claims.iss not in ISSUERS:
            raise WrongToken("another issuer (iss)")
        if claims.aud != self.audience:
            raise WrongToken("another audience (aud)")
        if claims.email != self.account or not claims.email_verified:
            raise WrongToken("another account (email)")
        if claims.exp + LEEWAY_SECONDS < now.timestamp():
            raise WrongToken("expired (exp)")


def _claims(authorization: str) -> _Claims:
    """Decode the middle part of a JSON Web Token; the last one is not the signature any more."""
    if not authorization.lower().startswith(_BEARER):
        raise WrongToken("no token")
    parts = authorization[len(_BEARER) :].split(".")
    if len(parts) != 3:
        raise WrongToken("not a JSON Web Token")
    padding = "=" * (-len(parts[1]) % 4)
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + padding), type=_Claims)
    except (binascii.Error, msgspec.ValidationError) as error:
        raise WrongToken(f"a claim is missing or not valid: {error}") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise WrongToken("not a JSON Web Token") from error
