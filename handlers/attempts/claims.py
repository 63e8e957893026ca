"""The numbered claim behind which money is spent: exactly one caller creates an attempt's job.

A claim is a BigQuery job under a deterministic id (deployment, run, batch, attempt, number), so
that only one caller can take each number. Vertex has no idempotency key of its own: creating a job
twice would pay for it twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.dispatch.errors import Wait
from handlers.ports import Clock, Policy
from tracking import AttemptKey, Claim, Tracking


@dataclass(frozen=True, slots=True)
class Taken:
    """The claims of an attempt after the caller took the newest of them."""

    claims: Sequence[Claim]
    until: datetime
    """By the caller's clock: the caller may not create the job later than this."""

    def check(self, now: datetime) -> None:
        """Raise `Wait` when the time of the claim is over: the next claim may be taken by now."""
        if now > self.until:
            raise Wait(f"claim {self.claims[-1].claim} of this attempt took too long")


def is_void(claims: Sequence[Claim]) -> bool:
    """Tell whether the run was stopped before the newest claim, so that no job is created."""
    return bool(claims) and claims[-1].state == "void"


def void_if_stopped(tracking: Tracking, attempt_key: AttemptKey) -> Sequence[Claim]:
    """Return the attempt's claims; on a stopped run take the first one now, as void.

    A claim that exists already is left as it is, whatever its state.
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
    """Take the next claim of an attempt that has no job.

    Raises `Wait` while the newest claim may still bring its job, or when another caller was faster.
    """
    if claims and claims[-1].age_seconds < policy.reclaim_seconds:
        raise Wait(f"claim {claims[-1].claim} of this attempt may still bring its job")
    number = len(claims) + 1
    if not tracking.claim_attempt(attempt_key, number):
        raise Wait(f"claim {number} of this attempt was taken by another caller")
    read_at = clock()
    taken = tracking.claims_of(attempt_key).taken
    mine = taken[-1]
    if mine.claim != number:
        raise Wait(f"claim {number} of this attempt is not the newest any more")
    # The age is by BigQuery's clock. The deadline is by ours, so only a difference is carried over.
    return Taken(taken, read_at + timedelta(seconds=policy.claim_seconds - mine.age_seconds))
