"""Money is spent behind a numbered claim: exactly one caller may create the job of an attempt."""

from collections.abc import Sequence

from tracking import Claim, Claims, Place, Tracking

from .errors import Wait
from .tools import Policy


def is_void(claims: Sequence[Claim]) -> bool:
    """The run was stopped before the newest claim, so no job will be created."""
    return bool(claims) and claims[-1].verdict == "void"


def void_if_stopped(tracking: Tracking, place: Place) -> Sequence[Claim]:
    """The claims of this attempt; on a stopped run the first is taken now, as void.

    If a claim exists already, the claim decides.
    """
    known = tracking.claims_of(place)
    if known.taken or not known.stopped:
        return known.taken
    tracking.claim_attempt(place, 1)
    return tracking.claims_of(place).taken


def take_next(tracking: Tracking, place: Place, claims: Sequence[Claim], policy: Policy) -> Claims:
    """Take the next claim of an attempt without a job; the caller's own is the last of them.

    Raises `Wait` while another claim may still bring its job, or when another took this one.
    """
    if claims and claims[-1].age_seconds < policy.reclaim_seconds:
        raise Wait(f"claim {claims[-1].claim} of this attempt may still bring its job")
    number = len(claims) + 1
    if not tracking.claim_attempt(place, number):
        raise Wait(f"claim {number} of this attempt was taken by somebody else")
    known = tracking.claims_of(place)
    mine = known.taken[-1]
    if mine.claim != number:
        raise Wait(f"claim {number} of this attempt is not the newest any more")
    if mine.verdict == "create" and mine.age_seconds > policy.claim_seconds:
        raise Wait(f"claim {number} of this attempt took too long")
    return known
