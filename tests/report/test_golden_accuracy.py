"""Golden sets in the report: shares with intervals, and the versions before."""

from datetime import UTC, datetime

import pytest

from troupe.quality.accuracy import ColumnAccuracy, GoldenAccuracy, VersionAccuracy
from troupe.quality.statistics import wilson
from troupe.report.html.accuracy import golden_accuracy
from troupe.report.text.golden_accuracy import accuracy_lines


def column(right: int, judged: int, not_judged: int = 0, name: str = "call_tone") -> ColumnAccuracy:
    low, high = wilson(right, judged)
    return ColumnAccuracy(
        column=name,
        judged=judged,
        right=right,
        share=right / judged if judged else None,
        low=low,
        high=high,
        not_judged=not_judged,
    )


def version(analysis: str, day: int, *columns: ColumnAccuracy, is_of_run: bool) -> VersionAccuracy:
    return VersionAccuracy(
        analysis=analysis,
        prompt_fingerprint="0123456789abcdef",
        model="<model>",
        is_of_run=is_of_run,
        analysed_at=datetime(2026, 3, day, tzinfo=UTC),
        records=50,
        columns=list(columns),
    )


SET = GoldenAccuracy(
    golden="tones",
    version=2,
    labelled=60,
    records=50,
    columns=[column(45, 50), column(0, 0, 7, "call_summary")],
    history=[
        version("review_v2", 2, column(45, 50), is_of_run=True),
        version("review_v1", 1, column(20, 25), is_of_run=False),
    ],
)


def test_the_text_has_the_share_its_interval_and_the_version_before() -> None:
    head, tones, summary = accuracy_lines([SET])
    assert head == "golden set   tones version 2, 50 of 60 labelled records"
    assert "90 % right  78.6 % to 95.7 %  of 50" in tones
    assert tones.endswith("review_v1, <model>, prompt 01234567: 80 % of 25, 2026-03-01")
    assert "not judged" in summary
    assert summary.endswith("of 0, 7 not judged by their label")


def test_the_page_has_a_bar_for_each_column_and_a_row_for_each_version() -> None:
    page = golden_accuracy([SET])
    assert 'width="90.00%"' in page
    assert page.index("review_v2") < page.index("review_v1")
    assert "asked by this run" in page
    assert "&lt;model&gt;" in page
    assert "<model>" not in page


def test_a_run_without_golden_sets_has_no_section() -> None:
    assert golden_accuracy([]) == ""
    assert accuracy_lines([]) == []


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (0, 0, 0.0, 1.0),
        (0, 10, 0.0, 0.27754),
        (10, 10, 0.72246, 1.0),
        (45, 50, 0.78640, 0.95652),
        (1, 3, 0.06149, 0.79234),
    ],
)
def test_the_interval_of_a_share_is_wilsons(k: int, n: int, low: float, high: float) -> None:
    """As statsmodels' `proportion_confint(k, n, method="wilson")` has it."""
    assert wilson(k, n) == pytest.approx((low, high), abs=1e-5)
