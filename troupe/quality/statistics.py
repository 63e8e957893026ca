"""Statistics of a comparison, in closed form: intervals, Cohen's kappa, precision and recall.

All figures are of counts. An interval is at 95 % unless another confidence is given.
"""

from collections.abc import Mapping
from math import sqrt
from statistics import NormalDist

import msgspec

Cells = Mapping[tuple[str | None, str | None], int]
"""A confusion matrix: pair of values, of side a and side b, to records."""
CONFIDENCE = 0.95
MARGIN = 0.05
"""Half of the width of an interval that tells enough: plus or minus 5 points."""


class Kappa(msgspec.Struct, frozen=True, kw_only=True):
    """Cohen's kappa: agreement beyond what the shares of the values give by chance."""

    value: float
    low: float
    high: float


class ClassScore(msgspec.Struct, frozen=True, kw_only=True):
    """How one value was found, where one side is labels; None where nothing is divided."""

    value: str | None
    labelled: int
    """Records that have it as their label."""
    answered: int
    """Records for which it was answered."""
    right: int
    precision: float | None
    recall: float | None
    f1: float | None


def wilson(k: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return Wilson's score interval of the share `k / n`; (0, 1) for no records.

    Raises `ValueError` for counts that make no share.

    >>> tuple(round(bound, 4) for bound in wilson(8, 10))
    (0.4902, 0.9433)
    """
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is no share")
    if n == 0:
        return 0.0, 1.0
    z = _z(confidence)
    share, spread = k / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return (
        0.0 if k == 0 else max(0.0, middle - half),
        1.0 if k == n else min(1.0, middle + half),
    )


def records_needed(
    share: float = 0.5, margin: float = MARGIN, confidence: float = CONFIDENCE
) -> int:
    """Return how many records make the interval of a share at most plus or minus `margin`."""
    low, high = 1, 1
    while not _is_narrow(share, high, margin, confidence):
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        low, high = (
            (low, middle) if _is_narrow(share, middle, margin, confidence) else (middle + 1, high)
        )
    return high


def _is_narrow(share: float, n: int, margin: float, confidence: float) -> bool:
    spread = _z(confidence) ** 2 / n
    half = _z(confidence) * sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return half <= margin


def cohen_kappa(cells: Cells, confidence: float = CONFIDENCE) -> Kappa | None:
    """Return kappa with the interval of its asymptotic variance (Fleiss, Cohen and Everitt, 1969).

    None where it has no value: no records, or one value alone on both sides.
    """
    n = sum(cells.values())
    if not n:
        return None
    of_a, of_b = _marginals(cells)
    values = of_a.keys() | of_b.keys()
    observed = sum(cells.get((value, value), 0) for value in values) / n
    a = {value: of_a.get(value, 0) / n for value in values}
    b = {value: of_b.get(value, 0) / n for value in values}
    expected = sum(a[value] * b[value] for value in values)
    if expected >= 1:
        return None
    kappa = (observed - expected) / (1 - expected)
    diagonal = sum(
        cells.get((value, value), 0) / n * (1 - (a[value] + b[value]) * (1 - kappa)) ** 2
        for value in values
    )
    rest = (1 - kappa) ** 2 * sum(
        count / n * (b[x] + a[y]) ** 2 for (x, y), count in cells.items() if x != y
    )
    less = (kappa - expected * (1 - kappa)) ** 2
    variance = max(0.0, diagonal + rest - less) / (n * (1 - expected) ** 2)
    half = _z(confidence) * sqrt(variance)
    return Kappa(value=kappa, low=max(-1.0, kappa - half), high=min(1.0, kappa + half))


def class_scores(cells: Cells) -> list[ClassScore]:
    """Return precision, recall and F1 of each value. Side a answers, side b has the labels."""
    answered, labelled = _marginals(cells)
    return [
        _score(value, labelled.get(value, 0), answered.get(value, 0), cells.get((value, value), 0))
        for value in sorted(answered.keys() | labelled.keys(), key=_in_order)
    ]


def macro_f1(scores: list[ClassScore]) -> float | None:
    """Return the mean F1 of the values that occur on a side; None without any."""
    found = [score.f1 or 0.0 for score in scores if score.labelled or score.answered]
    return sum(found) / len(found) if found else None


def _score(value: str | None, labelled: int, answered: int, right: int) -> ClassScore:
    both = labelled + answered
    return ClassScore(
        value=value, labelled=labelled, answered=answered, right=right,
        precision=right / answered if answered else None,
        recall=right / labelled if labelled else None,
        f1=2 * right / both if both else None,
    )  # fmt: skip


def _marginals(cells: Cells) -> tuple[dict[str | None, int], dict[str | None, int]]:
    of_a: dict[str | None, int] = {}
    of_b: dict[str | None, int] = {}
    for (a, b), count in cells.items():
        of_a[a] = of_a.get(a, 0) + count
        of_b[b] = of_b.get(b, 0) + count
    return of_a, of_b


def _in_order(value: str | None) -> tuple[bool, str]:
    return value is None, value or ""


def _z(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence of {confidence}: use a number between 0 and 1, e.g. 0.95")
    return NormalDist().inv_cdf((1 + confidence) / 2)
