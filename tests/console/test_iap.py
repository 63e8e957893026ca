"""Identity-Aware Proxy: whose token lets a request in, and whose name its commands carry."""

import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.auth import crypt, jwt
from starlette.requests import HTTPConnection

from tests.console.client import Browser, over
from tests.harness import LocalHarness, calls
from troupe.console.app import make_app
from troupe.console.iap import HEADER, ISSUER, KEYS_SECONDS, RETRY_SECONDS, IapSessions

AUDIENCE = "/projects/1/locations/eu/services/console"
USER = "ann.onymous@example.com"


def new_key() -> tuple[str, str]:
    """A private and a public key."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


OURS, PUBLIC = new_key()
FOREIGN, _ = new_key()


def token(
    private: str = OURS, key_id: str = "k1", age: timedelta = timedelta(), **claims: object
) -> str:
    """A token as the proxy makes it. The library compares its times with the clock of the machine."""
    issued = int(time.time() - age.total_seconds())
    payload = {
        "iss": ISSUER, "aud": AUDIENCE, "email": USER, "iat": issued, "exp": issued + 600,
    } | claims  # fmt: skip
    signer = crypt.ES256Signer.from_string(private, key_id)
    encoded: bytes = jwt.encode(signer, payload)
    return encoded.decode()


class Keys:
    """The public keys, and how often they were fetched."""

    def __init__(self) -> None:
        self.fetched, self.now = 0, 0.0
        self.error: Exception | None = None

    def __call__(self) -> Mapping[str, str]:
        self.fetched += 1
        if self.error:
            raise self.error
        return {"k1": PUBLIC}

    def sessions(self) -> IapSessions:
        return IapSessions(AUDIENCE, fetch=self, clock=lambda: self.now)


def with_token(value: str) -> HTTPConnection:
    return HTTPConnection({"type": "http", "headers": [(HEADER.encode(), value.encode())]})


def test_a_token_of_the_proxy_names_the_user() -> None:
    session = Keys().sessions().session_of(with_token(token()))

    assert session is not None
    assert USER == session.user


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "x",
        "a.b.c",
        token(FOREIGN),
        token(aud="/projects/2"),
        token(iss="https://evil.example"),
        token(email=""),
        token(email=None),
        token(age=timedelta(hours=2)),
        token(key_id="k2"),
        token().rsplit(".", 1)[0] + ".",
    ],
)
def test_any_other_token_lets_nobody_in(wrong: str) -> None:
    assert Keys().sessions().session_of(with_token(wrong)) is None


def test_the_keys_are_fetched_once_an_hour_and_not_for_each_unknown_key() -> None:
    keys = Keys()
    sessions = keys.sessions()
    for _ in range(3):
        assert sessions.session_of(with_token(token())) is not None
        assert sessions.session_of(with_token(token(key_id="k2"))) is None
    assert 1 == keys.fetched

    keys.now = KEYS_SECONDS + 1
    assert sessions.session_of(with_token(token())) is not None
    assert 2 == keys.fetched


def test_keys_that_cannot_be_fetched_let_nobody_in() -> None:
    keys = Keys()
    keys.error = OSError("no network")

    sessions = keys.sessions()

    assert [None] * 5 == [sessions.session_of(with_token(token())) for _ in range(5)]
    assert 1 == keys.fetched, "the next try is a minute later"
    keys.now, keys.error = RETRY_SECONDS + 1, None
    assert sessions.session_of(with_token(token())) is not None


def test_no_address_opens_a_session() -> None:
    assert Keys().sessions().enter("") is None


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[LocalHarness]:
    made = LocalHarness(tmp_path / "home")
    made.load(calls(3))
    yield made
    made.close()


def test_a_command_carries_the_name_of_its_user(harness: LocalHarness) -> None:
    with over(harness) as site:
        site.app = make_app(site.client, Keys().sessions(), ["127.0.0.1:8080"])
        browser = Browser(site, headers={HEADER: token()})
        page = browser.get("/")
        fields = {"token": "0" * 16, "new_run_id": "r1", "previewed_records": "9"}
        confirmed = browser.post("/actions/request", fields)

    assert USER in page.text
    assert confirmed.status == 303
    (event_id,) = {each for (each,) in harness.sql("SELECT event_id FROM events")}
    assert f"console-{USER}-{'0' * 16}" == event_id


def test_a_form_of_one_user_is_not_taken_from_another(harness: LocalHarness) -> None:
    with over(harness) as site:
        site.app = make_app(site.client, Keys().sessions(), ["127.0.0.1:8080"])
        one = Browser(site, headers={HEADER: token()})
        other = Browser(site, headers={HEADER: token(email="other@example.com")})
        one.get("/")
        other.get("/")

        assert one.post("/actions/request/preview", csrf=other.csrf).status == 403
        assert Browser(site).get("/").status == 403
