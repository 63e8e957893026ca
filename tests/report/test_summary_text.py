"""The summary and the preview in lines."""

import json

from analysis import ERRORS
from tests.report.samples import dry_run, error, summary, totals, unknown_price
from troupe.report import preview_lines, summary_lines


def test_the_lines_of_a_good_run_are_stable() -> None:
    """A pipe can rely on them."""
    expected = [
        "Run r1: call_review_v1, gemini-3.5-flash-lite, production",
        (
            "The books balance: 1,878 planned = 1,878 analysed + 0 failed + 0 released"
            " + 0 open. Nothing is doubled, half stored or paid twice."
        ),
        "source       2,000 rows",
        "    - 122 the transcript is empty",
        "planned      1,878 records in 2 batches",
        "stored       1,878 rows",
        "errors       122",
        "    122 empty_transcript: The transcript is empty; each plan checks it again.",
        (
            "answers      1,870 read as it stands; 8 code fence taken off, raw control"
            " characters admitted"
        ),
        "grounding    97 % occur in the transcript; 3 rows below half",
        "batch success rate   100 %",
        "batches per hour     2,675",
        "error rate           0 %",
        "deduplication rate   0 %",
        "recovery time        none",
        "tokens       789,463 input (25,192 cached), 396,992 output, 0 thoughts",
        (
            "cost         $0.61 (expected $0.52 to $1.41), wasted on failures $0.00,"
            " saved by deduplication none"
        ),
        "    The actual cost lies within what was expected.",
        "    A request took 420 input tokens, where 859 to 1,520 were expected.",
        "    25,192 tokens from the cache cost $0.0033 less.",
        "    call_review_v1 so far: 2 runs, 3,756 rows, $1.22, $0.00032 each.",
        (
            "    For a million tokens in a batch job: input $0.15, from the cache $0.020, output"
            " and thoughts $1.25 (as of 2026-10-14, a price page). The invoice has the last word."
        ),
        "time         3 m 12 s, from 2026-11-21 12:00:00 UTC to 2026-11-21 12:03:12 UTC",
    ]

    assert expected == summary_lines(summary(), totals())


def test_a_stored_summary_gives_the_same_lines() -> None:
    """Its times are text."""
    stored = json.loads(json.dumps(summary(), default=str))

    assert summary_lines(summary()) == summary_lines(stored)


def test_each_error_comes_with_its_hint() -> None:
    """Of many types the most frequent are shown and the rest is counted."""
    for name, known in ERRORS.items():
        lines = summary_lines(summary(errors=[error(name)]))
        assert f"    1 {name}: {known.hint}" in lines

    assert f"    and {len(ERRORS) - 8} more" in summary_lines(
        summary(errors=[error(name) for name in ERRORS])
    )


def test_an_unknown_price_is_the_word() -> None:
    """Before and after."""
    told = "\n".join(summary_lines(unknown_price()))

    assert "unknown (expected unknown), wasted on failures unknown" in told
    assert "saved by deduplication unknown" in told
    assert "$" not in told


def test_a_dry_run_is_short() -> None:
    """What it would take, and what it leaves out."""
    expected = [
        "Run r1: call_review_v1, gemini-3.5-flash-lite, production",
        (
            "A dry run: nothing was asked and nothing was paid. It would take 1,878 records"
            " in 2 batches."
        ),
        "source       2,000 rows",
        "    - 122 the transcript is empty",
    ]

    assert expected == summary_lines(dry_run())


def test_a_run_that_is_not_over_says_so() -> None:
    """No time is made up."""
    times = summary()["times"] | {"completed_at": None}

    assert "time         not over, planned 2026-11-21 12:00:00 UTC" in summary_lines(
        summary(times=times)
    )


def test_nothing_at_all_is_still_said_in_lines() -> None:
    """Every part may be missing, and names cannot break a line."""
    assert "errors       none" in summary_lines({})
    assert summary_lines({"run_id": "a\nb\x1b[31m"})[0] == "Run a b [31m: no plan"


def test_a_preview_says_what_is_left_out_and_what_it_may_cost() -> None:
    """What is pending and not taken is beyond the limit."""
    preview = {
        "run_id": "r9",
        "model": "gemini-3.5-flash-lite",
        "source_rows": 2000,
        "empty_transcript": 122,
        "pending": 1870,
        "duplicate": 8,
        "records": 1000,
        "batches": 1,
        "bytes": 5_000_000,
        "input_tokens": (1_086_957, 1_923_077),
        "output_tokens": (120_000, 420_000),
        "cost": (0.31, 0.82),
    }
    expected = [
        "Dry run r9 - nothing is changed, asked or paid.",
        "model        gemini-3.5-flash-lite",
        "source       2,000 rows",
        "    -   8 a further copy of a record in the source",
        "    - 122 the transcript is empty",
        "    - 870 beyond the limit of this run",
        "would take   1,000 records in 1 batch, 5.0 MB of requests",
        "input        1,086,957 to 1,923,077 tokens",
        "output       120,000 to 420,000 tokens",
        "cost         $0.31 to $0.82",
    ]

    *lines, price = preview_lines(preview)
    unknown = preview_lines(preview | {"model": "gemma", "cost": (None, None)})

    assert expected == lines
    assert price.startswith("    For a million tokens in a batch job: input $0.15,")
    assert ["cost         unknown", "    No price of gemma is known, so no cost is."] == unknown[
        -2:
    ]


def test_a_preview_of_nothing_costs_nothing() -> None:
    """There is no estimate where there is nothing to take."""
    expected = [
        "Dry run - nothing is changed, asked or paid.",
        "model        unknown",
        "source       no rows",
        "would take   0 records in 0 batches",
    ]

    assert expected == preview_lines({})
