"""The numbered claim behind which money is spent: exactly one caller creates an attempt's job.

A claim is a BigQuery job under a deterministic id (deployment, run, batch, attempt, number), so
that only one caller can take each number. Vertex has no idempotency key of its own: creating a job
twice would pay for it twice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.dispatch.errors import Wait
from handlers.ports import Clock, Policy
from tracking import AttemptKey, Claim, Claims, Tracking


@dataclass(frozen=True, slots=True)
class Taken:
    """The claims of an attempt, read after the caller had taken the newest of them."""

    known: Claims
    claim: Claim
    """The caller's."""
    until: datetime
    """By the caller's clock: the caller may not create the job later than this."""

    def check(self, now: datetime) -> None:
        """Raise `Wait` when the time of the claim is over: the next claim may be taken by now."""
        if now > self.until:
            raise Wait(f"claim {self.claim.claim} of this attempt took too long")


def take_next(
    tracking: Tracking,
    attempt_key: AttemptKey,
    known: Claims,
    policy: Policy,
    clock: Clock,
    state: str = "create",
) -> Taken:
    """Take the next claim of an attempt that has no job.

    Raises `Wait` while the newest claim may still bring its job, for a while after the service
    refused one, or when another caller was faster.
    """
    _wait_for_newest(known, policy, clock())
    number = len(known.taken) + 1
    if not tracking.claim_attempt(attempt_key, number, state):
        raise Wait(f"claim {number} of this attempt was taken by another caller")
    read_at = clock()
    # Read again behind the committed claim: a stop, an end or a closing may have been recorded
    # while the claim was taken, and of two transactions that only insert neither sees the other.
    known = tracking.claims_of(attempt_key)
    mine = known.newest
    if mine is None or mine.claim != number:
        raise Wait(f"claim {number} of this attempt is not the newest")
    # The age is by BigQuery's clock. The deadline is by ours, so only a difference is carried over.
    until = read_at + timedelta(seconds=policy.claim_seconds - mine.age_seconds)
    return Taken(known, mine, until)


def _wait_for_newest(known: Claims, policy: Policy, now: datetime) -> None:
    newest = known.newest
    if newest is None:
        return
    if newest.state == "returned":
        gap, why = policy.outage_gap(known.returned_in_a_row), "the service refused its job for now"
    else:
        gap, why = policy.reclaim_seconds, "it may still bring its job"
    left = gap - newest.age_seconds
    if left > 0:
        until = now + timedelta(seconds=left)
        raise Wait(f"claim {newest.claim} of this attempt: {why}", not_before=until)
