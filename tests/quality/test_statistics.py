"""Statistics of a comparison, against scipy, statsmodels and scikit-learn, and by their properties."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troupe.quality.statistics import (
    Cells,
    class_scores,
    cohen_kappa,
    macro_f1,
    records_needed,
    wilson,
)

VECTORS = json.loads((Path(__file__).parent / "statistics.json").read_text(encoding="utf-8"))
"""How they were made is in `made_by`."""
VALUES = st.sampled_from(["a", "b", "c", None])
MATRICES = st.dictionaries(st.tuples(VALUES, VALUES), st.integers(1, 500), max_size=16)


def cells_of(table: list[list[int]]) -> Cells:
    return {
        (f"{a:02}", f"{b:02}"): n for a, row in enumerate(table) for b, n in enumerate(row) if n
    }


@pytest.mark.parametrize("case", VECTORS["wilson"], ids=str)
def test_the_interval_of_a_share_is_that_of_statsmodels(case: dict[str, Any]) -> None:
    """For none, for all, and between, at three confidences."""
    low, high = wilson(case["k"], case["n"], case["confidence"])

    assert (low, high) == pytest.approx((case["low"], case["high"]), abs=1e-9)


@pytest.mark.parametrize("case", VECTORS["tables"], ids=lambda case: f"{len(case['table'])} values")
def test_kappa_and_scores_are_those_of_statsmodels_and_scikit_learn(case: dict[str, Any]) -> None:
    """Value and interval of kappa; precision, recall and macro F1."""
    cells = cells_of(case["table"])
    kappa, scores = cohen_kappa(cells), class_scores(cells)

    assert kappa is not None
    assert (kappa.value, kappa.low, kappa.high) == pytest.approx(
        (case["kappa"], max(-1, case["low"]), min(1, case["high"])), abs=1e-9
    )
    assert macro_f1(scores) == pytest.approx(case["macro_f1"])
    for score in scores:
        at = int(score.value or 0)
        assert score.precision == pytest.approx(case["precision"][at])
        assert score.recall == pytest.approx(case["recall"][at])


@given(st.integers(0, 5_000), st.integers(0, 5_000))
def test_an_interval_holds_its_share_and_stays_within_0_and_1(right: int, wrong: int) -> None:
    """Also where nothing or everything agrees."""
    n = right + wrong
    low, high = wilson(right, n)

    assert 0 <= low <= high <= 1
    assert not n or low <= right / n <= high


@given(st.floats(0, 1), st.sampled_from([0.01, 0.05, 0.1]))
def test_as_many_records_as_are_needed_make_the_interval_narrow(
    share: float, margin: float
) -> None:
    """And one fewer does not."""
    needed = records_needed(share, margin)

    assert needed >= 1
    assert _half(share, needed) <= margin + 1e-12
    assert needed == 1 or _half(share, needed - 1) > margin


def _half(share: float, n: int) -> float:
    z = 1.959963984540054
    half: float = z * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5 / (1 + z * z / n)
    return half


def test_385_records_would_do_without_knowledge() -> None:
    """The textbook figure for plus or minus 5 points is 385; Wilson's interval needs 4 fewer."""
    assert 381 == records_needed()


@given(MATRICES)
def test_kappa_is_1_only_where_all_agree(cells: dict[tuple[str | None, str | None], int]) -> None:
    """It has no value where one value stands alone, and is within its interval."""
    kappa = cohen_kappa(cells)
    if kappa is None:
        assert len(cells) <= 1
        return

    assert kappa.low <= kappa.value <= kappa.high
    assert (kappa.value > 1 - 1e-12) == all(a == b for a, b in cells)


@given(MATRICES)
def test_swapping_the_sides_swaps_precision_and_recall(
    cells: dict[tuple[str | None, str | None], int],
) -> None:
    """And leaves F1 and kappa."""
    swapped = {(b, a): n for (a, b), n in cells.items()}
    scores, others = class_scores(cells), class_scores(swapped)

    assert [(s.precision, s.recall, s.f1) for s in scores] == [
        (o.recall, o.precision, o.f1) for o in others
    ]
    assert macro_f1(scores) == macro_f1(others)
    first, second = cohen_kappa(cells), cohen_kappa(swapped)
    assert (first is None) == (second is None)
    assert first is None or second is None or first.value == pytest.approx(second.value)


@pytest.mark.parametrize(("k", "n"), [(-1, 3), (4, 3), (1, 0)])
def test_counts_that_make_no_share_are_refused(k: int, n: int) -> None:
    """They are errors of the caller."""
    with pytest.raises(ValueError, match="is no share"):
        wilson(k, n)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_a_confidence_in_percent_is_refused(confidence: float) -> None:
    """The error shows the form."""
    with pytest.raises(ValueError, match=r"0\.95"):
        wilson(1, 2, confidence)
