"""The webhook: what a receiver gets and can check, and what each of its replies means."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator

import pytest

from handlers.dispatch.errors import Redeliver, Reject
from tests.endpoint.server import Asked, Said, Server, closed_url, serving
from tests.local.fakes import HeldClock
from troupe.notifications.settings import NotifySettings
from troupe.notifications.webhook import Webhook

from .making import ID, KEY, ended, refused


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        made.script = lambda _: Said({}, 204)
        yield made


def webhook(server: Server, form: str = "json", key: bytes = KEY, seconds: float = 5) -> Webhook:
    settings = NotifySettings(url=f"{server.url}/hooks?token=s3cret", key=key, format=form)  # type: ignore[arg-type] # one of two
    return Webhook(settings, HeldClock(), seconds)


def is_authentic(asked: Asked, key: bytes) -> bool:
    """What a receiver does, in the words of docs/how-to/notify.md."""
    id_, time = asked.header("webhook-id"), asked.header("webhook-timestamp")
    signed = f"{id_}.{time}.".encode() + asked.data
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = (asked.header("webhook-signature") or "").split(",")
    return ["v1", expected] == given


def test_a_receiver_can_check_id_time_and_body(server: Server) -> None:
    """One changed byte, or another key, and it is no message of ours."""
    webhook(server).send(ended())

    (asked,) = server.posts
    assert "/v1/hooks?token=s3cret" == asked.path
    assert "application/json" == asked.header("content-type")
    assert str(int(HeldClock()().timestamp())) == asked.header("webhook-timestamp")
    assert is_authentic(asked, KEY)
    assert not is_authentic(asked, KEY[::-1])
    changed = Asked("POST", asked.path, asked.headers, {}, 0, asked.data.replace(b"90", b"91"))
    assert asked.data != changed.data
    assert not is_authentic(changed, KEY)


def test_the_signature_is_the_one_of_the_standard(server: Server) -> None:
    """The vector of the specification of Standard Webhooks, with its key, id and time."""
    from troupe.notifications.webhook import signature

    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'

    assert "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" == signature(key, signed)


def test_every_delivery_of_one_notification_has_the_same_id_and_body(server: Server) -> None:
    """In the header and in the body, so that a receiver can drop the second."""
    webhook(server).send(ended())
    webhook(server).send(ended())

    first, second = server.posts
    assert first.data == second.data
    assert [ID, ID] == [each.header("webhook-id") for each in (first, second)]
    assert ID == json.loads(first.data)["id"]


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504, 599])
def test_a_passing_fault_is_tried_again(server: Server, code: int) -> None:
    """The delivery is repeated, with the gaps of every handler."""
    server.script = lambda _: Said({}, code)
    with pytest.raises(Redeliver, match=str(code)):
        webhook(server).send(ended())

    server.script = lambda _: Said({}, 200)
    webhook(server).send(ended())
    assert 2 == len(server.posts)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 413, 422])
def test_a_refusal_is_for_an_operator(server: Server, code: int) -> None:
    """It says where, what was answered, and what to do; nothing of the address or the reply."""
    server.script = lambda _: Said({"error": "my s3cret of the receiver"}, code)

    with pytest.raises(Reject, match=f"answered {code}.*TROUPE_NOTIFY_URL.*replay") as error:
        webhook(server).send(ended())

    assert "notification_refused" == error.value.cause
    assert "s3cret" not in str(error.value)
    assert "/hooks" not in str(error.value)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server: Server, code: int) -> None:
    """The counts go to the host that was named, and to no other."""
    with serving() as other:
        server.script = lambda _: Said({}, code, {"Location": f"{other.url}/hooks"})
        with pytest.raises(Reject, match="redirects are not followed"):
            webhook(server).send(ended())

        assert [] == other.requests


def test_nobody_there_is_tried_again() -> None:
    """The host alone is named."""
    settings = NotifySettings(url=f"{closed_url()}/hooks?token=s3cret", key=KEY)

    with pytest.raises(Redeliver, match="took no notification: Connection refused") as error:
        Webhook(settings, HeldClock()).send(ended())

    assert "s3cret" not in str(error.value)
    assert error.value.__cause__ is None


def test_a_receiver_without_tls_is_tried_again(server: Server) -> None:
    """The same as one with a certificate that is not valid: no byte of the body is sent."""
    url = server.url.replace("http://", "https://")

    with pytest.raises(Redeliver):
        Webhook(NotifySettings(url=url, key=KEY), HeldClock()).send(ended())

    assert [] == server.requests


def test_a_receiver_that_never_replies_costs_a_limited_time(server: Server) -> None:
    """The request ends, and is tried again."""
    import threading

    release = threading.Event()

    def silent(_: Asked) -> Said:
        release.wait(20)
        return Said({}, 204)

    server.script = silent
    try:
        with pytest.raises(Redeliver, match=r"0\.05 s passed"):
            webhook(server, seconds=0.05).send(ended())
    finally:
        release.set()


def test_slack_gets_text_with_its_characters_escaped(server: Server) -> None:
    """A run id from outside cannot make a link or call a channel."""
    webhook(server, "slack", b"").send(refused("<!channel>&"))

    (asked,) = server.posts
    assert ["text"] == list(asked.body)
    assert "&lt;!channel&gt;&amp;" in asked.body["text"]
    assert "<" not in asked.body["text"]
    assert asked.header("webhook-signature") is None
    assert ID == asked.header("webhook-id")


def test_a_hostile_id_of_a_run_adds_no_header(server: Server) -> None:
    """It is in the body alone, where JSON escapes it."""
    run_id = 'r\r\nX-Injected: 1\r\n\r\n{"a":1}\u2028é'
    webhook(server).send(refused(run_id))

    (asked,) = server.posts
    assert asked.header("x-injected") is None
    assert run_id == asked.body["run_id"]
    assert is_authentic(asked, KEY)


def test_settings_show_neither_address_nor_key(server: Server) -> None:
    """In a traceback or a debugger's output."""
    settings = NotifySettings(url=f"{server.url}/hooks?token=s3cret", key=KEY)

    assert "s3cret" not in repr(settings)
    assert repr(KEY) not in repr(settings)
    assert server.url.removesuffix("/v1") == settings.host
