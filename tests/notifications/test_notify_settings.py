"""The settings of notifications: what is refused, with what to do, and without what is secret."""

import re

import pytest

from tests.gcp.making import gcp_settings
from troupe.backends.defaults import BadSetting
from troupe.notifications.notifiers import Both, notifier_of
from troupe.notifications.settings import read_notify_settings

from .making import KEY, SECRET

URL = "https://hooks.example.com/T1/s3cret?key=s3cret"


def environ(url: str = URL, secret: str = SECRET, **more: str) -> dict[str, str]:
    return {"TROUPE_NOTIFY_URL": url, "TROUPE_NOTIFY_SECRET": secret, **more}


def test_without_an_address_nobody_is_told() -> None:
    """Empty variables count as not set."""
    assert read_notify_settings({}) is None
    assert read_notify_settings(environ("", " ", TROUPE_NOTIFY_FORMAT="slack")) is None
    assert read_notify_settings({"TROUPE_NOTIFY_LOG": "false"}) is None


def test_a_webhook_is_read_from_the_environment() -> None:
    """A deployment and a laptop read the same."""
    settings = read_notify_settings(environ())

    assert settings is not None
    assert (URL, KEY, "json", False) == (
        settings.url, settings.key, settings.format, settings.log,
    )  # fmt: skip
    assert "https://hooks.example.com" == settings.host
    assert settings == gcp_settings(**environ()).notify
    assert gcp_settings().notify is None


@pytest.mark.parametrize(
    "url",
    ["http://localhost:8080/x", "http://127.0.0.1/x", "http://[::1]:9/x", "https://h:8443", URL],
)
def test_plain_http_is_for_this_machine_alone(url: str) -> None:
    assert read_notify_settings(environ(url)) is not None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://hooks.example.com/s3cret", "must begin with https://"),
        ("http://127.0.0.1.example.com/s3cret", "must begin with https://"),
        ("http://localhost@example.com/s3cret", "must begin with https://"),
        ("ftp://localhost/s3cret", "must begin with https://"),
        ("hooks.example.com/s3cret", "must begin with https://"),
        ("https:///s3cret", "names no host"),
        ("https://h:0/s3cret", "names no host"),
        ("https://h:99999/s3cret", "is no address"),
        ("https://[::1/s3cret", "is no address"),
        ("https://user:s3cret@example.com/", "a user or a password"),
        ("https://example.com/#s3cret", "holds a '#'"),
        ("https://example.com/s3cret\r\nX: y", "holds a blank"),
        ("https://exämple.com/s3cret", "holds a blank"),
        ("https://example.com/" + "s3cret" * 400, "is too long"),
    ],
)
def test_a_wrong_address_is_refused_without_being_shown(url: str, problem: str) -> None:
    """Its path is a secret, as Slack's is."""
    with pytest.raises(BadSetting, match=f"TROUPE_NOTIFY_URL .*{re.escape(problem)}") as error:
        read_notify_settings(environ(url))

    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    "secret",
    ["s3cret", "whsec_", "whsec_c2hvcnQ=", "whsec_???", SECRET + "=", SECRET.removeprefix("whsec_"),
     "whsec_" + "A" * 200, "whsec_é"],
)  # fmt: skip
def test_a_wrong_secret_is_refused_without_being_shown(secret: str) -> None:
    """With the command that makes one."""
    with pytest.raises(BadSetting, match=r"SECRET is not whsec_ and.*openssl") as error:
        read_notify_settings(environ(secret=secret))

    assert secret == "whsec_" or secret not in str(error.value)  # noqa: S105


def test_what_is_half_set_is_refused() -> None:
    """JSON is always signed; Slack needs no signature."""
    with pytest.raises(BadSetting, match=r"SECRET is not set.*openssl"):
        read_notify_settings(environ(secret=""))
    with pytest.raises(BadSetting, match="SECRET is set, and TROUPE_NOTIFY_URL is not"):
        read_notify_settings(environ(""))
    with pytest.raises(BadSetting, match="TROUPE_NOTIFY_FORMAT is 'xml': give one of json, slack"):
        read_notify_settings(environ(TROUPE_NOTIFY_FORMAT="xml"))
    with pytest.raises(BadSetting, match="TROUPE_NOTIFY_LOG is 'maybe': give true or false"):
        read_notify_settings({"TROUPE_NOTIFY_LOG": "maybe"})

    slack = read_notify_settings(environ(secret="", TROUPE_NOTIFY_FORMAT="slack"))
    assert slack is not None
    assert b"" == slack.key


def test_a_webhook_and_log_lines_go_together() -> None:
    """Each alone, both, or none."""

    def clock() -> None: ...

    kinds = [
        type(notifier_of(read_notify_settings(given), clock)).__name__  # type: ignore[arg-type] # it is not called
        for given in (
            {}, environ(), {"TROUPE_NOTIFY_LOG": "true"}, environ(TROUPE_NOTIFY_LOG="true")
        )
    ]  # fmt: skip

    assert ["NoneType", "Webhook", "LogLine", Both.__name__] == kinds
