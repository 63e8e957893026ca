"""Push requests, wrapped and unwrapped, as Pub/Sub sends them."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.dispatch.message import Message
from tests.harness import START, LocalHarness, calls
from troupe.backends.pubsub_push import (
    BadPush,
    Push,
    read_push,
    subscription_of,
    unwrapped_push,
    wrapped_push,
)

SUBSCRIPTION = "projects/p/subscriptions/plan-run.run-requested"
NAMES = st.from_regex(r"ce-[a-z]{1,10}", fullmatch=True)


def message(body: bytes, attributes: Mapping[str, str], attempt: int = 1) -> Message:
    return Message(
        topic="run-requested", id="m1", body=body, attributes=attributes, published_at=START,
        delivery_attempt=attempt,
    )  # fmt: skip


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.binary(max_size=200), st.dictionaries(NAMES, st.text(max_size=30)), st.integers(1, 40))
def test_a_wrapped_message_is_decoded_unchanged(
    body: bytes, attributes: dict[str, str], attempt: int
) -> None:
    """Any bytes, any attributes, and the delivery attempt."""
    sent = message(body, attributes, attempt)

    assert sent == read_push(wrapped_push(sent, SUBSCRIPTION))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.binary(max_size=200), st.dictionaries(NAMES, st.text(max_size=30)))
def test_an_unwrapped_message_is_decoded_unchanged(body: bytes, attributes: dict[str, str]) -> None:
    """Its attributes are headers."""
    sent = message(body, attributes)

    assert sent == read_push(unwrapped_push(sent, SUBSCRIPTION))


_PUSH = wrapped_push(message(b"{}", {"ce-id": "e-1"}), SUBSCRIPTION).body
_TWO_SUBSCRIPTIONS = _PUSH.replace(b'"subscription":', b'"subscription":"s","subscription":')
_TWO_IDS = _PUSH.replace(b'"ce-id":', b'"ce-id":"e-0","ce-id":')


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b'{"message": 5}', b'{"subscription": "s"}', b"\xff", _TWO_SUBSCRIPTIONS, _TWO_IDS,
    ],
)  # fmt: skip
def test_a_request_that_is_not_a_push_is_refused(body: bytes) -> None:
    """With `BadPush`; a property that is given twice makes it ambiguous."""
    assert "e-1" == read_push(Push({}, _PUSH)).attributes["ce-id"]
    with pytest.raises(BadPush):
        read_push(Push({}, body))


def test_the_subscription_of_a_push_is_given_once() -> None:
    """It decides which handler takes the message."""
    assert SUBSCRIPTION == subscription_of(Push({}, _PUSH))
    with pytest.raises(BadPush):
        subscription_of(Push({}, _TWO_SUBSCRIPTIONS))


@pytest.mark.parametrize("form", [wrapped_push, unwrapped_push])
def test_a_run_completes_with_both_forms(
    make_harness: Callable[..., LocalHarness], form: Callable[[Message, str], Push]
) -> None:
    """Wrapped and unwrapped."""
    harness = make_harness(push=form)
    harness.load(calls(6))

    books = harness.run(canary=2, rows_per_batch=2)

    assert (6, True) == (books["analysed"], books["ok"])
