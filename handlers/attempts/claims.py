"""Money is spent behind a numbered claim: exactly one caller may create the job of an attempt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.dispatch.errors import Wait
from handlers.ports import Clock, Policy
from tracking import AttemptKey, Claim, Tracking


@dataclass(frozen=True, slots=True)
class Taken:
    """The claims of an attempt after one was taken: the newest is the caller's own."""

    claims: Sequence[Claim]
    until: datetime
    """By the caller's clock: no job may be created for it later."""

    def check(self, now: datetime) -> None:
        """Raises `Wait` when its time is over: somebody else may hold the next one by now."""
        if now > self.until:
            raise Wait(f"claim {self.claims[-1].claim} of this attempt took too long")


def is_void(claims: Sequence[Claim]) -> bool:
    """The run was stopped before the newest claim, so no job will be created."""
    return bool(claims) and claims[-1].state == "void"


def void_if_stopped(tracking: Tracking, attempt_key: AttemptKey) -> Sequence[Claim]:
    """The claims of this attempt; on a stopped run the first is taken now, as void.

    If a claim exists already, the claim decides.
    """
    known = tracking.claims_of(attempt_key)
    if known.taken or not known.stopped:
        return known.taken
    tracking.claim_attempt(attempt_key, 1)
    return tracking.claims_of(attempt_key).taken


def take_next(
    tracking: Tracking,
    attempt_key: AttemptKey,
    claims: Sequence[Claim],
    policy: Policy,
    clock: Clock,
) -> Taken:
    """Take the next claim of an attempt without a job.

    Raises `Wait` while another claim may still bring its job, or when another took this one.
    """
    if claims and claims[-1].age_seconds < policy.reclaim_seconds:
        raise Wait(f"claim {claims[-1].claim} of this attempt may still bring its job")
    number = len(claims) + 1
    if not tracking.claim_attempt(attempt_key, number):
        raise Wait(f"claim {number} of this attempt was taken by somebody else")
    asked_at = clock()
    taken = tracking.claims_of(attempt_key).taken
    mine = taken[-1]
    if mine.claim != number:
        raise Wait(f"claim {number} of this attempt is not the newest any more")
    # The claim's age is the warehouse's; from here on only our own clock is at hand.
    return Taken(taken, asked_at + timedelta(seconds=policy.claim_seconds - mine.age_seconds))
