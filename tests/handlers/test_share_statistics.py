"""Statistics of shares, against figures that scipy computed."""

import random
from collections import Counter
from statistics import median

import pytest

from handlers.summary.share_statistics import (
    Scatter,
    Values,
    chi_square_median,
    holm,
    normal_of_t,
    p_value,
    signed_root,
    step_scatter,
)

CHANCE = Scatter(factor=1.0, freedom=10.0)

LIKELIHOOD_RATIOS = [
    ((60, 500, 160, 2000), 7.427363454264086, 0.006423939463188988),
    ((3, 400, 40, 1600), 5.846729501593829, 0.015606028024182473),
    ((0, 300, 12, 1200), 5.379590214679913, 0.020373662981374836),
    ((250, 500, 1000, 2000), 0.0, 1.0),
    ((12000, 30000, 40000, 110000), 132.56197111063557, 1.127321379588887e-30),
    ((25, 25, 90, 100), 4.675748263857203, 0.03059137334310446),
]
"""scipy.stats.chi2_contingency(…, correction=False, lambda_="log-likelihood")."""


@pytest.mark.parametrize(("counts", "ratio", "p"), LIKELIHOOD_RATIOS)
def test_two_proportions_are_compared_by_their_likelihood_ratio(
    counts: tuple[int, int, int, int], ratio: float, p: float
) -> None:
    """Statistic and p-value are those of scipy, also where a count is zero."""
    root = signed_root(*counts)

    assert pytest.approx(ratio, abs=1e-9) == root**2
    assert pytest.approx(p, rel=1e-9) == p_value(root, CHANCE)


def test_the_sign_says_which_side_is_larger() -> None:
    """And shares of none or of all records do not differ."""
    assert signed_root(60, 500, 160, 2000) > 0 > signed_root(20, 500, 160, 2000)
    assert 0 == signed_root(0, 500, 0, 2000) == signed_root(500, 500, 2000, 2000)


@pytest.mark.parametrize(
    ("t", "freedom", "p"),
    [
        (2.0, 5.0, 0.10193947882985835),
        (4.5, 7.0, 0.0027983300778426316),
        (3.0, 21.3, 0.0067510386186921964),
        (5.2, 33.0, 1.022712754457553e-05),
        (1.0, 4.48, 0.368217345723716),
        (6.0, 60.0, 1.2286846107565094e-07),
    ],
)
def test_a_tail_of_student_s_t_is_within_four_per_cent(t: float, freedom: float, p: float) -> None:
    """Of scipy's 2 * stats.t.sf(t, freedom)."""
    assert pytest.approx(p, rel=0.04) == p_value(normal_of_t(t, freedom), CHANCE)


@pytest.mark.parametrize(
    ("freedom", "expected"),
    [(1, 0.454936), (2, 0.693147), (3.5, 0.817311), (8, 0.918015), (20, 0.966872)],
)
def test_the_median_of_chi_square_is_within_four_per_cent(freedom: float, expected: float) -> None:
    """Of scipy's stats.chi2.median(freedom) / freedom."""
    assert pytest.approx(expected, rel=0.04) == chi_square_median(freedom)


def test_more_scatter_makes_the_same_difference_less_certain() -> None:
    """Less scatter than chance is no evidence; a factor that is hardly known counts less."""
    root = signed_root(60, 500, 160, 2000)
    plain = p_value(root, CHANCE)

    assert plain == p_value(root, Scatter(factor=0.2, freedom=10.0))
    assert plain < p_value(root, Scatter(2.0, 100.0)) < p_value(root, Scatter(4.0, 100.0))
    assert p_value(root, Scatter(2.0, 100.0)) < p_value(root, Scatter(2.0, 3.0))


def weeks_of(shares: list[list[float]], records: int, dice: random.Random) -> list[Values]:
    return [Counter(dice.choices("abcdef"[: len(each)], each, k=records)) for each in shares]


def test_scatter_by_chance_alone_is_one() -> None:
    """As the median of many histories, for few values and for many."""
    dice = random.Random(1)
    for shares in ([0.7, 0.3], [0.3, 0.3, 0.2, 0.1, 0.06, 0.04]):
        found = [step_scatter(weeks_of([shares] * 8, 400, dice)) for _ in range(150)]
        assert 0.75 < median(each.factor for each in found if each) < 1.25


def test_scatter_of_uneven_weeks_is_seen_and_one_shift_is_none() -> None:
    """Weeks that swing by ten points scatter; a single step of ten points does not."""
    dice = random.Random(2)
    swinging = [[0.5, 0.5], [0.6, 0.4]] * 4
    shifted = [[0.5, 0.5]] * 4 + [[0.6, 0.4]] * 4

    one, other = (step_scatter(weeks_of(each, 1000, dice)) for each in (swinging, shifted))

    assert one is not None
    assert other is not None
    assert one.factor > 10
    assert other.factor < 4


def test_scatter_needs_two_weeks_and_two_values() -> None:
    """Weeks without records are passed over."""
    assert step_scatter([]) is None
    assert step_scatter([{"a": 5, "b": 5}, {}, {"a": 0}]) is None
    assert step_scatter([{"a": 5}, {"a": 9}]) is None
    found = step_scatter([{"a": 5, "b": 5}, {}, {"a": 9, "b": 1}])
    assert found is not None
    assert pytest.approx(0.64) == found.freedom


def test_freedom_grows_with_weeks_and_values() -> None:
    """Two values have one degree a step; six equal ones have five."""
    two = step_scatter([{"a": 50, "b": 50}, {"a": 40, "b": 60}, {"a": 60, "b": 40}])
    six = step_scatter([dict.fromkeys("abcdef", 10), dict.fromkeys("abcdef", 10)])

    assert two is not None
    assert six is not None
    assert pytest.approx(2 * 0.64) == two.freedom
    assert pytest.approx(5 * 0.64) == six.freedom


def test_p_values_are_corrected_by_holm() -> None:
    """In the order in which they came, never decreasing by rank, at most 1."""
    assert [0.03, 0.06, 0.06, 0.02] == pytest.approx(holm([0.01, 0.03, 0.04, 0.005]))
    assert [1.0, 1.0] == holm([0.6, 0.7])
    assert [] == holm([])
