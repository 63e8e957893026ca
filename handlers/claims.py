"""Money is spent behind a numbered claim: exactly one caller may create the job of an attempt."""

from collections.abc import Sequence

from tracking import Claim, Place, Tracking

from .errors import Wait
from .tools import Policy


def is_void(claims: Sequence[Claim]) -> bool:
    """The run was stopped before the newest claim, so no job will be created."""
    return bool(claims) and claims[-1].verdict == "void"


def void_if_stopped(tracking: Tracking, place: Place) -> list[Claim]:
    """The claims of this attempt; on a stopped run the first is taken now, as void.

    If a claim exists already, the claim decides.
    """
    claims = tracking.claims_of(place)
    if not claims and tracking.is_stopped(place.run_id, place.planned_on):
        tracking.claim_attempt(place, 1)
        claims = tracking.claims_of(place)
    return claims


def take_next(tracking: Tracking, place: Place, policy: Policy) -> Claim:
    """The next claim of an attempt without a job, taken by this caller now.

    Raises `Wait` while another claim may still bring its job, or when another took this one.
    """
    claims = tracking.claims_of(place)
    if claims and claims[-1].age_seconds < policy.reclaim_seconds:
        raise Wait(f"claim {claims[-1].claim} of this attempt may still bring its job")
    number = len(claims) + 1
    if not tracking.claim_attempt(place, number):
        raise Wait(f"claim {number} of this attempt was taken by somebody else")
    mine = tracking.claims_of(place)[number - 1]
    if mine.verdict == "create" and mine.age_seconds > policy.claim_seconds:
        raise Wait(f"claim {number} of this attempt took too long")
    return mine
