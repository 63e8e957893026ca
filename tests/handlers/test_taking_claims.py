"""Taking the next claim: who may create the job of an attempt, and until when."""

from datetime import timedelta
from typing import cast

import pytest

from handlers.attempts.claims import Taken, take_next
from handlers.dispatch.errors import Wait
from handlers.ports import Policy
from tests.handlers.fakes import FakeTracking, claim, claims
from tests.harness import START
from tests.local.fakes import HeldClock
from tests.tracking.harness import DAY
from tracking import AttemptKey, Claims, Tracking

KEY = AttemptKey(run_id="r1", planned_on=DAY, batch=1, attempt=1)
POLICY = Policy()


def take(tracking: FakeTracking, known: Claims) -> Taken:
    return take_next(cast("Tracking", tracking), KEY, known, POLICY, HeldClock())


def test_the_first_claim_lasts_a_minute_from_the_time_that_bigquery_gave_it() -> None:
    """Its age is by BigQuery's clock, the deadline by ours."""
    tracking = FakeTracking(claims(claim(1, age=20)))

    taken = take(tracking, claims())

    assert [1] == tracking.taken
    assert START + timedelta(seconds=POLICY.claim_seconds - 20) == taken.until
    taken.check(taken.until)
    with pytest.raises(Wait):
        taken.check(taken.until + timedelta(seconds=1))


def test_a_claim_that_may_still_bring_its_job_is_waited_for() -> None:
    """From its first second, by the age of the newest; then the next one is taken."""
    last = POLICY.reclaim_seconds - 1
    for known in (
        claims(claim(1)),
        claims(claim(1, age=last)),
        claims(claim(1, age=9_999), claim(2, age=last)),
    ):
        tracking = FakeTracking(claims(*known.taken, claim(len(known.taken) + 1)))
        with pytest.raises(Wait, match="may still bring its job"):
            take(tracking, known)
        assert [] == tracking.taken

    second = FakeTracking(claims(claim(1, age=last + 1), claim(2)))
    take(second, claims(claim(1, age=last + 1)))
    assert [2] == second.taken


def test_a_claim_that_was_given_back_is_followed_after_a_gap_that_grows() -> None:
    """It brings no job, so the next one need not wait for its time; the service gets time."""
    once = claims(claim(1, "returned", age=POLICY.outage_gap(1) - 1))
    twice = claims(claim(1, "returned", age=9_999), claim(2, "returned", POLICY.outage_gap(1)))

    for known in (once, twice):
        with pytest.raises(Wait, match="refused its job for now"):
            take(FakeTracking(claims(claim(9))), known)


def test_a_caller_that_was_not_the_first_creates_no_job() -> None:
    """Another caller has this number."""
    with pytest.raises(Wait, match="taken by another caller"):
        take(FakeTracking(claims(claim(1)), wins=False), claims())


def test_a_caller_whose_claim_is_not_the_newest_creates_no_job() -> None:
    """It slept between its claim and its look: the owner of the next one may create the job."""
    for newest in (claims(claim(1, age=1_300), claim(2)), claims()):
        with pytest.raises(Wait, match="not the newest"):
            take(FakeTracking(newest), claims())


def test_the_gap_after_a_refusal_doubles_up_to_two_hours() -> None:
    """After five minutes, and only refusals in a row count."""
    gaps = [POLICY.outage_gap(times) for times in (1, 2, 3, 5, 6, 99)]
    assert [300, 600, 1_200, 4_800, 7_200, 7_200] == gaps

    back, kept = "returned", "create"
    for states, times in (
        ((), 0), ((kept,), 0), ((back,), 1), ((back, kept), 0), ((back, kept, back, back), 2),
    ):  # fmt: skip
        known = claims(*(claim(number, each) for number, each in enumerate(states, start=1)))
        assert times == known.returned_in_a_row
