"""The addresses of an endpoint and the header with its key, checked before anything is sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

_BLANK = re.compile(r"[\x00-\x20\x7f]")
_KEY = re.compile(r"[!-~]+")
_VERSION = re.compile(r"[A-Za-z0-9.-]{1,40}")
_SECRETS = re.compile(r"(?<=//)[^/?#]*@|[?#].*", re.DOTALL)
_CHAT = "/chat/completions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to send requests, and with which header."""

    chat: str
    models: str
    header: Mapping[str, str] = field(repr=False)


def address(base_url: str, model: str, key: str | None, api_version: str | None) -> Address:
    """Return the addresses below a base URL. With an `api_version` they are Azure OpenAI's.

    Raises `ValueError` with a reason that names neither the key nor the URL.
    """
    base = _base(base_url)
    key = _checked_key(key)
    if api_version is None:
        header = {"Authorization": f"Bearer {key}"} if key else {}
        return Address(chat=base + _CHAT, models=f"{base}/models", header=header)
    if not _VERSION.fullmatch(api_version):
        raise ValueError("the api-version must look like 2024-10-21")
    root, has_deployment, _ = base.partition("/openai/deployments/")
    root = root.removesuffix("/openai")
    named = base if has_deployment else f"{root}/openai/deployments/{quote(model, safe='')}"
    version = f"?api-version={api_version}"
    return Address(
        chat=f"{named}{_CHAT}{version}",
        models=f"{root}/openai/models{version}",
        header={"api-key": key} if key else {},
    )


def shown(url: str) -> str:
    """The URL for a message, without what may be secret: user, password and query."""
    return _SECRETS.sub("", url)


def _base(url: str) -> str:
    if _BLANK.search(url):
        raise ValueError("the address holds a blank or a control character")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError("the address of the endpoint must begin with http:// or https://")
    if not parts.hostname:
        raise ValueError("the address names no host")
    if parts.port == 0:
        raise ValueError("0 is no port")
    if "@" in parts.netloc:
        raise ValueError("leave out user and password: TROUPE_MODEL_KEY holds the key")
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        raise ValueError(
            "leave out everything from '?' or '#' on: Azure's api-version is --model-api-version"
        )
    return url.rstrip("/").removesuffix(_CHAT).rstrip("/")


def _checked_key(key: str | None) -> str | None:
    key = (key or "").strip()
    if key and not _KEY.fullmatch(key):
        raise ValueError("TROUPE_MODEL_KEY holds a character that no HTTP header may have")
    return key or None
