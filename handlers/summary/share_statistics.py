"""Statistics of shares over weeks: is a share of this week another one than that of the weeks before?

A share scatters from week to week by chance, and somewhat more, because calls of one customer
resemble each other and no two weeks are alike. How much more is read from the weeks themselves.
Pure functions; their figures are compared with scipy in the tests.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

Values = Mapping[str | None, int]
"""Records of a week by their value in one column."""

MEDIAN_EFFICIENCY = 0.64
"""A median of n figures knows as much as the mean of 0.64 n (2/π)."""


@dataclass(frozen=True, slots=True)
class Scatter:
    """How much more than by chance the shares of a column change from week to week."""

    factor: float
    """Of the variance; 1 is chance alone."""
    freedom: float
    """Degrees of freedom: how well the factor is known."""


def signed_root(now: int, of_now: int, before: int, of_before: int) -> float:
    """Return the signed root of the likelihood ratio of two proportions: positive if now is larger.

    Under chance alone it is standard normal. Unlike the difference over its standard error it holds
    for rare values too. Both denominators must be positive.
    """
    share = (now + before) / (of_now + of_before)
    if share in (0, 1):
        return 0.0
    cells = (
        (now, of_now * share),
        (of_now - now, of_now * (1 - share)),
        (before, of_before * share),
        (of_before - before, of_before * (1 - share)),
    )
    ratio = 2 * math.fsum(seen * math.log(seen / expected) for seen, expected in cells if seen)
    sign = 1 if now * of_before >= before * of_now else -1
    return sign * math.sqrt(max(ratio, 0.0))


def p_value(root: float, scatter: Scatter) -> float:
    """Return the probability of a root of this size or a larger one, if nothing moved.

    With more scatter than by chance the root is divided by that of the factor, and follows
    Student's t, because the factor is an estimate: the less of it is chance, the less is known.
    """
    size, excess = abs(root), scatter.factor - 1
    if excess > 0:
        freedom = scatter.freedom * scatter.factor / excess
        size = normal_of_t(size / math.sqrt(scatter.factor), freedom)
    return math.erfc(size / math.sqrt(2))


def normal_of_t(t: float, freedom: float) -> float:
    """Return the normal deviate with the tail of Student's t, for positive t (Wallace 1959)."""
    scale = (8 * freedom + 1) / (8 * freedom + 3)
    return scale * math.sqrt(freedom * math.log1p(t * t / freedom))


def step_scatter(weeks: Sequence[Values]) -> Scatter | None:
    """Return how much the shares of a column change from one week to the next.

    The median over the steps counts, so that a single step, such as a shift, is no scatter. Weeks
    without records are passed over; None if no step is left, or all records have one value.
    """
    kept = [Counter(week) for week in weeks if sum(week.values())]
    totals = sum(kept, Counter[str | None]())
    shares = {value: count / totals.total() for value, count in totals.items()}
    by_chance = sum(share * (1 - share) for share in shares.values())
    if len(kept) < 2 or len(shares) < 2:
        return None
    steps = [_step(one, two, shares) / by_chance for one, two in pairwise(kept)]
    freedom = _freedom(list(shares.values()))
    return Scatter(
        factor=median(steps) / chi_square_median(freedom),
        freedom=MEDIAN_EFFICIENCY * len(steps) * freedom,
    )


def chi_square_median(freedom: float) -> float:
    """Return the median of chi-square over its degrees of freedom (Wilson and Hilferty)."""
    return (1 - 2 / (9 * freedom)) ** 3


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number, by Holm.

    While nothing moved, the chance that any of them is below a level is at most that level,
    however they depend on each other.
    """
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, p_values[at] * (len(p_values) - rank)))
        adjusted[at] = largest
    return adjusted


def _step(
    one: Counter[str | None], two: Counter[str | None], shares: Mapping[str | None, float]
) -> float:
    """Return the squared change of the shares, as of one record a week."""
    of_one, of_two = one.total(), two.total()
    change = math.fsum((two[value] / of_two - one[value] / of_one) ** 2 for value in shares)
    return change / (1 / of_one + 1 / of_two)


def _freedom(shares: Sequence[float]) -> float:
    """Return the degrees of freedom of a squared change of these shares (Satterthwaite).

    Two values have 1; many equal ones have their number less one.
    """
    squares = math.fsum(share**2 for share in shares)
    variances = math.fsum((share * (1 - share)) ** 2 for share in shares)
    covariances = squares**2 - math.fsum(share**4 for share in shares)
    return (1 - squares) ** 2 / (variances + covariances)
