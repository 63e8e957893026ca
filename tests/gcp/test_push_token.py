"""Who may push to a service: the claims of the token, and the project of the subscription."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from events import RunRequested
from tests.gcp.making import gcp_settings
from tests.gcp.serving import START, Caller, FakeBackend, ServiceHarness, message
from tests.harness import LocalHarness, calls
from troupe.backends.gcp.app import Service
from troupe.backends.gcp.push_token import LEEWAY_SECONDS, PushIdentity
from troupe.backends.gcp.service import main
from troupe.backends.gcp.settings import BadSetting
from troupe.backends.pubsub_push import Push, unwrapped_push, wrapped_push

ACCOUNT = "troupe-push@stories.iam.gserviceaccount.com"
AUDIENCE = "https://troupe-plan-run.stories.internal"
CLAIMS: Mapping[str, Any] = {
    "iss": "https://accounts.google.com",
    "aud": AUDIENCE,
    "azp": "113774264463038321964",
    "email": ACCOUNT,
    "email_verified": True,
    "iat": int(START.timestamp()) - 60,
    "exp": int(START.timestamp()) + 3540,
}
CHECKED = {
    "TROUPE_PUSH_TOKENS": "compared",
    "TROUPE_PUSH_ACCOUNT": ACCOUNT,
    "TROUPE_PUSH_AUDIENCE": AUDIENCE,
    "TROUPE_PROJECT_NUMBER": "123456789012",
}
SUBSCRIPTION = "projects/stories/subscriptions/plan-run.run-requested"


def token(claims: Mapping[str, Any]) -> str:
    """A token as Google signs it; the signature is any text here."""
    parts = ({"alg": "RS256", "typ": "JWT"}, dict(claims))
    encoded = (base64.urlsafe_b64encode(json.dumps(each).encode()) for each in parts)
    return ".".join([*(each.decode().rstrip("=") for each in encoded), "signed-by-google"])


def through_front_end(push: Push) -> Push:
    """What Cloud Run hands to the container: it has verified the signature, and removes it."""
    headers = dict(push.headers)
    if "authorization" in headers:
        signed, _, _signature = headers["authorization"].rpartition(".")
        headers["authorization"] = f"{signed}.SIGNATURE_REMOVED_BY_GOOGLE"
    return Push(headers, push.body)


def with_token(push: Push, claims: Mapping[str, Any] = CLAIMS, **changed: Any) -> Push:
    """Pub/Sub's push with a token; `...` removes a claim."""
    kept = {name: value for name, value in {**claims, **changed}.items() if value is not ...}
    return Push({**push.headers, "authorization": f"Bearer {token(kept)}"}, push.body)


def over(harness: LocalHarness) -> ServiceHarness:
    """Return a service that compares tokens, at a time that stands still."""
    made = ServiceHarness(harness, gcp_settings(TROUPE_CONCURRENCY=1, **CHECKED))
    made.service = Service(made.settings, lambda: made.backend, clock=lambda: START)
    made.caller = Caller(made.service)
    return made


@pytest.fixture
def service(harness: LocalHarness) -> ServiceHarness:
    harness.load(calls(4))
    return over(harness)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHarness]:
    """What services that refuse every push stand over."""
    made = LocalHarness(tmp_path_factory.mktemp("untouched") / "home")
    yield made
    made.close()


@pytest.fixture
def refusing(untouched: LocalHarness) -> ServiceHarness:
    """A service for pushes that it refuses."""
    return over(untouched)


def send(service: ServiceHarness, push: Push) -> int:
    (status,) = service.caller.send(through_front_end(push))
    return status


def plan_push(
    service: ServiceHarness,
    subscription: str = SUBSCRIPTION,
    form: Callable[..., Push] = wrapped_push,
) -> Push:
    return form(service.message_of(RunRequested(run_id="r1")), subscription)


@pytest.mark.parametrize("form", [wrapped_push, unwrapped_push])
@pytest.mark.parametrize("project", ["stories", "123456789012"])
def test_a_push_of_our_account_is_handled_without_its_signature(
    service: ServiceHarness, form: Callable[..., Push], project: str
) -> None:
    """The front end removed the signature; the project may be named by its number."""
    push = plan_push(service, SUBSCRIPTION.replace("stories", project), form)

    assert 204 == send(service, with_token(push))
    assert 2 == len(service.backend.bus.published)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"email": "someone@stories.iam.gserviceaccount.com"}, "another account"),
        ({"email_verified": False}, "another account"),
        ({"email": ...}, "`email`"),
        ({"email_verified": ...}, "`email_verified`"),
        ({"aud": AUDIENCE.replace("plan-run", "submit-job")}, "another audience"),
        ({"aud": [AUDIENCE]}, "`$.aud`"),
        ({"aud": ...}, "`aud`"),
        ({"iss": "https://accounts.example.com"}, "another issuer"),
        ({"iss": ...}, "`iss`"),
        ({"exp": int(START.timestamp()) - LEEWAY_SECONDS - 1}, "expired"),
        ({"exp": "tomorrow"}, "`$.exp`"),
        ({"exp": ...}, "`exp`"),
    ],
)
def test_another_token_is_refused_with_one_line_and_nothing_is_handled(
    refusing: ServiceHarness,
    caplog: pytest.LogCaptureFixture,
    changed: dict[str, Any],
    named: str,
) -> None:
    """The line names the claim, and never shows its value."""
    status = send(refusing, with_token(plan_push(refusing), **changed))

    assert 403 == status
    (record,) = [each for each in caplog.records if each.name == "troupe.service"]
    assert "push-refused" == record.getMessage()
    why = record.__dict__["why"]
    assert named in why
    assert not [value for value in changed.values() if isinstance(value, str) and value in why]
    assert [] == refusing.backend.bus.published
    assert 0 == refusing.harness.one("SELECT count(*) FROM events")


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic dTpw", "Bearer ", "Bearer x", "Bearer a.b", "Bearer a.!!!.c", "Bearer a.e30.c",
     "Bearer a.bm8.c", "Bearer a.W10.c", "Bearer a.-_8.c", "Bearer a.b.c.d"],
)  # fmt: skip
def test_a_request_without_a_readable_token_is_refused(
    refusing: ServiceHarness, authorization: str
) -> None:
    """As if anybody posted to the service's address."""
    push = plan_push(refusing)
    headers = {**push.headers} | ({"authorization": authorization} if authorization else {})

    assert [403] == refusing.caller.send(Push(headers, push.body))
    assert [] == refusing.backend.bus.published


def test_a_refused_request_is_not_read(refusing: ServiceHarness) -> None:
    """Its size makes no difference: the token is compared first."""
    assert 403 == send(refusing, Push({}, b"x" * (17 << 20)))


@pytest.mark.parametrize("seconds", [0, LEEWAY_SECONDS])
def test_a_token_that_expires_on_its_way_is_accepted(service: ServiceHarness, seconds: int) -> None:
    """Cloud Run verified it, and the request then waited for an instance."""
    exp = int((START - timedelta(seconds=seconds)).timestamp())

    assert 204 == send(service, with_token(plan_push(service), exp=exp))


@pytest.mark.parametrize("form", [wrapped_push, unwrapped_push])
@pytest.mark.parametrize(
    "subscription",
    [
        "projects/another/subscriptions/plan-run.run-requested",
        "projects/stories/subscriptions/write-jsonl.run-requested",
        "projects/stories/subscriptions/plan-run.no-such-topic",
        "projects/stories/topics/plan-run.run-requested",
        "projects/stories/subscriptions/x/plan-run.run-requested",
        "projects//subscriptions/plan-run.run-requested",
        "plan-run.run-requested",
        "",
    ],
)
def test_a_subscription_of_another_project_is_refused(
    refusing: ServiceHarness,
    caplog: pytest.LogCaptureFixture,
    subscription: str,
    form: Callable[..., Push],
) -> None:
    """Its name alone is not enough, although the account is ours."""
    assert 403 == send(refusing, with_token(plan_push(refusing, subscription, form)))
    assert ["wrong-subscription"] == [
        each.getMessage() for each in caplog.records if each.name == "troupe.service"
    ]
    assert [] == refusing.backend.bus.published


def test_a_message_through_eventarc_of_another_project_is_refused(service: ServiceHarness) -> None:
    """There the topic names the project."""
    push = plan_push(service, "projects/p/subscriptions/eventarc-xyz")
    for project, status in (("another", 403), ("stories", 204)):
        headers = {
            "content-type": "application/json", "ce-id": "1", "ce-specversion": "1.0",
            "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
            "ce-source": f"//pubsub.googleapis.com/projects/{project}/topics/run-requested",
        }  # fmt: skip
        assert status == send(service, with_token(Push(headers, push.body)))


def test_probes_need_no_token(refusing: ServiceHarness) -> None:
    """Cloud Run sends them from inside."""
    assert [200] == refusing.caller.send(Push({}, b""), method="GET", path="/healthz")


@pytest.mark.parametrize("name", ["TROUPE_PUSH_ACCOUNT", "TROUPE_PUSH_AUDIENCE"])
def test_a_service_without_the_expected_values_does_not_start(
    harness: LocalHarness, name: str
) -> None:
    """Where no token arrives, a setting says so: to forget one does not open the service."""
    settings = gcp_settings(**{**CHECKED, name: ""})
    with pytest.raises(BadSetting, match=f"{name} is missing.*TROUPE_PUSH_TOKENS=unchecked"):
        Service(settings, lambda: FakeBackend(harness.backend.dependencies))

    assert PushIdentity.of(gcp_settings(TROUPE_PUSH_TOKENS="unchecked")) is None


def test_the_process_ends_with_the_missing_value_in_its_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before it takes a request."""
    environ = {
        "TROUPE_PROJECT": "stories", "TROUPE_DATASET": "d", "TROUPE_STAGING_DATASET": "s",
        "TROUPE_BUCKET": "b", "TROUPE_BIGQUERY_LOCATION": "EU", "TROUPE_VERTEX_LOCATION": "eu",
    }  # fmt: skip
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as ended:
        main()

    assert 2 == ended.value.code
    assert "TROUPE_PUSH_ACCOUNT is missing" in capsys.readouterr().out


def test_without_tokens_the_subscription_is_still_compared(harness: LocalHarness) -> None:
    """With an emulator."""
    made = ServiceHarness(harness, gcp_settings(TROUPE_CONCURRENCY=1))
    other = wrapped_push(
        message("watch-tick", b"x", {}), "projects/another/subscriptions/watch-jobs.watch-tick"
    )

    assert [403] == made.caller.send(other)
